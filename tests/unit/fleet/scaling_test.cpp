#include "scripted_scaler.hpp"

#include <utility>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

// How many workers there are.
class scaling_test : public scripted_scaler {};

TEST_F(scaling_test, nothing_runs_without_load) {
    EXPECT_TRUE(plan().empty());
    EXPECT_EQ(it().next_wake(x_now), std::chrono::steady_clock::time_point::max());
}

TEST_F(scaling_test, scales_from_zero_to_three_and_back_to_zero) {
    std::vector<std::pair<std::int64_t, std::int64_t>> held;
    for (std::size_t n = 1; n <= 3; ++n) {
        held.push_back(hold_one());
        EXPECT_TRUE(plan().empty());
        EXPECT_EQ(count(worker_state::busy), n);
        pass(2s);
    }
    for (const auto& [request, worker] : held) {
        complete(worker, request);
        report(worker);
        EXPECT_EQ(it().state_of(worker), worker_state::idle);
    }
    plan();
    EXPECT_TRUE(x_stopped.empty());
    EXPECT_EQ(it().next_wake(x_now), (x_now.monotonic + 10s));
    pass(10s);
    plan();
    EXPECT_EQ(x_stopped.size(), 3u);
    for (const auto id : x_stopped)
        it().on_exit(id, "exited with status 0", x_now);
    EXPECT_TRUE(it().counts().empty());
    EXPECT_EQ(it().requests(), 0u);
}

TEST_F(scaling_test, target_util_of_nine_tenths_starts_two_workers_for_one_session) {
    use({.target_util = 0.9});
    ask_and_wait();
    EXPECT_EQ(plan().size(), 2u);
}

TEST_F(scaling_test, rounding_does_not_start_a_worker_too_many) {
    use({.target_util = 0.9});
    ask(0, 90);
    EXPECT_EQ(plan().size(), 1u);
}

TEST_F(scaling_test, no_more_workers_are_started_than_allowed) {
    use({.max_workers = 2});
    for (int i = 0; i < 5; ++i)
        ask_and_wait();
    EXPECT_EQ(plan().size(), 2u);
    EXPECT_TRUE(plan().empty());
}

TEST_F(scaling_test, min_load_keeps_a_worker_without_requests) {
    use({.min_load = 100});
    const auto started = plan();
    ASSERT_EQ(started.size(), 1u);
    report(started[0]);
    pass(20s);
    report(started[0]);
    plan();
    EXPECT_TRUE(x_stopped.empty());
}

TEST_F(scaling_test, a_worker_is_started_after_the_start_delay) {
    use({.start_delay = 5s});
    ask_and_wait();
    EXPECT_TRUE(plan().empty());
    EXPECT_EQ(count(worker_state::creating), 1u);
    EXPECT_EQ(it().next_wake(x_now), (x_now.monotonic + 5s));
    pass(5s);
    EXPECT_EQ(plan().size(), 1u);
    EXPECT_EQ(count(worker_state::loading), 1u);
}

TEST_F(scaling_test, death_returns_the_request_to_the_queue_and_replaces_the_worker) {
    const auto [request, worker] = hold_one();
    it().on_exit(worker, "killed by signal 9", x_now);
    EXPECT_EQ(worker_for(request), 0);
    const auto replacement = plan();
    ASSERT_EQ(replacement.size(), 1u);
    EXPECT_NE(replacement[0], worker);
    report(replacement[0]);
    EXPECT_EQ(worker_for(request), replacement[0]);
}

TEST_F(scaling_test, a_session_that_dies_with_its_worker_keeps_no_replacement_when_nobody_asks_again) {
    const auto [request, worker] = hold_one();
    it().on_exit(worker, "killed by signal 9", x_now);
    const auto replacement = plan();
    ASSERT_EQ(replacement.size(), 1u);
    report(replacement[0]);
    pass(5s);
    (void)plan();
    report(replacement[0]);
    pass(10s);
    (void)plan();
    EXPECT_EQ(x_stopped, replacement);
}

TEST_F(scaling_test, silence_for_thirty_seconds_is_death) {
    const auto [request, worker] = hold_one();
    pass(29s);
    EXPECT_TRUE(plan().empty());
    EXPECT_TRUE(x_killed.empty());
    pass(1s);
    EXPECT_EQ(plan().size(), 1u);
    EXPECT_EQ(x_killed, std::vector{worker});
    EXPECT_EQ(it().state_of(worker), worker_state::dead);
    it().on_exit(worker, "killed by signal 9", x_now);
    EXPECT_FALSE(it().state_of(worker));
}

TEST_F(scaling_test, forgiven_silence_is_counted_anew) {
    const auto [request, worker] = hold_one();
    pass(40s);
    it().forgive_silence(x_now);
    plan();
    EXPECT_TRUE(x_killed.empty());
    EXPECT_EQ(it().state_of(worker), worker_state::busy);
}

TEST_F(scaling_test, an_error_that_is_forgiven_is_counted_anew) {
    const auto [request, worker] = hold_one();
    wire::status_report ill;
    ill.id = worker;
    ill.error_msg = "ill";
    it().on_report(ill, x_now);
    pass(14s);
    it().forgive_silence(x_now);
    pass(14s);
    plan();
    EXPECT_TRUE(x_stopped.empty());
    pass(1s);
    plan();
    EXPECT_EQ(x_stopped, std::vector{worker});
}

TEST_F(scaling_test, cold_workers_are_kept_and_started_again_without_delay) {
    use({.cold_workers = 1, .start_delay = 5s});
    for (int i = 0; i < 2; ++i)
        ask_and_wait();
    plan();
    pass(5s);
    const auto started = plan();
    ASSERT_EQ(started.size(), 2u);
    for (std::int64_t i = 0; i < 2; ++i) {
        report(started[i]);
        const auto worker = worker_for(i + 1);
        EXPECT_NE(worker, 0);
        complete(worker, i + 1);
    }
    pass(10s);
    plan();
    ASSERT_EQ(x_stopped.size(), 2u);
    for (const auto id : x_stopped)
        it().on_exit(id, "exited with status 0", x_now);
    EXPECT_EQ(count(worker_state::stopped), 1u);
    EXPECT_EQ(it().counts().size(), 1u);

    ask_and_wait();
    EXPECT_EQ(plan(), std::vector{x_stopped[0]});
}

TEST_F(scaling_test, an_idle_worker_that_is_still_wanted_is_not_stopped) {
    use({.target_util = 0.9});
    const auto request = ask_and_wait();
    const auto started = plan();
    ASSERT_EQ(started.size(), 2u);
    for (const auto id : started)
        report(id);
    const auto worker = worker_for(request);
    report(worker, 100, {request});
    pass(20s);
    for (const auto id : started)
        report(id, id == worker ? 100 : 0);
    plan();
    EXPECT_TRUE(x_stopped.empty());
}

TEST_F(scaling_test, an_errored_worker_gets_nothing_and_is_replaced_when_it_stays_so) {
    const auto request = ask_and_wait();
    const auto worker = plan().at(0);
    report(worker, 0, {}, "backend is down");
    EXPECT_EQ(it().state_of(worker), worker_state::error);
    EXPECT_EQ(worker_for(request), 0);
    pass(14s);
    EXPECT_TRUE(plan().empty());
    pass(1s);
    EXPECT_EQ(plan().size(), 1u);
    EXPECT_EQ(x_stopped, std::vector{worker});
}

TEST_F(scaling_test, an_error_that_clears_is_forgotten) {
    const auto request = ask_and_wait();
    const auto worker = plan().at(0);
    report(worker, 0, {}, "backend is down");
    pass(14s);
    report(worker);
    pass(14s);
    plan();
    EXPECT_TRUE(x_stopped.empty());
    EXPECT_EQ(worker_for(request), worker);
}

TEST_F(scaling_test, after_three_failed_starts_the_next_ones_wait_longer_each_time) {
    ask(0, 100, 3600s);
    for (int i = 0; i < 3; ++i) {
        const auto started = plan();
        ASSERT_EQ(started.size(), 1u);
        it().on_exit(started[0], "exited with status 127", x_now);
    }
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        EXPECT_TRUE(plan().empty());
        EXPECT_EQ(it().next_wake(x_now), (x_now.monotonic + pause));
        pass(pause);
        const auto started = plan();
        ASSERT_EQ(started.size(), 1u);
        it().on_exit(started[0], "exited with status 127", x_now);
    }
}

TEST_F(scaling_test, while_starts_fail_one_worker_tries_for_all) {
    for (int i = 0; i < 4; ++i)
        ask_and_wait();
    for (const auto id : plan())
        it().on_exit(id, "exited with status 127", x_now);
    pass(1s);
    const auto started = plan();
    ASSERT_EQ(started.size(), 1u);
    report(started[0]);
    pass(1s);
    EXPECT_EQ(plan().size(), 3u);
}

TEST_F(scaling_test, who_waits_is_told_why_no_worker_starts) {
    const auto request = ask_and_wait();
    const auto told = [&] { return std::get<waiting>(ask(request)).text; };
    it().on_exit(plan().at(0), "exited with status 9: boom", x_now);
    EXPECT_EQ(told(), "no worker is free; a worker could not start: exited with status 9: boom");
    const auto second = plan().at(0);
    EXPECT_EQ(told(), "no worker is free; 1 starting; a worker could not start: exited with status 9: boom");
    it().on_exit(second, "killed by signal 11", x_now);
    EXPECT_EQ(told(),
              "no worker is free; 2 workers in a row could not start, the last one: killed by signal 11");
    EXPECT_EQ(it().trouble().in_a_row, 2u);

    const auto third = plan().at(0);
    report(third, 0, {}, "no certificate");
    pass(1s);
    report(third, 100, {7});
    pass(2s);
    (void)plan();
    EXPECT_EQ(it().trouble().in_a_row, 0u) << "one that works proves that they can start";
}

TEST_F(scaling_test, who_waits_is_told_of_an_error) {
    const auto request = ask_and_wait();
    report(plan().at(0), 0, {}, "no certificate");
    EXPECT_EQ(std::get<waiting>(ask(request)).text, "no worker is free; worker 1 reports: no certificate");
}

TEST_F(scaling_test, a_worker_that_is_no_longer_wanted_is_not_started_at_all) {
    use({.start_delay = 100s});
    ask(0, 100, 5s);
    plan();
    pass(10s);
    plan();
    EXPECT_TRUE(it().counts().empty());
}

TEST_F(scaling_test, after_closing_everything_stops_and_nothing_starts) {
    const auto [request, worker] = hold_one();
    const auto actions = it().close(x_now);
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<stop_worker>(actions[0]).worker, worker);
    it().on_exit(worker, "exited with status 0", x_now);
    EXPECT_TRUE(it().counts().empty());
    ask_and_wait();
    EXPECT_TRUE(plan().empty());
}

}  // namespace
}  // namespace nullworker::fleet
