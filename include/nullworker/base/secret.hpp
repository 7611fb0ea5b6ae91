#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace nullworker {

// Whether both are the same, in a time that tells their lengths at most, and nothing about where they differ.
[[nodiscard]] inline bool same_secret(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size())
        return false;
    std::uint64_t difference = 0;
    const auto compare = [&](std::size_t at, std::size_t size) {
        std::uint64_t left = 0;
        std::uint64_t right = 0;
        std::memcpy(&left, a.data() + at, size);
        std::memcpy(&right, b.data() + at, size);
        difference |= left ^ right;
        // So the compiler cannot see when the outcome is settled, and leave the loop.
        asm volatile("" : "+r"(difference));
    };
    constexpr std::size_t word = sizeof difference;
    const auto whole_words = a.size() - a.size() % word;
    for (std::size_t at = 0; at < whole_words; at += word)
        compare(at, word);
    if (whole_words < a.size())
        compare(whole_words, a.size() - whole_words);
    return difference == 0;
}

}  // namespace nullworker
