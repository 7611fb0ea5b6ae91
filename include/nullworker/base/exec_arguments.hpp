#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

// What the exec functions want, made before there is a child.
namespace nullworker {

// Our own environment without what is `withheld`, and with `additions`, which win, as NAME=value.
[[nodiscard]] inline std::vector<std::string> merged_environment(
    const std::map<std::string, std::string>& additions, const std::set<std::string>& withheld = {}) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        const auto name = text.substr(0, text.find('='));
        if (!additions.contains(name) && !withheld.contains(name))
            out.push_back(text);
    }
    for (const auto& [name, value] : additions)
        out.push_back(name + '=' + value);
    return out;
}

// Points into `texts`, which must outlive the result; ends with a null pointer.
[[nodiscard]] inline std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace nullworker
