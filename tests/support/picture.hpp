#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::test {

// A terminal as it looks after what was written to it: text, ends of line, and the few escapes that the
// client uses. Anything else that a terminal might obey fails the test. One character takes one column.
class picture {
public:
    picture(std::size_t columns, std::size_t rows) : x_columns(columns), x_height(rows) {}

    void feed(std::string_view written);

    // Another width: rows that are longer are folded, as most terminals do, and the cursor stays with its
    // row.
    void narrow_to(std::size_t columns);

    // All rows from the first ever written, those that scrolled out included, without the empty ones at the
    // end; each ends with \n.
    [[nodiscard]] std::string text() const;

    // Row and column of the cursor, the row counted among those of `text`.
    [[nodiscard]] std::size_t cursor_row() const noexcept { return x_row; }
    [[nodiscard]] std::size_t cursor_column() const noexcept { return x_column; }

private:
    using cells = std::vector<std::string>;  // one character each

    void escape(std::string_view sequence);
    void put(std::string_view character);
    [[nodiscard]] std::size_t top() const;  // the first row on the screen
    cells& here();

    std::size_t x_columns;
    std::size_t x_height;
    std::vector<cells> x_rows{1};
    std::size_t x_row = 0;
    std::size_t x_column = 0;
};

}  // namespace nullworker::test
