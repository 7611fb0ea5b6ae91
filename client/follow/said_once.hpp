#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::client {

// What somebody says again and again, and is to be told once: the lines that were not said before. Bounded:
// after so many different ones no more are told.
class said_once {
public:
    static constexpr std::size_t most_lines = 20;
    static constexpr std::size_t longest = 300;  // of a line; the rest is cut off

    [[nodiscard]] std::vector<std::string> news(std::string_view text) {
        std::vector<std::string> out;
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            const auto line = text.substr(0, std::min(end, longest));
            text.remove_prefix(std::min(end + 1, text.size()));
            const bool is_new = !line.empty() && std::ranges::find(x_said, line) == x_said.end();
            if (is_new && x_said.size() < most_lines)
                out.push_back(x_said.emplace_back(line));
        }
        return out;
    }

private:
    std::vector<std::string> x_said;
};

}  // namespace nullworker::client
