#include <nullworker/auth/public_key.hpp>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <initializer_list>
#include <stdexcept>
#include <utility>
#include <vector>

namespace nullworker::auth {
namespace {

constexpr int min_key_bits = 2048;

// For OpenSSL, which would otherwise ask for the password of an encrypted PEM on the terminal.
int no_password(char*, int, int, void*) {
    return 0;
}

// Standard base64 with its padding, nothing else; empty when it is no such thing.
std::vector<unsigned char> decode_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4096)
        return {};
    std::vector<unsigned char> out(text.size() / 4 * 3);
    const int size = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 0)
        return {};
    // The decoder counts padding as zero bytes.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

// Each part with its length in front, so that no two lists of parts are one text.
signature_digest sum_of(std::initializer_list<std::string_view> parts) {
    // OpenSSL would look for the algorithm anew each time.
    static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> sha256(
        EVP_MD_fetch(nullptr, "SHA2-256", nullptr), &EVP_MD_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    bool done = EVP_DigestInit_ex2(context.get(), sha256.get(), nullptr) == 1;
    for (const auto part : parts) {
        const auto size = part.size();
        done = done && EVP_DigestUpdate(context.get(), &size, sizeof size) == 1 &&
               EVP_DigestUpdate(context.get(), part.data(), size) == 1;
    }
    signature_digest out{};
    if (!done || EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    return out;
}

signature_digest sum_of_key(EVP_PKEY* key) {
    unsigned char* encoded = nullptr;
    const int size = i2d_PUBKEY(key, &encoded);
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
        encoded, [](unsigned char* bytes) { OPENSSL_free(bytes); });
    if (size <= 0)
        throw std::runtime_error("a public key cannot be encoded");
    return sum_of({{reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size)}});
}

}  // namespace

public_key::public_key(std::shared_ptr<evp_pkey_st> key)
    : x_key(std::move(key)), x_sum(sum_of_key(x_key.get())) {}

result<public_key> public_key::from_pem(std::string_view pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr),
                                  &EVP_PKEY_free);
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA ||
        EVP_PKEY_get_bits(key.get()) < min_key_bits)
        return errc::invalid_public_key;
    return public_key(std::move(key));
}

bool public_key::verifies(std::string_view message, std::string_view signature) const {
    const auto bytes = decode_base64(signature);
    if (bytes.empty())
        return false;
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, x_key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

signature_digest public_key::digest(std::string_view message, std::string_view signature) const {
    return sum_of({{reinterpret_cast<const char*>(x_sum.data()), x_sum.size()}, message, signature});
}

bool operator==(const public_key& a, const public_key& b) {
    return EVP_PKEY_eq(a.x_key.get(), b.x_key.get()) == 1;
}

}  // namespace nullworker::auth
