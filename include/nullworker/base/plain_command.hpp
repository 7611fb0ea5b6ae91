#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker {

// The words of a line of shell that means nothing but a program and its arguments, so that no shell need read
// it: nothing in it is quoted, expanded, redirected or assigned. Nothing for any other line. The first word
// may still be something that only a shell knows, and no program.
[[nodiscard]] inline std::optional<std::vector<std::string>> plain_command(std::string_view line) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,@%+=";
    constexpr std::string_view blank = " \t";
    std::vector<std::string> out;
    for (;;) {
        line.remove_prefix(std::min(line.find_first_not_of(blank), line.size()));
        if (line.empty())
            break;
        const auto word = line.substr(0, line.find_first_of(blank));
        if (word.find_first_not_of(plain) != word.npos)
            return std::nullopt;
        out.emplace_back(word);
        line.remove_prefix(word.size());
    }
    if (out.empty() || out.front().find('=') != std::string::npos)
        return std::nullopt;
    return out;
}

}  // namespace nullworker
