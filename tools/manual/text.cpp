#include "text.hpp"

#include <sstream>
#include <utility>

namespace nullworker::manual {

namespace {

// The words of a line, with one blank between them.
std::string reflowed(const std::string& line) {
    std::istringstream words(line);
    std::string out;
    for (std::string word; words >> word;)
        out += (out.empty() ? "" : " ") + word;
    return out;
}

}  // namespace

std::vector<std::string> paragraphs(std::string_view text) {
    enum class kind { none, prose, as_it_stands };
    constexpr std::string_view indent = "  ";
    std::vector<std::string> out;
    std::istringstream lines{std::string(text)};
    kind open = kind::none;
    for (std::string line; std::getline(lines, line);) {
        auto words = reflowed(line);
        const auto is = words.empty()              ? kind::none
                        : line.starts_with(indent) ? kind::as_it_stands
                                                   : kind::prose;
        if (is != kind::none && std::exchange(open, is) != is)
            out.emplace_back();
        open = is;
        if (is == kind::prose)
            out.back() += (out.back().empty() ? "" : " ") + words;
        if (is == kind::as_it_stands)
            out.back() += line.substr(indent.size()) + '\n';
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
