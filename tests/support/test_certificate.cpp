#include "support/test_certificate.hpp"

#include "support/openssl.hpp"
#include "support/test_key.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

namespace nullworker::test {
namespace {

constexpr long day = 24L * 60 * 60;

// When it begins and ends, in seconds from now.
std::pair<long, long> validity(certificate_dates dates) {
    switch (dates) {
        case certificate_dates::current:
            return {-day, day};
        case certificate_dates::expired:
            return {-2 * day, -day};
        case certificate_dates::not_yet_valid:
            return {day, 2 * day};
        case certificate_dates::valid_in_a_second:
            return {1, day};
    }
    return {};
}

void add_alternative_name(X509* certificate, const std::string& address) {
    const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> numeric(
        a2i_IPADDRESS(address.c_str()), &ASN1_OCTET_STRING_free);
    const std::string value = (numeric ? "IP:" : "DNS:") + address;
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str()), &X509_EXTENSION_free);
    check_openssl(X509_add_ext(certificate, extension.get(), -1) == 1, "adding the alternative name");
}

std::string self_signed(const test_key& key, const certificate_options& options) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    const auto [begin, end] = validity(options.dates);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begin);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), end);
    X509_set_pubkey(certificate.get(), key.native_handle());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("nullworker test"), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    add_alternative_name(certificate.get(), options.address);
    check_openssl(X509_sign(certificate.get(), key.native_handle(), EVP_sha256()) > 0,
                  "signing a certificate");
    return written_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

}  // namespace

test_certificate::test_certificate(const certificate_options& options) {
    const test_key key(key_kind::ec_p256);
    x_pem = self_signed(key, options);
    x_directory.write("certificate.pem", x_pem);
    const bool matching = options.key == certificate_key::matching;
    x_directory.write("key.pem", matching ? key.private_pem() : test_key(key_kind::ec_p256).private_pem());
}

}  // namespace nullworker::test
