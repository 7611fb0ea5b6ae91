#include <nullworker/wire/route_grant.hpp>

#include <boost/asio/ip/address.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fleet/signing_key.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

namespace nullworker::fleet {
namespace {

constexpr long day = 24L * 3600;

// OpenSSL fails here only for want of memory or entropy: nothing a caller could do better.
void require(bool done, const char* what) {
    if (done)
        return;
    char reason[256] = {};
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    throw std::runtime_error(std::string("OpenSSL cannot ") + what + ": " + reason);
}

std::shared_ptr<EVP_PKEY> own(EVP_PKEY* key, const char* what) {
    require(key != nullptr, what);
    return {key, &EVP_PKEY_free};
}

template <class Write>
std::string to_pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
    require(bio && write(bio.get()) == 1, "write PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* certificate) {
    return to_pem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extend a certificate");
}

// A certificate for `key` with all but its extensions and its signature.
std::shared_ptr<X509> blank_certificate(EVP_PKEY* key, const char* name) {
    const std::shared_ptr<X509> made(X509_new(), &X509_free);
    require(made != nullptr, "make a certificate");
    std::uint64_t serial = 0;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1,
            "draw a serial number");
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -day);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 30 * day);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    require(X509_set_pubkey(made.get(), key) == 1, "make a certificate");
    return made;
}

}  // namespace

signing_key::signing_key(std::shared_ptr<evp_pkey_st> key, std::string public_pem)
    : x_key(std::move(key)), x_public_pem(std::move(public_pem)) {}

signing_key signing_key::generate() {
    auto key = own(EVP_RSA_gen(2048), "make an RSA key");
    auto pem = to_pem([&key](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key.get()); });
    return {std::move(key), std::move(pem)};
}

std::string signing_key::sign_url(const std::string& url) const {
    const auto message = wire::signed_message(url);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(x_key.get()));
    std::vector<unsigned char> signature(size);
    require(context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, x_key.get()) == 1 &&
                EVP_DigestSign(context.get(), signature.data(), &size,
                               reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1,
            "sign");
    std::string text((size + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), signature.data(),
                                       static_cast<int>(size));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

certificate_authority::certificate_authority(std::shared_ptr<evp_pkey_st> key, std::shared_ptr<x509_st> root)
    : x_key(std::move(key)), x_root(std::move(root)), x_root_pem(certificate_pem(x_root.get())) {}

certificate_authority certificate_authority::create() {
    auto key = own(EVP_EC_gen("P-256"), "make an EC key");
    auto root = blank_certificate(key.get(), "nullworker fleet root");
    require(X509_set_issuer_name(root.get(), X509_get_subject_name(root.get())) == 1, "make a certificate");
    add_extension(root.get(), root.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(root.get(), root.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(root.get(), root.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(root.get(), key.get(), EVP_sha256()) > 0, "sign a certificate");
    return {std::move(key), std::move(root)};
}

certificate_pair certificate_authority::issue(const std::string& host) const {
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    const auto key = own(EVP_EC_gen("P-256"), "make an EC key");
    const auto made = blank_certificate(key.get(), "nullworker fleet worker");
    require(X509_set_issuer_name(made.get(), X509_get_subject_name(x_root.get())) == 1, "make a certificate");
    add_extension(made.get(), x_root.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(), x_root.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(made.get(), x_root.get(), NID_ext_key_usage, "serverAuth");
    add_extension(made.get(), x_root.get(), NID_subject_key_identifier, "hash");
    add_extension(made.get(), x_root.get(), NID_authority_key_identifier, "keyid:always");
    add_extension(made.get(), x_root.get(), NID_subject_alt_name, (not_an_address ? "DNS:" : "IP:") + host);
    require(X509_sign(made.get(), x_key.get(), EVP_sha256()) > 0, "sign a certificate");
    auto key_pem = to_pem([&key](BIO* bio) {
        return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return {certificate_pem(made.get()), std::move(key_pem)};
}

std::string random_token(std::size_t bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::vector<unsigned char> raw(bytes);
    require(RAND_bytes(raw.data(), static_cast<int>(bytes)) == 1, "draw random bytes");
    std::string out;
    out.reserve(bytes * 2);
    for (const unsigned char byte : raw) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace nullworker::fleet
