#include <nullworker/base/random.hpp>

#include <array>
#include <stdexcept>

#include <unistd.h>

namespace nullworker {

std::string random_hex(std::size_t bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::array<unsigned char, 256> drawn{};
    if (bytes > drawn.size() || ::getentropy(drawn.data(), bytes) != 0)
        throw std::runtime_error("the system gives no random bytes");
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) {
        out += digits[drawn[i] >> 4U];
        out += digits[drawn[i] & 0x0fU];
    }
    return out;
}

}  // namespace nullworker
