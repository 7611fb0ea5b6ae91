#include <nullworker/reservation/heartbeat.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

using namespace std::chrono_literals;

class heartbeat_test : public testing::Test {
protected:
    instant start{std::chrono::steady_clock::time_point(100s),
                  std::chrono::system_clock::time_point(1790000000s)};
    heartbeat watched{{.timeout = seconds(10), .grace = seconds(5)}};

    [[nodiscard]] heartbeat::time_point at(std::chrono::seconds after) const {
        return start.monotonic + after;
    }
    pulse check(std::chrono::seconds after) { return watched.check(start.monotonic, at(after)); }
};

TEST_F(heartbeat_test, a_consumer_is_alive_until_the_timeout_after_the_session_began) {
    EXPECT_EQ(check(9s), pulse::alive);
    EXPECT_EQ(check(10s), pulse::silent);
}

TEST_F(heartbeat_test, a_silent_consumer_is_dead_after_the_grace_period) {
    EXPECT_EQ(check(14s), pulse::silent);
    EXPECT_EQ(check(15s), pulse::dead);
}

TEST_F(heartbeat_test, a_beat_starts_the_timeout_anew) {
    watched.beat(start.after(8s));
    EXPECT_EQ(check(17s), pulse::alive);
    EXPECT_EQ(check(18s), pulse::silent);
}

TEST_F(heartbeat_test, an_excuse_starts_the_timeout_anew_and_revives_nobody) {
    watched.excuse(at(9s));
    EXPECT_EQ(check(18s), pulse::alive);
    EXPECT_EQ(check(19s), pulse::silent);
    watched.excuse(at(23s));
    EXPECT_EQ(check(24s), pulse::silent);
    EXPECT_FALSE(watched.overdue(start.monotonic, at(37s)));
    EXPECT_EQ(check(37s), pulse::silent);
    EXPECT_EQ(check(38s), pulse::dead);
}

TEST_F(heartbeat_test, a_beat_revives_the_dead) {
    EXPECT_EQ(check(20s), pulse::dead);
    watched.beat(start.after(21s));
    EXPECT_EQ(check(21s), pulse::alive);
}

TEST_F(heartbeat_test, nothing_is_due_while_no_session_is_held) {
    EXPECT_EQ(watched.check(std::nullopt, at(1000s)), pulse::alive);
    EXPECT_FALSE(watched.next(std::nullopt, at(1000s)));
}

TEST_F(heartbeat_test, a_new_session_gives_the_consumer_its_time_whatever_the_last_beat) {
    watched.beat(start);
    EXPECT_EQ(watched.check(at(100s), at(109s)), pulse::alive);
    EXPECT_EQ(watched.check(at(100s), at(110s)), pulse::silent);
}

TEST_F(heartbeat_test, the_end_of_the_session_does_not_make_a_silent_consumer_alive) {
    EXPECT_EQ(check(10s), pulse::silent);
    EXPECT_EQ(watched.check(std::nullopt, at(11s)), pulse::silent);
    EXPECT_EQ(watched.check(at(12s), at(12s)), pulse::silent);
}

TEST_F(heartbeat_test, it_says_when_to_look_again) {
    EXPECT_EQ(watched.next(start.monotonic, at(0s)), at(10s));
    EXPECT_EQ(watched.next(start.monotonic, at(10s)), at(15s));
    EXPECT_FALSE(watched.next(start.monotonic, at(15s)));
}

TEST_F(heartbeat_test, each_session_of_a_dead_consumer_has_its_own_time) {
    EXPECT_EQ(check(15s), pulse::dead);
    EXPECT_TRUE(watched.overdue(start.monotonic, at(15s)));
    EXPECT_FALSE(watched.overdue(std::nullopt, at(15s)));
    EXPECT_FALSE(watched.overdue(at(20s), at(34s)));
    EXPECT_EQ(watched.next(at(20s), at(30s)), at(35s));
    EXPECT_TRUE(watched.overdue(at(20s), at(35s)));
}

TEST_F(heartbeat_test, without_a_timeout_no_silence_is_too_long) {
    heartbeat unwatched{{}};
    EXPECT_FALSE(unwatched.expected());
    EXPECT_EQ(unwatched.check(start.monotonic, at(100000s)), pulse::alive);
    EXPECT_FALSE(unwatched.next(start.monotonic, at(0s)));
    unwatched.beat(start);
    EXPECT_EQ(unwatched.last()->wall, start.wall);
}

}  // namespace
}  // namespace nullworker::reservation
