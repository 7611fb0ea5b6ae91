#include <nullworker/auth/secret.hpp>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <stdexcept>

namespace nullworker::auth {
namespace {

using digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

digest hash(std::string_view text) {
    digest out{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
    return out;
}

}  // namespace

bool same_secret(std::string_view a, std::string_view b) {
    // Digests have one length, so that not even the length is told.
    const digest left = hash(a);
    const digest right = hash(b);
    return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string make_session_id() {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::size_t length = 13;
    // Bytes beyond the last multiple of 62 would favour some characters, and are thrown away.
    constexpr unsigned char limit = 256 / alphabet.size() * alphabet.size();
    std::string id;
    while (id.size() < length) {
        std::array<unsigned char, 32> bytes{};
        if (RAND_bytes(bytes.data(), bytes.size()) != 1)
            throw std::runtime_error("the random number generator failed");
        for (const unsigned char byte : bytes)
            if (byte < limit && id.size() < length)
                id += alphabet[byte % alphabet.size()];
    }
    return id;
}

}  // namespace nullworker::auth
