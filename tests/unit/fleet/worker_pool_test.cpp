#include <fleet/worker_pool.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

class worker_pool_test : public testing::Test {
protected:
    // Whether anything is done at `time`, with that much capacity wanted.
    bool acts(double wanted, instant time) {
        std::vector<action> out;
        const bool buries = !it.bury_silent(time).empty();
        it.plan(wanted, out, time);
        return buries || !out.empty();
    }

    void report(std::int64_t id, const std::string& error = {}, double load = 0) {
        wire::status_report said;
        said.id = id;
        said.max_perf = 100;
        said.cur_load = load;
        said.error_msg = error;
        EXPECT_TRUE(it.hear(said, x_now));
        it.settle(id, 0, x_now);
    }

    void start_one() {
        ASSERT_TRUE(acts(100, x_now));
        ASSERT_EQ(it.live_count(), 1u);
    }

    // Something is done when the pool says so, and not a moment earlier.
    void expect_act_at_deadline(std::chrono::steady_clock::duration after, double wanted) {
        ASSERT_EQ(it.next_deadline(x_now), x_now.monotonic + after);
        EXPECT_FALSE(acts(wanted, x_now.after(after - 1ns)));
        EXPECT_TRUE(acts(wanted, x_now.after(after)));
    }

    parameters x_values{.start_delay = 5s};
    event_log x_log;
    worker_pool it{x_values, x_log};
    instant x_now = now();
};

TEST_F(worker_pool_test, an_empty_one_that_need_not_grow_sleeps_for_ever) {
    EXPECT_FALSE(acts(0, x_now));
    EXPECT_EQ(it.next_deadline(x_now), worker_pool::time_point::max());
}

TEST_F(worker_pool_test, a_start_is_due_after_its_delay) {
    EXPECT_FALSE(acts(100, x_now));
    expect_act_at_deadline(5s, 100);
}

TEST_F(worker_pool_test, silence_is_due_after_the_report_timeout) {
    x_values.start_delay = 0s;
    start_one();
    report(1, {}, 100);
    expect_act_at_deadline(30s, 100);
    EXPECT_EQ(it.find(1)->state, worker_state::dead);
}

TEST_F(worker_pool_test, an_error_is_due_after_the_error_timeout) {
    x_values.start_delay = 0s;
    start_one();
    report(1, "backend is down");
    expect_act_at_deadline(15s, 100);
    EXPECT_EQ(it.find(1)->state, worker_state::stopping);
}

TEST_F(worker_pool_test, idleness_is_due_after_the_inactivity_timeout) {
    x_values.start_delay = 0s;
    start_one();
    report(1);
    expect_act_at_deadline(10s, 0);
    EXPECT_EQ(it.find(1)->state, worker_state::stopping);
}

TEST_F(worker_pool_test, the_last_idle_worker_stays_where_the_timeout_is_negative) {
    x_values.start_delay = 0s;
    x_values.inactivity_timeout = seconds(-1);
    ASSERT_TRUE(acts(200, x_now));
    report(1);
    report(2);
    std::vector<action> out;
    it.plan(0, out, x_now.after(10s));
    EXPECT_EQ(out.size(), 1u);
    EXPECT_EQ(it.live_count(), 1u);
}

TEST_F(worker_pool_test, an_idle_worker_goes_after_the_usual_time_where_none_was_set) {
    x_values.start_delay = 0s;
    x_values.inactivity_timeout.reset();
    start_one();
    report(1);
    expect_act_at_deadline(10s, 0);
}

TEST_F(worker_pool_test, the_idleness_of_a_worker_that_is_wanted_wakes_nobody_twice) {
    x_values.start_delay = 0s;
    start_one();
    report(1);
    EXPECT_FALSE(acts(100, x_now.after(10s)));
    EXPECT_EQ(it.next_deadline(x_now.after(10s)), x_now.monotonic + 30s);
}

TEST_F(worker_pool_test, a_pause_after_failed_starts_is_due_at_its_end) {
    x_values.start_delay = 0s;
    for (int i = 0; i < 3; ++i) {
        start_one();
        it.end(it.all().begin()->first, "exited with status 127", x_now);
    }
    expect_act_at_deadline(1s, 100);
}

TEST_F(worker_pool_test, a_closed_one_waits_for_nothing) {
    x_values.start_delay = 0s;
    start_one();
    std::vector<action> out;
    it.close(out, x_now);
    EXPECT_EQ(out.size(), 1u);
    EXPECT_EQ(it.next_deadline(x_now), worker_pool::time_point::max());
}

TEST_F(worker_pool_test, those_that_are_idle_longest_go_first) {
    x_values.start_delay = 0s;
    ASSERT_TRUE(acts(200, x_now));
    report(2);
    x_now = x_now.after(1s);
    report(1);
    std::vector<action> out;
    it.plan(100, out, x_now.after(10s));
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(std::get<stop_worker>(out[0]).worker, 2);
}

}  // namespace
}  // namespace nullworker::fleet
