#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nullworker::client {

// Rows that stand beneath what scrolls, and are drawn over in place: what to write for that. No mode of the
// terminal is changed, and below the rows the cursor is where a prompt may follow, so that even a program
// that is killed leaves nothing to restore. Works with plain ANSI. No I/O.
class live_area {
public:
    // Nothing is drawn.
    [[nodiscard]] bool is_empty() const noexcept { return x_columns.empty(); }

    // Takes the rows off a terminal that is `width` columns wide now.
    [[nodiscard]] std::string erased(std::size_t width);

    // The rows anew, in place of those that were there. Each is what `painted` makes for less than `width`
    // columns, and there are fewer of them than the terminal has rows.
    [[nodiscard]] std::string drawn(const std::vector<std::string>& rows, std::size_t width);

private:
    [[nodiscard]] std::string to_the_top(std::size_t width) const;

    std::vector<std::size_t> x_columns;  // of each row that is there
};

// How many columns a painted row takes: escapes take none.
[[nodiscard]] std::size_t visible_columns(const std::string& painted);

}  // namespace nullworker::client
