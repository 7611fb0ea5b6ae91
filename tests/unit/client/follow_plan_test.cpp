#include <follow/follow_plan.hpp>

#include <gtest/gtest.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

class follow_plan_test : public testing::Test {
protected:
    follow_plan plan{{.least = 1, .most = 4, .hysteresis = 10s}};
    follow_plan::time_point start{100s};

    int step(std::int64_t depth, int have, std::chrono::seconds after = 0s) {
        return plan.step(depth, have, start + after);
    }
};

TEST_F(follow_plan_test, a_session_is_opened_for_each_unit_of_work_at_once) {
    EXPECT_EQ(step(3, 0), 3);
    EXPECT_EQ(step(3, 2), 1);
    EXPECT_EQ(step(3, 3), 0);
}

TEST_F(follow_plan_test, there_are_never_more_nor_fewer_than_allowed) {
    EXPECT_EQ(step(1'000'000'000'000, 0), 4);
    EXPECT_EQ(step(0, 0), 1);
    EXPECT_EQ(step(0, 1), 0);
}

TEST_F(follow_plan_test, less_work_closes_sessions_only_once_it_has_been_less_for_the_whole_hysteresis) {
    EXPECT_EQ(step(4, 4), 0);
    EXPECT_EQ(step(1, 4, 1s), 0);
    EXPECT_EQ(step(1, 4, 10s), 0);
    EXPECT_EQ(step(1, 4, 11s), -3);
}

TEST_F(follow_plan_test, a_queue_that_breathes_closes_nothing) {
    for (auto after = 0s; after < 100s; after += 5s)
        EXPECT_EQ(step(after.count() % 10 == 0 ? 4 : 1, 4, after), 0);
}

TEST_F(follow_plan_test, what_is_closed_is_what_was_not_wanted_at_any_time_of_the_hysteresis) {
    EXPECT_EQ(step(4, 4), 0);
    EXPECT_EQ(step(2, 4, 5s), 0);
    EXPECT_EQ(step(3, 4, 6s), 0);
    EXPECT_EQ(step(1, 4, 12s), 0);
    EXPECT_EQ(step(1, 4, 15s), -1);
    EXPECT_EQ(step(1, 3, 21s), 0);
    EXPECT_EQ(step(1, 3, 22s), -2);
}

TEST_F(follow_plan_test, a_session_that_ended_by_itself_is_not_opened_again_for_past_work) {
    EXPECT_EQ(step(4, 4), 0);
    EXPECT_EQ(step(2, 2, 1s), 0);
    EXPECT_EQ(step(2, 1, 2s), 1);
}

TEST_F(follow_plan_test, a_time_when_nobody_could_tell_is_not_taken_for_less_work) {
    EXPECT_EQ(step(4, 4), 0);
    EXPECT_EQ(step(1, 4, 1000s), 0);
    EXPECT_EQ(step(1, 4, 1010s), -3);
}

TEST_F(follow_plan_test, without_hysteresis_sessions_follow_at_once) {
    follow_plan restless({.least = 0, .most = 4, .hysteresis = 0s});
    EXPECT_EQ(restless.step(4, 4, start), 0);
    EXPECT_EQ(restless.step(0, 4, start), -4);
}

}  // namespace
}  // namespace nullworker::client
