#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Values that people wrote into a variable or a file, without what their editor, shell or form left around
// them.
namespace nullworker {

// What may be taken away. Where blanks and quotes can be meant, in a path or a line of shell, they stay.
enum class leftovers : std::uint8_t { all, line_ends };

struct tidied_value {
    std::string text;
    std::string trimmed;  // what was taken away, in words; empty: nothing was
};

// Takes a byte order mark off the beginning of `text`; whether there was one.
bool strip_mark(std::string_view& text);

// Takes off a pair of quotes in which the whole of `text` stands; whether there was one. Those inside, if
// any, are of the other kind.
bool strip_quotes(std::string_view& text);

// `text` without blanks and line ends around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// What to say of that: "NAME is used without the line ends around its value".
[[nodiscard]] std::string remark_on(const std::string& name, const tidied_value& value);

// `text` without a byte order mark at its beginning and without line ends around it; with `all` also without
// blanks around it, and without quotes where the whole of it stands in a pair of them.
[[nodiscard]] tidied_value tidied(std::string_view text, leftovers which = leftovers::all);

}  // namespace nullworker
