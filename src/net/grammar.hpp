#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

// The character classes of RFC 9110 and 9112. Independent of the locale, unlike <cctype>.
namespace nullworker::net::grammar {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool is_letter(char c) noexcept {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos;
}

[[nodiscard]] constexpr bool is_visible(char c) noexcept {
    return c > ' ' && c < '\x7f';
}

[[nodiscard]] constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

// What the value of a field may hold: text, blanks, and bytes beyond ASCII.
[[nodiscard]] constexpr bool is_field_char(char c) noexcept {
    return is_visible(c) || is_blank(c) || static_cast<unsigned char>(c) >= 0x80;
}

// What the request line may hold: ASCII, which also tells other protocols from HTTP by their first bytes.
[[nodiscard]] constexpr bool is_request_line_char(char c) noexcept {
    return is_visible(c) || c == ' ';
}

// The answer for each byte, to be looked up: each byte of a head is asked about once.
using char_table = std::array<bool, 256>;

[[nodiscard]] constexpr char_table table_of(bool (*belongs)(char) noexcept) {
    char_table out{};
    for (std::size_t byte = 0; byte < out.size(); ++byte)
        out[byte] = belongs(static_cast<char>(byte));
    return out;
}

inline constexpr char_table token_chars = table_of(is_token_char);
inline constexpr char_table field_chars = table_of(is_field_char);
inline constexpr char_table request_line_chars = table_of(is_request_line_char);

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return token_chars[static_cast<unsigned char>(c)]; });
}

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// Whether `text` is `word`, which is in lower case, in any case.
[[nodiscard]] constexpr bool is(std::string_view text, std::string_view word) noexcept {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char a, char b) { return lower(a) == b; });
}

}  // namespace nullworker::net::grammar
