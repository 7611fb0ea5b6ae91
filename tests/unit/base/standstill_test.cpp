#include <nullworker/base/standstill.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

const standstill::time_point start(100s);

TEST(standstill, is_noticed_where_a_look_comes_much_too_late) {
    standstill watched(8s);
    EXPECT_EQ(watched.next_look(start), start + 2s);
    EXPECT_FALSE(watched.is_behind(start + 1s));
    EXPECT_FALSE(watched.is_behind(start + 4s));
    EXPECT_TRUE(watched.is_behind(start + 5s));
    (void)watched.next_look(start + 5s);
    EXPECT_FALSE(watched.is_behind(start + 8s));
}

TEST(standstill, is_nothing_to_who_waits_for_nobody) {
    standstill watched(8s);
    EXPECT_FALSE(watched.is_behind(start));
    (void)watched.next_look(start);
    watched.rest();
    EXPECT_FALSE(watched.is_behind(start + 1000s));
}

TEST(standstill, is_more_than_a_moment) {
    standstill watched(1ms);
    (void)watched.next_look(start);
    EXPECT_FALSE(watched.is_behind(start + 200ms));
    EXPECT_TRUE(watched.is_behind(start + 300ms));
}

}  // namespace
}  // namespace nullworker
