#include <nullworker/base/printable.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>

namespace nullworker {
namespace {

struct character {
    std::size_t bytes = 1;
    std::optional<char32_t> point = {};  // nothing for a byte that is not UTF-8
};

// The bytes that a character has by its first one; 0 where no character begins so.
std::size_t length_by(unsigned char first) {
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// What `text`, which is not empty, begins with.
character first_of(std::string_view text) {
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};  // that needs so many bytes
    const auto first = static_cast<unsigned char>(text.front());
    const auto bytes = length_by(first);
    if (bytes == 1)
        return {1, first};
    if (bytes == 0 || bytes > text.size())
        return {};
    char32_t point = first & (0x7FU >> bytes);
    for (const char c : text.substr(1, bytes - 1)) {
        const auto next = static_cast<unsigned char>(c);
        if ((next & 0xC0U) != 0x80)
            return {};
        point = point << 6U | (next & 0x3FU);
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (point < least[bytes] || point > 0x10FFFF || surrogate)
        return {};
    return {bytes, point};
}

struct range {
    char32_t first;
    char32_t last;
};

constexpr std::array escaped = {
    range{0x0000, 0x001F},                         // C0
    range{'\\', '\\'},     range{0x007F, 0x009F},  // DEL and C1
    range{0x061C, 0x061C},                         // direction: the Arabic mark,
    range{0x200E, 0x200F},                         // left-to-right and right-to-left mark,
    range{0x2028, 0x202E},  // (line and paragraph separator,) embeddings and overrides,
    range{0x2066, 0x2069},  // isolates
};

bool may_be_shown(const character& c) {
    return c.point && std::none_of(escaped.begin(), escaped.end(), [&c](const range& one) {
               return one.first <= *c.point && *c.point <= one.last;
           });
}

// How much of `text`, from its beginning, may be shown as it is.
std::size_t harmless_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size()) {
        const auto next = first_of(text.substr(length));
        if (!may_be_shown(next))
            break;
        length += next.bytes;
    }
    return length;
}

std::string json_escape(char32_t point) {
    std::array<char, 16> out{};
    if (point < 0x10000) {
        (void)std::snprintf(out.data(), out.size(), "\\u%04x", static_cast<unsigned>(point));
    } else {
        const auto beyond = static_cast<unsigned>(point - 0x10000);
        (void)std::snprintf(out.data(), out.size(), "\\u%04x\\u%04x", 0xD800U + (beyond >> 10U),
                            0xDC00U + (beyond & 0x3FFU));
    }
    return out.data();
}

std::string escape_of(const character& c, char byte) {
    if (c.point == U'\n')
        return "\\n";
    if (c.point == U'\\')
        return "\\\\";
    std::array<char, 8> text{};
    (void)std::snprintf(text.data(), text.size(), c.point ? "\\u%04x" : "\\x%02x",
                        c.point ? static_cast<unsigned>(*c.point) : static_cast<unsigned char>(byte));
    return text.data();
}

}  // namespace

bool is_printable(std::string_view text) noexcept {
    return harmless_length(text) == text.size();
}

bool has_control_character(std::string_view text, std::string_view allowed) noexcept {
    return std::any_of(text.begin(), text.end(), [allowed](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 || byte == 0x7F) && allowed.find(c) == std::string_view::npos;
    });
}

std::string printable(std::string text) {
    if (is_printable(text))
        return text;
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
        const auto length = harmless_length(rest);
        out += rest.substr(0, length);
        rest.remove_prefix(length);
        if (rest.empty())
            break;
        const auto next = first_of(rest);
        out += escape_of(next, rest.front());
        rest.remove_prefix(next.bytes);
    }
    return out;
}

std::string json_text(std::string_view text) {
    constexpr char32_t replacement = 0xFFFD;
    std::string out = "\"";
    while (!text.empty()) {
        const auto next = first_of(text);
        const auto point = next.point.value_or(replacement);
        if (point == U'"' || point == U'\\')
            (out += '\\') += static_cast<char>(point);
        else if (point >= 0x20 && point < 0x7F)
            out += static_cast<char>(point);
        else
            out += json_escape(point);
        text.remove_prefix(next.bytes);
    }
    return out + '"';
}

}  // namespace nullworker
