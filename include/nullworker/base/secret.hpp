#pragma once

#include <cstddef>
#include <string_view>

namespace nullworker {

// Whether both are the same, in a time that tells their lengths at most, and nothing about where they differ.
[[nodiscard]] inline bool same_secret(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size())
        return false;
    // Volatile, so that the compiler cannot see when the outcome is settled and leave the loop.
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    return difference == 0;
}

}  // namespace nullworker
