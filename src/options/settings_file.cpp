#include "settings_file.hpp"

#include <nullworker/base/tidied.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace nullworker::options {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;
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
    auto value = trimmed(text.substr(equals + 1));
    (void)strip_quotes(value);
    file_setting found{
        .key = std::string(trimmed(text.substr(0, equals))), .value = std::string(value), .line = line};
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
    (void)strip_mark(text);  // editors of Windows put it in front
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
