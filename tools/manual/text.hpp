#pragma once

#include <nullworker/options/command_description.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::manual {

using namespace options;

struct replacement {
    char what;
    std::string_view with;
};

// Each character that the table names is replaced; all others stay.
template <class Table>
[[nodiscard]] std::string replaced(std::string_view text, const Table& table) {
    std::string out;
    for (const char c : text) {
        std::string_view with(&c, 1);
        for (const replacement& row : table)
            if (row.what == c)
                with = row.with;
        out += with;
    }
    return out;
}

[[nodiscard]] inline std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string out;
    for (const auto& part : parts)
        out.append(out.empty() ? "" : between).append(part);
    return out;
}

// The paragraphs of a text that blank lines divide, each in one line. Lines that begin with two blanks stand
// as they are: they are a paragraph of their own, in which each of them ends, without these blanks.
[[nodiscard]] std::vector<std::string> paragraphs(std::string_view text);

// With a full stop, unless it has one.
[[nodiscard]] std::string sentence(std::string text);

// As one word of a shell, between quotes.
[[nodiscard]] std::string quoted_word(std::string_view text);

// As one word of a shell: quoted unless that is of no use.
[[nodiscard]] std::string shell_word(std::string_view text);
[[nodiscard]] std::string shell_words(const std::vector<std::string>& words);

// What has the same group, in the order in which the groups first appear.
template <class T>
[[nodiscard]] std::vector<std::pair<std::string, std::vector<const T*>>> by_group(
    const std::vector<T>& members) {
    std::vector<std::pair<std::string, std::vector<const T*>>> out;
    for (const T& member : members) {
        auto place = out.begin();
        while (place != out.end() && place->first != member.group)
            ++place;
        if (place == out.end())
            place = out.insert(place, {member.group, {}});
        place->second.push_back(&member);
    }
    return out;
}

}  // namespace nullworker::manual
