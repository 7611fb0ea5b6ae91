#include <nullworker/base/episode.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

TEST(an_episode, is_worth_one_line_however_often_it_happens) {
    episode burst;
    const episode::time_point start(1000s);
    EXPECT_TRUE(burst.is_worth_a_line(start));
    EXPECT_EQ(burst.unsaid(), 0U);
    for (int i = 0; i < 1000; ++i)
        EXPECT_FALSE(burst.is_worth_a_line(start + 59s));
}

TEST(an_episode, that_lasts_is_worth_a_line_a_minute_with_a_count) {
    episode burst;
    const episode::time_point start(1000s);
    int lines = 0;
    for (int second = 0; second < 180; ++second)
        lines += burst.is_worth_a_line(start + std::chrono::seconds(second)) ? 1 : 0;
    EXPECT_EQ(lines, 3);
    EXPECT_TRUE(burst.is_worth_a_line(start + 180s));
    EXPECT_EQ(burst.unsaid(), 59U);
    EXPECT_TRUE(burst.is_worth_a_line(start + 10min));
    EXPECT_EQ(burst.unsaid(), 0U);
}

}  // namespace
}  // namespace nullworker
