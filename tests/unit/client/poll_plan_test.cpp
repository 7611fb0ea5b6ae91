#include <watch/poll_plan.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;

class poll_plan_test : public testing::Test {
protected:
    using time_point = poll_plan::time_point;

    // Answers whatever is asked within that time; how often each was.
    std::map<question, int> answer_for(std::chrono::seconds span) {
        std::map<question, int> out;
        for (const auto end = now + span; plan.next().at <= end;) {
            const auto [what, at] = plan.next();
            now = std::max(now, at);
            plan.answered(what, now);
            ++out[what];
        }
        return out;
    }

    // When the question comes next, if all others are answered.
    time_point next_time_of(question wanted) {
        while (plan.next().what != wanted)
            plan.answered(plan.next().what, std::max(now, plan.next().at));
        return plan.next().at;
    }

    const time_point start = time_point(1000s);
    time_point now = start;
    poll_plan plan{5s, start};
};

TEST_F(poll_plan_test, asks_for_workers_and_parameters_in_each_round_and_for_prices_each_minute) {
    const auto asked = answer_for(60s);
    EXPECT_EQ(asked.at(question::workers), 13);
    EXPECT_EQ(asked.at(question::parameters), 13);
    EXPECT_EQ(asked.at(question::prices), 2);
    EXPECT_FALSE(asked.contains(question::reasons));
}

TEST_F(poll_plan_test, asks_for_the_workers_first) {
    EXPECT_EQ(plan.next().what, question::workers);
    EXPECT_EQ(plan.next().at, start);
}

TEST_F(poll_plan_test, waits_longer_and_longer_while_a_question_fails_but_no_longer_than_a_minute) {
    for (const auto pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
        plan.failed(question::workers, {.status = 503}, now);
        EXPECT_EQ(next_time_of(question::workers), now + pause);
        now += pause;
    }
    plan.answered(question::workers, now);
    EXPECT_EQ(next_time_of(question::workers), now + 5s);
    plan.failed(question::workers, {.status = 503}, now);
    EXPECT_EQ(next_time_of(question::workers), now + 5s) << "an answer ends the row";
}

TEST_F(poll_plan_test, slows_down_at_once_where_it_asks_too_often) {
    plan.failed(question::workers, {.status = 429}, now);
    EXPECT_EQ(next_time_of(question::workers), now + 10s);
}

TEST_F(poll_plan_test, obeys_a_retry_after_of_up_to_an_hour) {
    plan.failed(question::workers, {.status = 429, .retry_after = seconds(90)}, now);
    EXPECT_EQ(next_time_of(question::workers), now + 90s);
    plan.failed(question::workers, {.status = 503, .retry_after = seconds(1e9)}, now);
    EXPECT_EQ(next_time_of(question::workers), now + 3600s);
    plan.failed(question::workers, {.status = 503, .retry_after = seconds(1)}, now);
    EXPECT_GT(next_time_of(question::workers), now + 5s) << "no sooner than without it";
}

TEST_F(poll_plan_test, lets_one_question_fail_without_the_others) {
    plan.failed(question::parameters, {.status = 429, .retry_after = seconds(600)}, now);
    const auto asked = answer_for(60s);
    EXPECT_EQ(asked.at(question::workers), 13);
    EXPECT_FALSE(asked.contains(question::parameters));
}

TEST_F(poll_plan_test, never_asks_again_for_prices_and_reasons_that_are_refused) {
    for (const auto what : {question::prices, question::reasons})
        for (const unsigned status : {401U, 403U, 404U, 405U}) {
            poll_plan one(5s, start);
            one.failed(what, {.status = status}, now);
            EXPECT_TRUE(one.is_given_up(what)) << status;
            one.want(what, now + 1h);
            while (one.next().at < now + 2h) {
                EXPECT_NE(one.next().what, what) << status;
                one.answered(one.next().what, one.next().at);
            }
        }
}

TEST_F(poll_plan_test, gives_up_no_question_that_may_go_better_and_never_that_for_workers) {
    plan.failed(question::prices, {.status = 500}, now);
    plan.failed(question::workers, {.status = 401}, now);
    plan.failed(question::parameters, {.status = 403}, now);
    for (const auto what : {question::prices, question::workers, question::parameters})
        EXPECT_FALSE(plan.is_given_up(what));
}

TEST_F(poll_plan_test, asks_sooner_where_there_is_cause_but_not_much_sooner) {
    plan.answered(question::prices, now);
    plan.want(question::prices, now + 1s);
    EXPECT_EQ(next_time_of(question::prices), now + 10s);
    plan.answered(question::prices, now + 10s);
    plan.want(question::prices, now + 30s);
    EXPECT_EQ(next_time_of(question::prices), now + 30s);
}

TEST_F(poll_plan_test, asks_for_reasons_with_cause_alone_once_each_time) {
    plan.want(question::reasons, now);
    EXPECT_EQ(next_time_of(question::reasons), now);
    plan.answered(question::reasons, now);
    EXPECT_FALSE(answer_for(300s).contains(question::reasons));
}

TEST_F(poll_plan_test, cuts_no_pause_short_that_a_failure_brought) {
    plan.failed(question::workers, {.status = 429, .retry_after = seconds(300)}, now);
    plan.want(question::workers, now + 1s);
    EXPECT_EQ(next_time_of(question::workers), now + 300s);
}

}  // namespace
}  // namespace nullworker::client::watch
