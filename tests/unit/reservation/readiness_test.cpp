#include <nullworker/reservation/readiness.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

using namespace std::chrono_literals;

class readiness_test : public testing::Test {
protected:
    instant start{std::chrono::steady_clock::time_point(100s),
                  std::chrono::system_clock::time_point(1790000000s)};
    int changes = 0;
    readiness state{start, [this] { ++changes; }};

    void meet_all(std::chrono::milliseconds after) {
        for (const auto each : {condition::listening, condition::public_key, condition::consumer})
            state.meet(each, start.after(after));
    }
};

TEST_F(readiness_test, a_worker_is_ready_once_every_condition_is_met) {
    state.meet(condition::listening, start);
    state.meet(condition::public_key, start);
    EXPECT_FALSE(state.ready());
    EXPECT_EQ(state.load_time(), 0.0);
    state.meet(condition::consumer, start.after(1500ms));
    EXPECT_TRUE(state.ready());
    EXPECT_EQ(state.load_time(), 1.5);
}

TEST_F(readiness_test, the_load_time_does_not_move_once_it_is_known) {
    meet_all(1s);
    meet_all(5s);
    EXPECT_EQ(state.load_time(), 1.0);
}

TEST_F(readiness_test, the_reasons_name_what_is_waited_for) {
    state.meet(condition::listening, start);
    EXPECT_EQ(state.reasons(), (std::vector<std::string>{"waiting for the autoscaler's public key",
                                                         "waiting for the consumer"}));
}

TEST_F(readiness_test, problems_are_joined_and_cleared) {
    state.raise(problem_source::public_key, "no key", start);
    state.raise(problem_source::consumer, "no consumer", start);
    EXPECT_EQ(state.error_message(), "no key; no consumer");
    state.clear(problem_source::public_key, start);
    EXPECT_EQ(state.error_message(), "no consumer");
    state.clear(problem_source::consumer, start);
    EXPECT_EQ(state.error_message(), "");
}

TEST_F(readiness_test, a_problem_does_not_make_a_ready_worker_unready) {
    meet_all(1s);
    state.raise(problem_source::consumer, "gone", start);
    EXPECT_TRUE(state.ready());
    EXPECT_FALSE(state.reasons().empty());
}

TEST_F(readiness_test, a_draining_worker_takes_no_session) {
    EXPECT_FALSE(state.takes_sessions());
    meet_all(1s);
    EXPECT_TRUE(state.takes_sessions());
    EXPECT_TRUE(state.reasons().empty());
    state.begin_drain(start);
    EXPECT_FALSE(state.takes_sessions());
    EXPECT_EQ(state.reasons(), std::vector<std::string>{"draining"});
}

TEST_F(readiness_test, every_change_is_told_once) {
    state.meet(condition::listening, start);
    state.meet(condition::listening, start);
    state.raise(problem_source::consumer, "gone", start);
    state.raise(problem_source::consumer, "gone", start);
    EXPECT_EQ(changes, 2);
}

TEST_F(readiness_test, a_flag_is_a_reason_but_nothing_for_the_autoscaler) {
    meet_all(1s);
    state.flag(problem_source::heartbeat, "silent", start);
    EXPECT_EQ(state.reasons(), std::vector<std::string>{"silent"});
    EXPECT_EQ(state.error_message(), "");
    state.raise(problem_source::heartbeat, "silent", start);
    EXPECT_EQ(state.reasons(), std::vector<std::string>{"silent"});
    EXPECT_EQ(state.error_message(), "silent");
}

TEST_F(readiness_test, verdicts_on_the_consumer_can_be_held_back_but_are_reasons_all_the_same) {
    meet_all(1s);
    state.raise(problem_source::consumer, "gone", start);
    state.raise(problem_source::heartbeat, "dead", start);
    state.raise(problem_source::public_key, "no key", start);
    const auto before = changes;
    state.treat(consumer_verdicts::held_back, start);
    state.treat(consumer_verdicts::held_back, start);
    EXPECT_EQ(changes, before + 1);
    EXPECT_EQ(state.error_message(), "no key");
    EXPECT_EQ(state.reasons().size(), 3U);
    state.treat(consumer_verdicts::reported, start);
    EXPECT_EQ(state.error_message(), "no key; gone; dead");
}

TEST_F(readiness_test, it_knows_since_when_all_is_well_or_is_not) {
    EXPECT_FALSE(state.ready_since());
    EXPECT_EQ(state.health_since().monotonic, start.monotonic);
    meet_all(1s);
    EXPECT_EQ(state.ready_since()->monotonic, start.monotonic + 1s);
    EXPECT_EQ(state.health_since().monotonic, start.monotonic + 1s);
    state.raise(problem_source::consumer, "gone", start.after(5s));
    state.raise(problem_source::consumer, "still gone", start.after(6s));
    EXPECT_EQ(state.health_since().monotonic, start.monotonic + 5s);
    state.clear(problem_source::consumer, start.after(9s));
    EXPECT_EQ(state.health_since().monotonic, start.monotonic + 9s);
    EXPECT_EQ(state.ready_since()->monotonic, start.monotonic + 1s);
}

}  // namespace
}  // namespace nullworker::reservation
