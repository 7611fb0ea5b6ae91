#include <terminal/live_area.hpp>
#include <terminal/screen.hpp>

#include <algorithm>
#include <string_view>

namespace nullworker::client {
namespace {

constexpr std::string_view erase_rest_of_row = "\x1b[K";
constexpr std::string_view erase_rest_of_screen = "\x1b[J";

}  // namespace

// Painted text is printable, so an escape is one of a look: it ends with an m.
std::size_t visible_columns(const std::string& painted) {
    std::size_t sum = 0;
    for (std::string_view rest = painted; !rest.empty();) {
        const auto escape = std::min(rest.find('\x1b'), rest.size());
        sum += columns(rest.substr(0, escape));
        rest.remove_prefix(escape);
        rest.remove_prefix(rest.empty() ? 0 : std::min(rest.find('m') + 1, rest.size()));
    }
    return sum;
}

// A terminal that became narrower since has folded what was drawn.
std::string live_area::to_the_top(std::size_t width) const {
    std::size_t rows = 0;
    for (const auto columns : x_columns)
        rows += (std::max<std::size_t>(columns, 1) - 1) / std::max<std::size_t>(width, 1) + 1;
    return rows == 0 ? std::string() : "\r\x1b[" + std::to_string(rows) + 'A';
}

std::string live_area::erased(std::size_t width) {
    if (is_empty())
        return {};
    auto out = to_the_top(width).append(erase_rest_of_screen);
    x_columns.clear();
    return out;
}

// Row over row, and not all erased before: a terminal that shows the moment between would flicker.
std::string live_area::drawn(const std::vector<std::string>& rows, std::size_t width) {
    auto out = to_the_top(width);
    const bool was_empty = is_empty();
    x_columns.clear();
    for (const auto& one : rows) {
        out += one;
        if (!was_empty)
            out += erase_rest_of_row;
        out += '\n';
        x_columns.push_back(visible_columns(one));
    }
    if (!was_empty)
        out += erase_rest_of_screen;
    return out;
}

}  // namespace nullworker::client
