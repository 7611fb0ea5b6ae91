#include <fleet/signing_key.hpp>
#include <nullworker/wire/route_grant.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace nullworker::fleet {

using certificates::require_openssl;

signing_key::signing_key(certificates::private_key key)
    : x_key(std::move(key)), x_public_pem(certificates::public_pem(x_key)) {}

signing_key signing_key::generate() {
    return signing_key(certificates::make_rsa_key());
}

std::string signing_key::sign_url(const std::string& url) const {
    const auto message = wire::signed_message(url);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(x_key.get()));
    std::vector<unsigned char> signature(size);
    require_openssl(
        context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, x_key.get()) == 1 &&
            EVP_DigestSign(context.get(), signature.data(), &size,
                           reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1,
        "sign");
    std::string text((size + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), signature.data(),
                                       static_cast<int>(size));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

certificate_authority::certificate_authority(certificates::private_key key,
                                             certificates::x509_certificate root)
    : x_key(std::move(key)), x_root(std::move(root)), x_root_pem(certificates::to_pem(x_root)) {}

certificate_authority certificate_authority::create() {
    auto key = certificates::make_ec_key();
    auto root = certificates::blank_certificate(key, "nullworker fleet root");
    certificates::add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE");
    certificates::add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign");
    certificates::add_extension(root, root, NID_subject_key_identifier, "hash");
    certificates::sign(root, root, key);
    return {std::move(key), std::move(root)};
}

std::string certificate_authority::certify(const certificates::private_key& key,
                                           const std::vector<std::string>& hosts) const {
    const auto made = certificates::blank_certificate(key, "nullworker fleet worker");
    certificates::sign_as_server(made, x_root, x_key, hosts);
    return certificates::to_pem(made);
}

net::tls_pair certificate_authority::issue(const std::vector<std::string>& hosts) const {
    const auto key = certificates::make_ec_key();
    return {certify(key, hosts), certificates::to_pem(key)};
}

std::optional<std::string> certificate_authority::answer(const std::string& request,
                                                         const std::string& host) const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        BIO_new_mem_buf(request.data(), static_cast<int>(request.size())), &BIO_free);
    const std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> asked(
        text ? PEM_read_bio_X509_REQ(text.get(), nullptr, nullptr, nullptr) : nullptr, &X509_REQ_free);
    const certificates::private_key key(asked ? X509_REQ_get_pubkey(asked.get()) : nullptr, &EVP_PKEY_free);
    const bool proven = key && X509_REQ_verify(asked.get(), key.get()) == 1;
    ERR_clear_error();
    if (!proven)
        return std::nullopt;
    return certify(key, {host});
}

std::string random_token(std::size_t bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::vector<unsigned char> raw(bytes);
    require_openssl(RAND_bytes(raw.data(), static_cast<int>(bytes)) == 1, "draw random bytes");
    std::string out;
    out.reserve(bytes * 2);
    for (const unsigned char byte : raw) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace nullworker::fleet
