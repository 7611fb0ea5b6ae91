#include <follow/roster.hpp>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using deed = roster::deed;

constexpr seconds lifetime{60.0};

class roster_test : public testing::Test {
protected:
    roster it{{.least = 0, .most = 4, .hysteresis = 10s}, 5s};
    roster::time_point now{1000s};

    using given = std::vector<std::pair<int, deed>>;

    static given listed(const roster::orders& orders) {
        given out;
        for (const auto& [number, what] : orders.given)
            out.emplace_back(number, what);
        return out;
    }

    // Sessions 1 to `count`, held and idle.
    void hold(int count) {
        for (int i = 0; i < count; ++i)
            it.held(it.open(), lifetime, now);
    }

    // What is ordered once there has been work for `depth` alone for the whole hysteresis.
    given ordered_for(std::int64_t depth) {
        (void)it.decide(static_cast<std::int64_t>(it.entries().size()), now);
        (void)it.decide(depth, now);
        now += 10s;
        return listed(it.decide(depth, now));
    }

    // A job runs at `number` for a minute.
    void protect(int number) { it.heard(number, {lifetime, seconds(60), false}, now); }
};

TEST_F(roster_test, what_is_missing_is_opened_up_to_the_most) {
    EXPECT_EQ(it.decide(3, now).open, 3);
    EXPECT_EQ(it.open(), 1);
    hold(1);
    EXPECT_EQ(it.decide(3, now).open, 1);
    EXPECT_EQ(it.decide(9, now).open, 2);
}

TEST_F(roster_test, less_work_gives_back_the_youngest) {
    hold(3);
    EXPECT_EQ(listed(it.decide(3, now)), given());
    EXPECT_EQ(ordered_for(1), (given{{3, deed::retire_idle}, {2, deed::retire_idle}}));
}

TEST_F(roster_test, a_session_in_which_a_job_is_protected_is_not_given_back) {
    hold(2);
    (void)it.decide(2, now);
    now += 9s;
    protect(2);
    EXPECT_EQ(ordered_for(1), (given{{1, deed::retire_idle}}));
}

TEST_F(roster_test, where_all_are_protected_it_waits) {
    hold(2);
    (void)it.decide(2, now);
    now += 9s;
    protect(1);
    protect(2);
    EXPECT_EQ(ordered_for(0), given());
    it.heard(2, {lifetime, seconds(0), false}, now);
    EXPECT_EQ(listed(it.decide(0, now)), (given{{2, deed::retire_idle}}));
}

TEST_F(roster_test, who_is_protected_for_long_though_there_is_no_work_ends_when_its_job_is_done) {
    hold(3);
    (void)it.decide(3, now);
    for (int number : {1, 2, 3})
        it.heard(number, {lifetime, seconds(600), false}, now);
    EXPECT_EQ(ordered_for(1), given());
    now += 9s;
    EXPECT_EQ(listed(it.decide(1, now)), given());
    now += 1s;
    EXPECT_EQ(listed(it.decide(1, now)), (given{{3, deed::retire_done}, {2, deed::retire_done}}));
    EXPECT_EQ(listed(it.decide(1, now)), given());
    for (int number : {2, 3}) {
        it.answered(number);
        it.retiring(number, seconds(600), now);
    }
    EXPECT_EQ(listed(it.decide(1, now)), given());
    EXPECT_EQ(listed(it.decide(2, now)), (given{{2, deed::keep}}));
}

TEST_F(roster_test, who_is_protected_is_given_the_whole_hysteresis_after_more_work_or_an_unknown_depth) {
    hold(2);
    (void)it.decide(2, now);
    for (int number : {1, 2})
        it.heard(number, {lifetime, seconds(600), false}, now);
    EXPECT_EQ(ordered_for(1), given());
    now += 9s;
    (void)it.decide(2, now);
    EXPECT_EQ(ordered_for(1), given());
    now += 9s;
    (void)it.decide_blindly(now);
    now += 1s;
    EXPECT_EQ(listed(it.decide(1, now)), given());
    now += 10s;
    EXPECT_EQ(listed(it.decide(1, now)), (given{{2, deed::retire_done}}));
}

TEST_F(roster_test, what_is_ordered_is_not_ordered_again_before_it_is_answered) {
    hold(2);
    EXPECT_EQ(ordered_for(1), (given{{2, deed::retire_idle}}));
    EXPECT_EQ(listed(it.decide(1, now)), given());
    it.busy(2, seconds(60), now);
    it.answered(2);
    EXPECT_EQ(listed(it.decide(1, now)), (given{{1, deed::retire_idle}}));
    it.answered(1);
    it.gone(1);
    EXPECT_EQ(listed(it.decide(1, now)), given());
}

TEST_F(roster_test, no_session_is_opened_for_one_that_may_still_be_there) {
    hold(1);
    EXPECT_EQ(ordered_for(0), (given{{1, deed::retire_idle}}));
    EXPECT_EQ(it.decide(1, now).open, 0);
    it.gone(1);
    EXPECT_EQ(it.decide(1, now).open, 1);
}

TEST_F(roster_test, requests_are_dropped_before_sessions_are_given_back) {
    EXPECT_EQ(it.open(), 1);
    hold(1);
    EXPECT_EQ(it.open(), 3);
    EXPECT_EQ(ordered_for(1), (given{{3, deed::drop}, {1, deed::drop}}));
}

TEST_F(roster_test, a_request_that_is_being_dropped_takes_a_place_but_no_work) {
    for (int i = 0; i < 4; ++i)
        (void)it.open();
    EXPECT_EQ(ordered_for(0).size(), 4U);
    EXPECT_EQ(it.decide(4, now).open, 0);
    it.gone(1);
    EXPECT_EQ(it.decide(4, now).open, 1);
}

TEST_F(roster_test, a_session_that_came_of_a_dropped_request_is_retired_or_kept_where_there_is_work) {
    (void)it.open();
    (void)ordered_for(0);
    it.held(1, lifetime, now);
    auto copy = it;
    EXPECT_EQ(listed(copy.decide(0, now)), (given{{1, deed::retire_done}}));
    EXPECT_EQ(listed(it.decide(1, now)), (given{{1, deed::keep}}));
    EXPECT_EQ(it.decide(1, now).open, 0);
}

TEST_F(roster_test, a_dropped_request_that_has_come_to_a_worker_is_one_machine) {
    (void)it.open();
    (void)ordered_for(0);
    EXPECT_EQ(it.decide(1, now).open, 1);
    it.offered(1);
    EXPECT_EQ(it.decide(1, now).open, 0);
    it.held(1, lifetime, now);
    EXPECT_EQ(listed(it.decide(1, now)), given());  // it was kept in time
    auto copy = it;
    it.gone(1);
    EXPECT_EQ(it.decide(1, now).open, 1);
    copy.not_offered(1);
    copy.part(1);
    EXPECT_EQ(copy.decide(1, now).open, 1);
}

TEST_F(roster_test, more_work_takes_a_retirement_back_and_opens_what_is_still_missing) {
    hold(2);
    it.retiring(1, seconds(60), now);
    it.retiring(2, seconds(60), now);
    const auto wanted = it.decide(3, now);
    EXPECT_EQ(listed(wanted), (given{{1, deed::keep}, {2, deed::keep}}));
    EXPECT_EQ(wanted.open, 1);
    it.kept(1);
    it.answered(1);
    it.answered(2);
    EXPECT_EQ(listed(it.decide(3, now)), (given{{2, deed::keep}}));
}

TEST_F(roster_test, a_retiring_session_is_one_machine_until_it_has_ended) {
    hold(2);
    (void)it.decide(2, now);
    now += 9s;
    protect(1);
    it.retiring(1, seconds(60), now);
    EXPECT_EQ(ordered_for(1), given());  // one of two is leaving, and one is wanted
    EXPECT_EQ(it.decide(1, now).open, 0);
    EXPECT_EQ(listed(it.decide(0, now)), given());
    now += 10s;
    EXPECT_EQ(listed(it.decide(0, now)), (given{{2, deed::retire_idle}}));
}

TEST_F(roster_test, a_worker_out_of_reach_is_not_lost_before_the_time_of_its_session_is_over) {
    hold(1);
    it.heard(1, {seconds(30), seconds(40), false}, now);
    it.silent(1, now);
    now += 39s;
    EXPECT_EQ(it.decide(1, now).open, 0);
    EXPECT_FALSE(it.at(1).lost);
    now += 1s;
    const auto wanted = it.decide(1, now);
    EXPECT_EQ(wanted.open, 1);
    EXPECT_EQ(wanted.changed, (std::vector<int>{1}));
    EXPECT_TRUE(it.at(1).lost);
}

TEST_F(roster_test, it_is_not_lost_before_it_was_silent_for_the_patience_whatever_was_heard_long_ago) {
    it.adopt(1, {.order = 1, .held = true, .until = now - 600s});
    it.adopted(now);
    EXPECT_EQ(it.decide(1, now).open, 0);
    it.silent(1, now);
    EXPECT_EQ(it.decide(1, now + 4s).open, 0);
    it.forgive(1, now + 4s);
    EXPECT_EQ(it.decide(1, now + 8s).open, 0);
    EXPECT_EQ(it.decide(1, now + 9s).open, 1);
}

TEST_F(roster_test, one_that_was_replaced_and_answers_again_is_retired_unless_there_is_work) {
    hold(1);
    it.silent(1, now);
    now += 60s;
    EXPECT_EQ(it.decide(1, now).open, 1);
    it.held(it.open(), lifetime, now);
    EXPECT_EQ(listed(it.decide(1, now)), given());
    it.heard(1, {seconds(0), seconds(20), false}, now);
    auto copy = it;
    EXPECT_EQ(listed(copy.decide(1, now)), (given{{1, deed::retire_done}}));
    EXPECT_EQ(copy.decide(1, now).open, 0);
    EXPECT_EQ(listed(it.decide(2, now)), (given{{1, deed::keep}}));
    EXPECT_EQ(it.decide(2, now).open, 0);
}

TEST_F(roster_test, nobody_gives_an_order_to_a_worker_out_of_reach) {
    hold(2);
    it.silent(2, now);
    EXPECT_EQ(ordered_for(1), (given{{1, deed::retire_idle}}));
}

TEST_F(roster_test, adopted_sessions_count_as_wanted_for_one_hysteresis) {
    for (int number : {1, 2})
        it.adopt(number, {.order = static_cast<std::uint64_t>(number), .held = true, .until = now + 60s});
    it.adopted(now);
    now += 300s;  // nobody could tell how much work there is
    EXPECT_EQ(listed(it.decide(0, now)), given());
    now += 9s;
    EXPECT_EQ(listed(it.decide(0, now)), given());
    now += 1s;
    EXPECT_EQ(listed(it.decide(0, now)), (given{{2, deed::retire_idle}, {1, deed::retire_idle}}));
}

TEST_F(roster_test, who_takes_over_takes_retirements_back_and_drops_requests_nobody_needs) {
    it.adopt(1, {.order = 1, .held = true, .unwanted = true, .until = now + 60s});
    it.adopt(2, {.order = 2, .held = true, .retiring = true, .until = now + 60s});
    it.adopt(4, {.order = 3});
    it.adopted(now);
    const auto wanted = it.decide(0, now);
    EXPECT_EQ(listed(wanted), (given{{4, deed::drop}, {1, deed::keep}, {2, deed::keep}}));
    EXPECT_EQ(wanted.changed, (std::vector<int>{1}));
    EXPECT_EQ(it.open(), 3);
    EXPECT_GT(it.at(3).order, it.at(4).order);
}

TEST_F(roster_test, who_takes_over_and_cannot_tell_the_work_keeps_what_is_there) {
    it.adopt(1, {.order = 1, .held = true, .unwanted = true, .until = now + 60s});
    it.adopt(2, {.order = 2});
    it.adopted(now);
    EXPECT_EQ(listed(it.decide_blindly(now)), (given{{1, deed::keep}}));
}

TEST_F(roster_test, while_nobody_can_tell_the_work_nothing_changes_but_what_was_decided_before) {
    hold(2);
    (void)it.decide(2, now);
    EXPECT_EQ(listed(it.decide_blindly(now + 100s)), given());
    it.part(2);
    const auto wanted = it.decide_blindly(now + 100s);
    EXPECT_EQ(listed(wanted), (given{{2, deed::retire_done}}));
    EXPECT_EQ(wanted.open, 0);
}

TEST_F(roster_test, a_renewal_moves_the_end_by_a_lifetime) {
    hold(1);
    it.renewed(1, seconds(20), lifetime, now);
    EXPECT_EQ(it.at(1).until, now + 80s);
    it.heard(1, {seconds(20), seconds(200), false}, now);
    it.renewed(1, seconds(20), lifetime, now);
    EXPECT_EQ(it.at(1).until, now + 200s);
}

}  // namespace
}  // namespace nullworker::client
