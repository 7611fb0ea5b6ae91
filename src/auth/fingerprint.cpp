#include <nullworker/auth/fingerprint.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace nullworker::auth {

std::uint64_t fingerprint(const wire::json_value& document) {
    const std::string& text = document.canonical();
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    if (EVP_Digest(text.data(), text.size(), sum.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 failed");
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < sizeof out; ++i)
        out = out << 8U | sum[i];
    return out;
}

}  // namespace nullworker::auth
