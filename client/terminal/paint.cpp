#include <terminal/paint.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace nullworker::client {
namespace {

// By `look`. Of the sixteen colours, which a terminal's theme makes readable on its own background, those
// that are so in both kinds of themes.
constexpr std::array<std::string_view, 8> escapes = {"",         "\x1b[2m",  "\x1b[1m",  "\x1b[32m",
                                                     "\x1b[33m", "\x1b[36m", "\x1b[35m", "\x1b[31m"};
constexpr std::string_view as_before = "\x1b[0m";

}  // namespace

std::string painted(const text_row& what, std::size_t width, palette by) {
    std::string out;
    for (const auto& [text, as] : what) {
        const auto safe = shown_in(by.letters, text);
        const auto part = fitting(safe, width);
        const auto escape = by.colours ? escapes[static_cast<std::size_t>(as)] : std::string_view();
        if (part.empty() || escape.empty())
            out += part;
        else
            out.append(escape).append(part).append(as_before);
        if (part.size() < safe.size())
            break;
        width -= columns(part);
    }
    return out;
}

std::size_t painted_columns(const std::string& text, charset letters) {
    return columns(shown_in(letters, text));
}

std::string padded_to(std::string text, std::size_t width, charset letters) {
    const auto taken = painted_columns(text, letters);
    text.append(width - std::min(width, taken), ' ');
    return text;
}

}  // namespace nullworker::client
