#include <nullworker/base/tidied.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

struct tidied_case {
    const char* written;
    const char* meant;
    const char* trimmed;
};

TEST(tidied, takes_away_what_people_leave_around_a_value) {
    for (const auto& row : {
             tidied_case{"4242", "4242", ""},
             tidied_case{"4242\n", "4242", "line ends"},
             tidied_case{"\r\n4242\r\n", "4242", "line ends"},
             tidied_case{"  tok\t", "tok", "blanks"},
             tidied_case{"\"tok\"", "tok", "quotes"},
             tidied_case{"'tok'", "tok", "quotes"},
             tidied_case{"\xef\xbb\xbftrue", "true", "byte order mark"},
             tidied_case{"\xef\xbb\xbf \"a b\" \r\n", "a b", "byte order mark, line ends, blanks, quotes"},
             tidied_case{" \n", "", "line ends, blanks"},
             tidied_case{"", "", ""},
         }) {
        const auto found = tidied(row.written);
        EXPECT_EQ(found.text, row.meant);
        EXPECT_EQ(found.trimmed, row.trimmed);
    }
}

TEST(tidied, leaves_what_is_a_part_of_the_value) {
    for (const auto* whole : {"a b", "it's", "\"", "'a", "a\"", "\"a\" \"b\"", "'a' || 'b'", "a\nb"})
        EXPECT_EQ(tidied(whole).text, whole);
}

TEST(tidied, takes_line_ends_alone_off_what_may_have_blanks_and_quotes) {
    const auto found = tidied("\xef\xbb\xbf\"/a b\" \r\n", leftovers::line_ends);
    EXPECT_EQ(found.text, "\"/a b\" ");
    EXPECT_EQ(found.trimmed, "byte order mark, line ends");
}

}  // namespace
}  // namespace nullworker
