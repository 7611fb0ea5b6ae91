#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// What can be shown where the output goes.
namespace nullworker::client {

enum class charset { utf8, ascii };

// The one of the user's locale, by LC_ALL, LC_CTYPE and LANG.
[[nodiscard]] charset locale_charset();

// `text` as `printable` makes it. In ASCII an arrow and its like become "->", and what has no such form is
// escaped: \u00e9.
[[nodiscard]] std::string shown_in(charset which, std::string text);

// The same in the user's locale.
[[nodiscard]] inline std::string shown(std::string text) {
    return shown_in(locale_charset(), std::move(text));
}

// How many columns a text of printable UTF-8 takes, at most.
[[nodiscard]] std::size_t columns(std::string_view text);

// The beginning of such a text that takes no more than `most` columns.
[[nodiscard]] std::string_view fitting(std::string_view text, std::size_t most);

struct screen_size {
    std::size_t columns = 80;
    std::size_t rows = 24;

    friend bool operator==(const screen_size&, const screen_size&) = default;
};

// A descriptor that may be a terminal.
class screen {
public:
    explicit screen(int descriptor) : x_descriptor(descriptor) {}

    // Whether it is a terminal that knows escapes: TERM.
    [[nodiscard]] bool knows_escapes() const;

    // Whether it is, and the user wants colours: NO_COLOR.
    [[nodiscard]] bool has_colours() const;

    // Its size now; 80 columns and 24 rows where it does not say.
    [[nodiscard]] screen_size size() const;

private:
    int x_descriptor;
};

}  // namespace nullworker::client
