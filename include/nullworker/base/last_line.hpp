#pragma once

#include <string_view>

namespace nullworker {

// The last line of `text` that is not blank, without what is blank behind it; empty where there is none. Each
// of `line_ends` ends a line.
[[nodiscard]] inline std::string_view last_line(std::string_view text, std::string_view line_ends) {
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    return text.substr(text.find_last_of(line_ends) + 1);
}

}  // namespace nullworker
