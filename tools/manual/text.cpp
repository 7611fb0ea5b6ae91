#include "text.hpp"

#include <sstream>

namespace nullworker::manual {

std::vector<std::string> paragraphs(std::string_view text) {
    std::vector<std::string> out;
    std::istringstream lines{std::string(text)};
    std::string line;
    bool open = false;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string word;
        const bool blank = !(words >> word);
        if (!blank && !std::exchange(open, true))
            out.emplace_back();
        for (; words; words >> word)
            out.back() += (out.back().empty() ? "" : " ") + word;
        open = open && !blank;
    }
    return out;
}

std::string sentence(std::string text) {
    if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos)
        text += '.';
    return text;
}

std::string quoted_word(std::string_view text) {
    constexpr replacement quote[] = {{'\'', R"('\'')"}};
    return '\'' + replaced(text, quote) + '\'';
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:,@%+";
    if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
        return std::string(text);
    return quoted_word(text);
}

std::string shell_words(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out.append(out.empty() ? "" : " ").append(shell_word(word));
    return out;
}

}  // namespace nullworker::manual
