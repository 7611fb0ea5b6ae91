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

// What to say of that: "NAME is used without the line ends around its value".
[[nodiscard]] std::string remark_on(const std::string& name, const tidied_value& value);

// `text` without a byte order mark at its beginning and without line ends around it; with `all` also without
// blanks around it, and without quotes where the whole of it stands in a pair of them.
[[nodiscard]] tidied_value tidied(std::string_view text, leftovers which = leftovers::all);

}  // namespace nullworker
