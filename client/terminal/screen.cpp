#include <nullworker/base/environment.hpp>
#include <nullworker/base/printable.hpp>
#include <terminal/screen.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace nullworker::client {
namespace {

struct substitute {
    std::string_view symbol;
    std::string_view ascii;
};

constexpr std::array substitutes = {
    substitute{"→", "->"}, substitute{"…", "..."}, substitute{"●", "*"}, substitute{"○", "o"},
    substitute{"✓", "+"},  substitute{"✗", "x"},   substitute{"·", "."}, substitute{"─", "-"},
    substitute{"█", "#"},  substitute{"▓", "="},   substitute{"▒", "~"}, substitute{"░", ":"},
    substitute{"▄", "%"},
};

// From here on there are characters that take two columns.
constexpr char32_t first_wide = 0x1100;

std::size_t length_of_first(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return std::min(length, text.size());
}

char32_t first_point(std::string_view text) {
    const auto length = length_of_first(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 1)
        return first;
    char32_t point = first & (0x7FU >> length);
    for (const char c : text.substr(1, length - 1))
        point = point << 6U | (static_cast<unsigned char>(c) & 0x3FU);
    return point;
}

std::string in_ascii(std::string_view character) {
    for (const auto& known : substitutes)
        if (known.symbol == character)
            return std::string(known.ascii);
    std::array<char, 16> escape{};
    (void)std::snprintf(escape.data(), escape.size(), "\\u%04x",
                        static_cast<unsigned>(first_point(character)));
    return escape.data();
}

bool is_symbol(std::string_view character) {
    return std::any_of(substitutes.begin(), substitutes.end(),
                       [&](const substitute& known) { return known.symbol == character; });
}

std::size_t columns_of(std::string_view character) {
    return first_point(character) >= first_wide && !is_symbol(character) ? 2 : 1;
}

std::string locale_name() {
    for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
        if (const char* value = environment(variable))
            return value;
    return {};
}

}  // namespace

charset locale_charset() {
    auto name = locale_name();
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool utf8 = name.find("utf-8") != name.npos || name.find("utf8") != name.npos;
    return utf8 ? charset::utf8 : charset::ascii;
}

std::string shown_in(charset which, std::string text) {
    auto safe = printable(std::move(text));
    if (which == charset::utf8)
        return safe;
    std::string out;
    for (std::string_view rest = safe; !rest.empty(); rest.remove_prefix(length_of_first(rest))) {
        const auto character = rest.substr(0, length_of_first(rest));
        out += character.size() == 1 ? std::string(character) : in_ascii(character);
    }
    return out;
}

std::size_t columns(std::string_view text) {
    std::size_t sum = 0;
    for (; !text.empty(); text.remove_prefix(length_of_first(text)))
        sum += columns_of(text.substr(0, length_of_first(text)));
    return sum;
}

std::string_view fitting(std::string_view text, std::size_t most) {
    std::size_t bytes = 0;
    std::size_t used = 0;
    while (bytes < text.size()) {
        const auto rest = text.substr(bytes);
        const auto length = length_of_first(rest);
        used += columns_of(rest.substr(0, length));
        if (used > most)
            break;
        bytes += length;
    }
    return text.substr(0, bytes);
}

bool screen::knows_escapes() const {
    const char* kind = environment("TERM");
    return ::isatty(x_descriptor) == 1 && kind && std::string_view(kind) != "dumb";
}

bool screen::has_colours() const {
    return knows_escapes() && !environment("NO_COLOR");
}

screen_size screen::size() const {
    screen_size out;
    winsize told{};
    if (::ioctl(x_descriptor, TIOCGWINSZ, &told) != 0)
        return out;
    if (told.ws_col > 0)
        out.columns = told.ws_col;
    if (told.ws_row > 0)
        out.rows = told.ws_row;
    return out;
}

}  // namespace nullworker::client
