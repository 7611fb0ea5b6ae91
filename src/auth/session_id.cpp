#include <nullworker/auth/session_id.hpp>

#include <openssl/rand.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace nullworker::auth {

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
