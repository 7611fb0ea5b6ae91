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
    for (const auto& [text, as, exactly] : what) {
        const auto safe = shown_in(by.letters, text);
        const auto room = exactly == 0 ? width : std::min(width, exactly);
        const auto part = fitting(safe, room);
        const auto taken = columns(part);
        const auto escape = by.colours ? escapes[static_cast<std::size_t>(as)] : std::string_view();
        if (part.empty() || escape.empty())
            out += part;
        else
            out.append(escape).append(part).append(as_before);
        if (exactly == 0 && part.size() < safe.size())
            break;
        if (exactly != 0)
            out.append(room - taken, ' ');
        width -= exactly == 0 ? taken : room;
    }
    return out;
}

std::size_t painted_columns(const std::string& text, charset letters) {
    return columns(shown_in(letters, text));
}

}  // namespace nullworker::client
