#include <nullworker/net/tls.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cstdlib>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace nullworker::net {
namespace {

namespace ssl = boost::asio::ssl;

void require(const error_code& ec, const std::string& file, const std::string& what) {
    if (ec)
        throw startup_error("cannot use " + file + " as the TLS " + what + ": " + ec.message() +
                            "; USE_SSL=true needs a valid PEM pair in --tls-certificate and --tls-key");
}

void require_current(SSL_CTX* context, const std::string& file) {
    const X509* certificate = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        throw startup_error("the TLS certificate " + file + " is not valid yet; check the clock");
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        throw startup_error("the TLS certificate " + file + " has expired; renew it");
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

std::string find_ca_bundle() {
    if (const char* file = std::getenv("SSL_CERT_FILE"); file && *file)
        return file;
    for (const char* file : ca_bundles)
        if (::access(file, R_OK) == 0)
            return file;
    return {};
}

}  // namespace

tls_context load_server_tls(const std::string& certificate_file, const std::string& key_file) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->set_options(common_options);
    // An encrypted key is an error, not a question on the terminal.
    context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
    error_code ec;
    context->use_certificate_chain_file(certificate_file, ec);
    require(ec, certificate_file, "certificate");
    context->use_private_key_file(key_file, ssl::context::pem, ec);
    require(ec, key_file, "key");
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
        throw startup_error("the TLS key " + key_file + " does not belong to the certificate " +
                            certificate_file);
    require_current(context->native_handle(), certificate_file);
    return context;
}

tls_trust::tls_trust(std::string extra_roots) : x_extra_roots(std::move(extra_roots)) {}

result<tls_context> tls_trust::context() {
    if (x_context)
        return x_context;
    auto made = std::make_shared<ssl::context>(ssl::context::tls_client);
    made->set_options(common_options);
    made->set_verify_mode(ssl::verify_peer);
    error_code ec;
    const auto bundle = find_ca_bundle();
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
