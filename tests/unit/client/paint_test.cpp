#include <terminal/paint.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::client {
namespace {

constexpr palette coloured{charset::utf8, true};
constexpr palette uncoloured{charset::utf8, false};
constexpr palette ascii{charset::ascii, false};

TEST(paint, gives_each_piece_its_look_and_ends_it_there) {
    const text_row all{{"a"}, {"b", look::bad}, {"", look::dim}, {"c", look::strong}};
    EXPECT_EQ(painted(all, 80, coloured), "a\x1b[31mb\x1b[0m\x1b[1mc\x1b[0m");
}

TEST(paint, is_without_escapes_for_who_wants_no_colours) {
    EXPECT_EQ(painted({{"a", look::good}, {"b", look::bad}}, 80, uncoloured), "ab");
}

TEST(paint, cuts_a_row_to_the_width_between_its_characters) {
    const text_row all{{"12345"}, {"→678", look::dim}, {"9"}};
    EXPECT_EQ(painted(all, 10, uncoloured), "12345→6789");
    EXPECT_EQ(painted(all, 9, uncoloured), "12345→678");
    EXPECT_EQ(painted(all, 6, coloured), "12345\x1b[2m→\x1b[0m");
    EXPECT_EQ(painted(all, 5, coloured), "12345");
    EXPECT_EQ(painted(all, 0, uncoloured), "");
    EXPECT_EQ(painted({{"a東"}, {"b"}}, 2, uncoloured), "a") << "nothing comes behind what was cut";
}

TEST(paint, counts_columns_as_they_are_in_ascii) {
    EXPECT_EQ(painted({{"→→"}, {"x"}}, 5, ascii), "->->x");
    EXPECT_EQ(painted({{"→→"}, {"x"}}, 3, ascii), "->-");
    EXPECT_EQ(painted_columns("█ é", charset::utf8), 3U);
    EXPECT_EQ(painted_columns("█ é", charset::ascii), 8U);
}

TEST(paint, lets_no_text_of_a_peer_through_that_a_terminal_would_obey) {
    for (const auto by : {coloured, uncoloured, ascii}) {
        const auto out = painted({{"a\x1b[2J\x07\u009b\n\r\xff"}}, 200, by);
        EXPECT_EQ(out, "a\\u001b[2J\\u0007\\u009b\\n\\u000d\\xff");
    }
}

TEST(paint, gives_a_piece_the_columns_that_it_is_to_have) {
    const text_row all{{"→", look::bad, 3}, {"x"}};
    EXPECT_EQ(painted(all, 80, uncoloured), "→  x");
    EXPECT_EQ(painted(all, 80, ascii), "-> x");
    EXPECT_EQ(painted(all, 80, coloured), "\x1b[31m→\x1b[0m  x");
    EXPECT_EQ(painted(all, 2, uncoloured), "→ ");
    EXPECT_EQ(painted({{"abcd", look::plain, 3}, {"x"}}, 80, uncoloured), "abcx");
}

}  // namespace
}  // namespace nullworker::client
