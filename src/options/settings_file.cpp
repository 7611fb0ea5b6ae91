#include "settings_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace nullworker::options {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;
constexpr std::string_view blanks = " \t\r\v\f";

// Editors of Windows put it in front.
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view trimmed(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// In quotes as a whole: another one in between, and they are part of the value.
bool is_quoted(std::string_view text) {
    const bool marked = text.size() >= 2 && (text.front() == '"' || text.front() == '\'');
    return marked && text.find(text.front(), 1) == text.size() - 1;
}

std::string_view without_quotes(std::string_view text) {
    return is_quoted(text) ? text.substr(1, text.size() - 2) : text;
}

std::string at_line(std::size_t line, const std::string& what) {
    return "line " + std::to_string(line) + ": " + what;
}

// Puts the setting of a line to `out`, or says what is wrong with it.
std::optional<std::string> take_line(std::string_view text, std::size_t line,
                                     std::vector<file_setting>& out) {
    text = trimmed(text);
    if (text.empty() || text.front() == '#' || text.front() == ';')
        return std::nullopt;
    const auto equals = text.find('=');
    if (text.front() == '[')
        return at_line(line, "there are no sections; each line is `key = value`");
    if (equals == std::string_view::npos)
        return at_line(line, "there is no = in it; each line is `key = value`");
    file_setting found{.key = std::string(trimmed(text.substr(0, equals))),
                       .value = std::string(without_quotes(trimmed(text.substr(equals + 1)))),
                       .line = line};
    const auto before = std::ranges::find(out, found.key, &file_setting::key);
    if (before != out.end())
        return at_line(line,
                       "'" + found.key + "' is set in line " + std::to_string(before->line) + " already");
    out.push_back(std::move(found));
    return std::nullopt;
}

}  // namespace

settings_file parse_settings(std::string_view text) {
    settings_file out;
    if (text.starts_with(byte_order_mark))
        text.remove_prefix(byte_order_mark.size());
    for (std::size_t line = 1; !text.empty(); ++line) {
        const auto end = std::min(text.find('\n'), text.size());
        if (auto wrong = take_line(text.substr(0, end), line, out.settings); wrong && !out.error)
            out.error = std::move(wrong);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

settings_file read_settings(const std::string& file) {
    const auto unreadable = [](const char* why) {
        return settings_file{.settings = {}, .error = std::string("cannot be read: ") + why};
    };
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return unreadable(std::strerror(errno));
    std::string text(most_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || (in.gcount() == 0 && errno != 0))
        return unreadable(std::strerror(errno));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > most_bytes)
        return unreadable("it is larger than 1 MiB");
    return parse_settings(text);
}

std::optional<std::string> setting_value(const std::string& value) {
    for (const std::string& written : {'"' + value + '"', '\'' + value + '\'', value}) {
        const auto read = parse_settings("k=" + written);
        if (read.settings.size() == 1 && read.settings[0].value == value)
            return written;
    }
    return std::nullopt;
}

}  // namespace nullworker::options
