#pragma once

#include <terminal/screen.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Rows of text with a look, and what of them a terminal is given.
namespace nullworker::client {

// What a piece of a row is to look like. Nothing is told by it alone: the text says the same.
enum class look : std::uint8_t { plain, dim, strong, good, idle, starting, leaving, bad };

// `text` may be whatever a peer wrote: it is made printable where it is painted.
struct piece {
    std::string text;
    look as = look::plain;
    std::size_t columns = 0;  // exactly so many, cut or with spaces behind it; 0: what the text takes
};
using text_row = std::vector<piece>;

// What the user's terminal can show, and the user wants.
struct palette {
    charset letters = charset::utf8;
    bool colours = true;
};

// `what` in no more than `width` columns, without an end of line. Looks end where it ends.
[[nodiscard]] std::string painted(const text_row& what, std::size_t width, palette by);

// How many columns a text takes once it is painted.
[[nodiscard]] std::size_t painted_columns(const std::string& text, charset letters);

}  // namespace nullworker::client
