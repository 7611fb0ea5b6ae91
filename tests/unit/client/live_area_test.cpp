#include "support/picture.hpp"

#include <terminal/live_area.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::client {
namespace {

using test::picture;

TEST(live_area, is_drawn_over_in_place) {
    picture seen(20, 10);
    live_area area;
    seen.feed("before\n");
    seen.feed(area.drawn({"one, and longer", "two", "three"}, 20));
    EXPECT_EQ(seen.text(), "before\none, and longer\ntwo\nthree\n");
    seen.feed(area.drawn({"1", "\x1b[2mtwo\x1b[0m"}, 20));
    EXPECT_EQ(seen.text(), "before\n1\ntwo\n");
    seen.feed(area.drawn({"a", "b", "c", "d"}, 20));
    EXPECT_EQ(seen.text(), "before\na\nb\nc\nd\n");
}

TEST(live_area, gives_way_to_a_line_and_is_drawn_beneath_it) {
    picture seen(20, 5);
    live_area area;
    for (const char* line : {"first\n", "second\n", "third\n", "fourth\n"}) {
        seen.feed(area.erased(20) + line);
        seen.feed(area.drawn({"a", "b", "c"}, 20));
    }
    EXPECT_EQ(seen.text(), "first\nsecond\nthird\nfourth\na\nb\nc\n");
}

TEST(live_area, leaves_nothing_behind_and_the_cursor_where_a_prompt_may_follow) {
    picture seen(20, 5);
    live_area area;
    seen.feed("before\n");
    seen.feed(area.drawn({"a", "b"}, 20));
    EXPECT_EQ(seen.cursor_row(), 3U) << "below it, should the program be killed now";
    EXPECT_EQ(seen.cursor_column(), 0U);
    seen.feed(area.erased(20));
    EXPECT_TRUE(area.is_empty());
    EXPECT_EQ(seen.text(), "before\n");
    EXPECT_EQ(seen.cursor_row(), 1U);
    EXPECT_EQ(area.erased(20), "");
}

TEST(live_area, that_was_folded_by_a_narrower_terminal_is_taken_off_whole) {
    picture seen(20, 10);
    live_area area;
    seen.feed("before\n");
    seen.feed(area.drawn({"123456789012", "", "\x1b[2m12345678\x1b[0m", "123456789"}, 20));
    seen.narrow_to(8);
    seen.feed(area.drawn({"new"}, 8));
    EXPECT_EQ(seen.text(), "before\nnew\n");
}

TEST(live_area, counts_no_column_for_an_escape) {
    EXPECT_EQ(visible_columns("a\x1b[31mbc\x1b[0m→"), 4U);
    EXPECT_EQ(visible_columns("\x1b[31m"), 0U);
    EXPECT_EQ(visible_columns(""), 0U);
}

}  // namespace
}  // namespace nullworker::client
