#include <terminal/screen.hpp>

#include <gtest/gtest.h>

#include <cstdlib>

namespace nullworker::client {
namespace {

TEST(screen, in_ascii_symbols_have_a_likeness_and_all_else_is_escaped) {
    EXPECT_EQ(shown_in(charset::ascii, "0 → 1 … ● ○ ✓ ✗ · é 東 😀"),
              "0 -> 1 ... * o + x . \\u00e9 \\u6771 \\u1f600");
    EXPECT_EQ(shown_in(charset::ascii, "─█▓▒░▄"), "-#=~:%");
    EXPECT_EQ(columns("─█▓▒░▄"), 6U);
    EXPECT_EQ(shown_in(charset::utf8, "0 → 1 é 東"), "0 → 1 é 東");
    for (const auto which : {charset::ascii, charset::utf8})
        EXPECT_EQ(shown_in(which, "a\x1b[2J \\ \xff"), "a\\u001b[2J \\\\ \\xff");
}

TEST(screen, the_charset_is_that_of_the_first_variable_of_the_locale_that_is_set) {
    const auto with = [](const char* all, const char* ctype, const char* lang) {
        ::setenv("LC_ALL", all, 1);
        ::setenv("LC_CTYPE", ctype, 1);
        ::setenv("LANG", lang, 1);
        const auto found = locale_charset();
        for (const auto* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
            ::unsetenv(variable);
        return found;
    };
    EXPECT_EQ(with("", "", ""), charset::ascii);
    EXPECT_EQ(with("", "", "de_DE.UTF-8"), charset::utf8);
    EXPECT_EQ(with("", "C.utf8", "C"), charset::utf8);
    EXPECT_EQ(with("C", "", "de_DE.UTF-8"), charset::ascii);
    EXPECT_EQ(with("", "", "de_DE.ISO-8859-1"), charset::ascii);
}

TEST(screen, a_text_is_cut_between_characters_by_the_columns_that_they_take) {
    EXPECT_EQ(columns("ab → 東"), 7U);
    EXPECT_EQ(fitting("ab → 東", 7), "ab → 東");
    EXPECT_EQ(fitting("ab → 東", 6), "ab → ");
    EXPECT_EQ(fitting("ab → 東", 4), "ab →");
    EXPECT_EQ(fitting("ab", 0), "");
}

TEST(screen, what_is_no_terminal_knows_no_escapes) {
    EXPECT_FALSE(screen(-1).knows_escapes());
    EXPECT_FALSE(screen(-1).has_colours());
    EXPECT_EQ(screen(-1).size(), (screen_size{.columns = 80, .rows = 24}));
}

}  // namespace
}  // namespace nullworker::client
