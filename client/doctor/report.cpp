#include <terminal/screen.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <doctor/report.hpp>
#include <string_view>
#include <vector>

namespace nullworker::client {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t severity_columns = 6;
constexpr std::size_t subject_columns = 20;
constexpr std::size_t margin = severity_columns + subject_columns;

std::string padded(std::string text, std::size_t to) {
    const auto used = columns(text);
    text.append(used < to ? to - used : 1, ' ');
    return text;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0)
            out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// `text` in lines of at most `most` columns, but for words that are longer. `at_break` ends each but the
// last.
std::vector<std::string> folded(const std::string& text, std::size_t most, std::string_view at_break = {}) {
    std::vector<std::string> out;
    for (const auto word : words_of(text)) {
        const bool fits = !out.empty() && columns(out.back()) + 1 + columns(word) <= most;
        if (fits) {
            out.back().append(" ").append(word);
            continue;
        }
        if (!out.empty())
            out.back().append(at_break);
        out.emplace_back(word);
    }
    return out;
}

void add_lines(std::string& to, const std::vector<std::string>& lines, std::size_t indent) {
    for (const auto& line : lines)
        to += std::string(indent, ' ') + line + '\n';
}

// A line of shell, which can be copied out in pieces.
std::vector<std::string> shell_lines(const std::string& command, std::size_t indent) {
    constexpr std::string_view goes_on = " \\";
    return folded(command, width - indent - goes_on.size(), goes_on);
}

std::string found_and_wanted(const finding& what) {
    return what.wanted.empty() ? what.value : what.value + " (recommended: " + what.wanted + ')';
}

std::string dumped(const nlohmann::json& document) {
    return document.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace) + '\n';
}

nlohmann::json known(const std::string& text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

std::string some(std::size_t count, const char* what) {
    return std::to_string(count) + ' ' + what;
}

}  // namespace

const char* to_string(severity how) noexcept {
    return how == severity::ok ? "OK" : how == severity::warn ? "WARN" : "FAIL";
}

std::string lines_of(const finding& what) {
    auto first = folded(shown(found_and_wanted(what)), width - margin);
    if (first.empty())
        first.emplace_back();
    std::string out = padded(to_string(what.how), severity_columns) +
                      padded(shown(what.subject), subject_columns) + first.front() + '\n';
    add_lines(out, {first.begin() + 1, first.end()}, margin);
    if (what.how == severity::ok)
        return out;
    for (const auto* text : {&what.reason, &what.remedy})
        add_lines(out, folded(shown(*text), width - margin), margin);
    add_lines(out, shell_lines(shown(what.command), margin), margin);
    return out;
}

std::string json_of(const finding& what) {
    return dumped({{"event", "finding"},
                   {"severity", to_string(what.how)},
                   {"subject", what.subject},
                   {"value", what.value},
                   {"wanted", known(what.wanted)},
                   {"reason", known(what.reason)},
                   {"remedy", known(what.remedy)},
                   {"command", known(what.command)}});
}

std::string lines_of(const finding_counts& counts, const std::string& mending_line) {
    std::string out = "\n" + some(counts.ok, "OK") + ", " + some(counts.warn, "WARN") + ", " +
                      some(counts.fail, "FAIL") + '\n';
    if (mending_line.empty())
        return out;
    out += "The parameters are mended by\n";
    constexpr std::size_t indent = 4;
    add_lines(out, shell_lines(mending_line, indent), indent);
    return out;
}

std::string json_of(const finding_counts& counts, const std::string& mending_line) {
    return dumped({{"event", "summary"},
                   {"ok", counts.ok},
                   {"warn", counts.warn},
                   {"fail", counts.fail},
                   {"command", known(mending_line)}});
}

}  // namespace nullworker::client
