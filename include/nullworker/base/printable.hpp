#pragma once

#include <string>
#include <string_view>

// Text that somebody else wrote, made harmless for whoever shows it on a terminal or writes it to a log.
namespace nullworker {

// Whether `text` may be shown as it is: UTF-8 without control characters (C0, DEL, C1), without characters
// that turn the direction of writing or begin a new line, and without a backslash.
[[nodiscard]] bool is_printable(std::string_view text) noexcept;

// Whether there is a control character of ASCII in it other than those `allowed`. In a header or a URL none
// has a place.
[[nodiscard]] bool has_control_character(std::string_view text, std::string_view allowed = {}) noexcept;

// `text` in one line that is printable but for backslashes, which begin an escape: \n for a new line, \u202e
// for another character that must not be shown, \xff for a byte that is not UTF-8, and \\ for a backslash.
// So no text can look as if something in it had been escaped. What is printable comes back as it is, and is
// not copied where it is moved in.
[[nodiscard]] std::string printable(std::string text);

// `text` as a JSON string with its quotes, in ASCII: all else is \uXXXX, and a byte that is not UTF-8 is the
// replacement character. So what shows the line of it is safe, and what reads it gets the text back.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace nullworker
