#include <nullworker/base/environment.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace nullworker::net {
namespace {

namespace ssl = boost::asio::ssl;

constexpr std::size_t max_file_bytes = 1024 * 1024;

// A thread that was left behind may use OpenSSL, or end, while the program exits: so OpenSSL takes nothing
// down then. It is told before main, since its first use decides.
const bool stays_until_the_end = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr) == 1;

void require(const error_code& ec, const std::string& name, const std::string& what) {
    if (ec)
        throw startup_error("cannot use " + name + " as the TLS " + what + ": " + ec.message());
}

std::string read(const std::string& file, const std::string& what) {
    const auto text = read_file(file, max_file_bytes);
    require(text ? error_code() : text.error(), file, what);
    return *text;
}

const X509* shown(const tls_context& server) {
    return SSL_CTX_get0_certificate(server->native_handle());
}

std::chrono::system_clock::time_point to_time_point(const ASN1_TIME* written) {
    std::tm broken_down{};
    ASN1_TIME_to_tm(written, &broken_down);
    return std::chrono::system_clock::from_time_t(::timegm(&broken_down));
}

void require_current(const tls_context& server, const std::string& name) {
    if (X509_cmp_current_time(X509_get0_notBefore(shown(server))) > 0)
        throw not_valid_yet("the TLS certificate " + name + " is not valid yet; check the clock",
                            to_time_point(X509_get0_notBefore(shown(server))));
    if (has_expired(server))
        throw startup_error("the TLS certificate " + name + " has expired; renew it");
}

constexpr auto common_options = ssl::context::default_workarounds | ssl::context::no_sslv2 |
                                ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1;

// Where distributions keep their CA bundle, most common first.
constexpr std::array ca_bundles = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // openSUSE
    "/etc/ssl/cert.pem",                   // Alpine, BSDs
};

}  // namespace

tls_context load_server_tls(const std::string& certificate_file, const std::string& key_file) {
    const tls_pair pair{read(certificate_file, "certificate"), read(key_file, "key")};
    return make_server_tls(pair, certificate_file, key_file);
}

tls_context make_server_tls(const tls_pair& pair, const std::string& certificate_name,
                            const std::string& key_name) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->set_options(common_options);
    // An encrypted key is an error, not a question on the terminal.
    context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
    error_code ec;
    context->use_certificate_chain(boost::asio::buffer(pair.certificate), ec);
    require(ec, certificate_name, "certificate");
    context->use_private_key(boost::asio::buffer(pair.key), ssl::context::pem, ec);
    require(ec, key_name, "key");
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
        throw startup_error("the TLS key " + key_name + " does not belong to the certificate " +
                            certificate_name);
    require_current(context, certificate_name);
    return context;
}

bool has_expired(const tls_context& server) {
    return X509_cmp_current_time(X509_get0_notAfter(shown(server))) < 0;
}

bool is_for(const tls_context& server, const std::string& host) {
    X509* certificate = SSL_CTX_get0_certificate(server->native_handle());
    return X509_check_ip_asc(certificate, host.c_str(), 0) == 1 ||
           X509_check_host(certificate, host.c_str(), host.size(), 0, nullptr) == 1;
}

std::string reason_for_distrust(const tls_context& server, const std::string& host) {
    if (!is_for(server, host))
        return "it is not for " + host;
    X509* certificate = SSL_CTX_get0_certificate(server->native_handle());
    return X509_self_signed(certificate, 0) == 1 ? "nobody but itself vouches for it" : "";
}

std::chrono::system_clock::time_point end_of(const tls_context& server) {
    return to_time_point(X509_get0_notAfter(shown(server)));
}

std::string chain_fault(const tls_context& server, const tls_context& client) {
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                                X509_STORE_CTX_free);
    STACK_OF(X509)* beside = nullptr;
    SSL_CTX_get0_chain_certs(server->native_handle(), &beside);
    X509_STORE* believed = SSL_CTX_get_cert_store(client->native_handle());
    X509* certificate = SSL_CTX_get0_certificate(server->native_handle());
    if (!check || X509_STORE_CTX_init(check.get(), believed, certificate, beside) != 1)
        return "it could not be checked";
    if (X509_verify_cert(check.get()) == 1)
        return {};
    return X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
}

std::string ca_bundle_file() {
    if (auto file = path_in_environment("SSL_CERT_FILE"); !file.empty())
        return file;
    for (const char* file : ca_bundles)
        if (::access(file, R_OK) == 0)
            return file;
    return {};
}

tls_trust::tls_trust(std::string extra_roots) : x_extra_roots(std::move(extra_roots)) {}

result<tls_context> tls_trust::context() {
    if (x_context)
        return x_context;
    auto made = std::make_shared<ssl::context>(ssl::context::tls_client);
    made->set_options(common_options);
    made->set_verify_mode(ssl::verify_peer);
    error_code ec;
    const auto bundle = ca_bundle_file();
    if (!bundle.empty())
        made->load_verify_file(bundle, ec);
    if ((bundle.empty() || ec) && x_extra_roots.empty())
        return errc::no_trusted_roots;
    if (!x_extra_roots.empty())
        made->add_certificate_authority(boost::asio::buffer(x_extra_roots), ec);
    if (ec)
        return ec;
    x_context = std::move(made);
    return x_context;
}

}  // namespace nullworker::net
