#include <terminal/figures.hpp>

#include <gtest/gtest.h>

namespace nullworker::client {
namespace {

TEST(span, is_told_in_the_two_units_that_matter) {
    EXPECT_EQ(span_text(0), "0 s");
    EXPECT_EQ(span_text(59.4), "59 s");
    EXPECT_EQ(span_text(60), "1 min");
    EXPECT_EQ(span_text(200), "3 min 20 s");
    EXPECT_EQ(span_text(7500), "2 h 5 min");
    EXPECT_EQ(span_text(4 * 86400 + 3600 + 59), "4 d 1 h");
    EXPECT_EQ(span_text(-5), "0 s");
}

TEST(span, that_is_short_is_told_with_tenths) {
    EXPECT_EQ(brief_span_text(-1), "0.0 s");
    EXPECT_EQ(brief_span_text(0.04), "0.0 s");
    EXPECT_EQ(brief_span_text(3.24), "3.2 s");
    EXPECT_EQ(brief_span_text(9.94), "9.9 s");
    EXPECT_EQ(brief_span_text(9.96), "10 s");
    EXPECT_EQ(brief_span_text(200), "3 min 20 s");
}

TEST(dollars, have_cents_and_where_they_are_few_the_hundredth_of_one) {
    EXPECT_EQ(dollars_text(0), "$0.00");
    EXPECT_EQ(dollars_text(0.00123), "$0.0012");
    EXPECT_EQ(dollars_text(0.75), "$0.75");
    EXPECT_EQ(dollars_text(1234.567), "$1234.57");
}

}  // namespace
}  // namespace nullworker::client
