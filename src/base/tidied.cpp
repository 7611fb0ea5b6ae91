#include <nullworker/base/tidied.hpp>

#include <algorithm>
#include <utility>

namespace nullworker {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// Takes those of `unwanted` off both ends; whether there were any.
bool strip(std::string_view& text, std::string_view unwanted) {
    const auto before = text.size();
    text.remove_prefix(std::min(text.find_first_not_of(unwanted), text.size()));
    text = text.substr(0, text.find_last_not_of(unwanted) + 1);
    return text.size() != before;
}

bool strip_line_ends(std::string_view& text) {
    return strip(text, "\r\n");
}

bool strip_blanks(std::string_view& text) {
    return strip(text, " \t\v\f");
}

struct leftover {
    const char* name;
    leftovers among;
    bool (*strip)(std::string_view& text);
    bool found = false;
};

}  // namespace

bool strip_mark(std::string_view& text) {
    const bool found = text.starts_with(byte_order_mark);
    if (found)
        text.remove_prefix(byte_order_mark.size());
    return found;
}

bool strip_quotes(std::string_view& text) {
    const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                        text.find(text.front(), 1) == text.size() - 1;
    if (quoted)
        text = text.substr(1, text.size() - 2);
    return quoted;
}

std::string_view trimmed(std::string_view text) {
    strip(text, " \t\n\v\f\r");
    return text;
}

tidied_value tidied(std::string_view text, leftovers which) {
    leftover kinds[] = {
        {"byte order mark", leftovers::line_ends, strip_mark},
        {"line ends", leftovers::line_ends, strip_line_ends},
        {"blanks", leftovers::all, strip_blanks},
        {"quotes", leftovers::all, strip_quotes},
    };
    bool more = true;
    while (std::exchange(more, false))
        for (auto& each : kinds)
            if ((which == leftovers::all || each.among == which) && each.strip(text))
                more = each.found = true;
    tidied_value out{.text = std::string(text), .trimmed = {}};
    for (const auto& each : kinds)
        if (each.found)
            out.trimmed += (out.trimmed.empty() ? "" : ", ") + std::string(each.name);
    return out;
}

std::string remark_on(const std::string& name, const tidied_value& value) {
    return name + " is used without the " + value.trimmed + " around its value";
}

}  // namespace nullworker
