// Part of the programs without shared libraries, and of nothing else. What they are linked from would load
// shared libraries of the image they run in, made for another C library, and crash or run whatever lies
// there.

#include <openssl/crypto.h>

#include <cstdlib>

#include <nss.h>

namespace {

// Before the constructors of static objects, one of which initialises OpenSSL.
[[gnu::constructor(101)]] void load_no_foreign_code() {
    // Names are looked up in /etc/hosts and by DNS, which glibc has built in, whatever modules nsswitch.conf
    // names.
    const bool names = __nss_configure_lookup("hosts", "files dns") == 0;
    // openssl.cnf may name providers and engines.
    const bool providers = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1;
    if (!names || !providers)
        std::abort();
}

}  // namespace
