#include <fleet/scaler.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

// A scaler with a clock that a test turns, and workers that do what they are told at once.
class scaler_test : public testing::Test {
protected:
    void use(const parameters& values) { x_scaler.emplace(values); }

    scaler& it() {
        if (!x_scaler)
            x_scaler.emplace(parameters{});
        return *x_scaler;
    }

    void pass(std::chrono::steady_clock::duration span) { x_now = x_now.after(span); }

    // Carries out what is due; the ids of the workers started.
    std::vector<std::int64_t> plan() {
        std::vector<std::int64_t> started;
        for (const auto& due : it().plan(x_now)) {
            if (const auto* start = std::get_if<start_worker>(&due))
                started.push_back(start->worker);
            if (const auto* stop = std::get_if<stop_worker>(&due))
                x_stopped.push_back(stop->worker);
            if (const auto* kill = std::get_if<kill_worker>(&due))
                x_killed.push_back(kill->worker);
        }
        return started;
    }

    void report(std::int64_t id, double cur_load = 0, std::vector<std::int64_t> working = {},
                const std::string& error = {}, double max_perf = 100) {
        wire::status_report report;
        report.id = id;
        report.url = url_of(id);
        report.max_perf = max_perf;
        report.cur_load = cur_load;
        report.working_request_idxs = std::move(working);
        report.error_msg = error;
        EXPECT_TRUE(it().on_report(report, x_now));
    }

    void complete(std::int64_t worker, std::int64_t request_idx,
                  wire::completion_status status = wire::completion_status::success) {
        wire::completion_batch batch;
        batch.worker_id = worker;
        batch.requests.push_back({.request_idx = request_idx, .status = status});
        EXPECT_TRUE(it().on_completions(batch, x_now));
    }

    route_outcome ask(std::int64_t idx = 0, double cost = 100, seconds replay = 60s) {
        return it().route(idx, cost, replay, x_now);
    }

    // The idx of a request that was told to wait.
    std::int64_t ask_and_wait(std::int64_t idx = 0) {
        const auto outcome = ask(idx);
        EXPECT_TRUE(std::holds_alternative<waiting>(outcome));
        return std::holds_alternative<waiting>(outcome) ? std::get<waiting>(outcome).request_idx : 0;
    }

    // The worker a request was given; 0 while it waits.
    std::int64_t worker_for(std::int64_t idx = 0) {
        const auto outcome = ask(idx);
        const auto* granted = std::get_if<ready>(&outcome);
        if (!granted)
            return 0;
        EXPECT_EQ(granted->url, url_of(granted->worker));
        return granted->worker;
    }

    // One request with one worker of its own that works on it: {request, worker}.
    std::pair<std::int64_t, std::int64_t> hold_one() {
        const auto request = ask_and_wait();
        const auto started = plan();
        EXPECT_EQ(started.size(), 1u);
        report(started.at(0));
        EXPECT_EQ(worker_for(request), started.at(0));
        report(started.at(0), 100, {request});
        return {request, started.at(0)};
    }

    static std::string url_of(std::int64_t id) { return "http://127.0.0.1:" + std::to_string(41000 + id); }

    std::size_t count(worker_state state) { return it().counts()[state]; }

    instant x_now = now();
    std::vector<std::int64_t> x_stopped;
    std::vector<std::int64_t> x_killed;
    std::optional<scaler> x_scaler;
};

TEST_F(scaler_test, nothing_runs_without_load) {
    EXPECT_TRUE(plan().empty());
    EXPECT_EQ(it().next_wake(x_now), std::chrono::steady_clock::time_point::max());
}

TEST_F(scaler_test, scales_from_zero_to_three_and_back_to_zero) {
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

TEST_F(scaler_test, each_of_three_requests_at_once_gets_a_worker_of_its_own) {
    std::vector<std::int64_t> requests{ask_and_wait(), ask_and_wait(), ask_and_wait()};
    EXPECT_EQ(requests, (std::vector<std::int64_t>{1, 2, 3}));
    const auto started = plan();
    ASSERT_EQ(started.size(), 3u);
    for (const auto id : started)
        report(id);
    std::vector<std::int64_t> given;
    given.reserve(requests.size());
    for (const auto request : requests)
        given.push_back(worker_for(request));
    std::sort(given.begin(), given.end());
    EXPECT_EQ(given, started);
}

TEST_F(scaler_test, target_util_of_nine_tenths_starts_two_workers_for_one_session) {
    use({.target_util = 0.9});
    ask_and_wait();
    EXPECT_EQ(plan().size(), 2u);
}

TEST_F(scaler_test, rounding_does_not_start_a_worker_too_many) {
    use({.target_util = 0.9});
    ask(0, 90);
    EXPECT_EQ(plan().size(), 1u);
}

TEST_F(scaler_test, max_queue_time_of_thirty_routes_the_next_reservation_to_an_occupied_worker) {
    use({.max_queue_time = 30s, .target_queue_time = 10s});
    const auto [request, worker] = hold_one();
    EXPECT_EQ(worker_for(), worker);
    EXPECT_TRUE(plan().empty());
}

TEST_F(scaler_test, max_queue_time_of_one_keeps_further_reservations_off_an_occupied_worker) {
    hold_one();
    ask_and_wait();
    EXPECT_EQ(plan().size(), 1u);
}

TEST_F(scaler_test, the_shortest_queue_is_chosen_first) {
    use({.min_load = 200, .max_queue_time = 30s, .target_queue_time = 10s});
    const auto started = plan();
    ASSERT_EQ(started.size(), 2u);
    for (const auto worker : started)
        report(worker);
    const auto first = worker_for();
    EXPECT_NE(worker_for(), first);
}

TEST_F(scaler_test, no_more_workers_are_started_than_allowed) {
    use({.max_workers = 2});
    for (int i = 0; i < 5; ++i)
        ask_and_wait();
    EXPECT_EQ(plan().size(), 2u);
    EXPECT_TRUE(plan().empty());
}

TEST_F(scaler_test, min_load_keeps_a_worker_without_requests) {
    use({.min_load = 100});
    const auto started = plan();
    ASSERT_EQ(started.size(), 1u);
    report(started[0]);
    pass(20s);
    report(started[0]);
    plan();
    EXPECT_TRUE(x_stopped.empty());
}

TEST_F(scaler_test, a_worker_is_started_after_the_start_delay) {
    use({.start_delay = 5s});
    ask_and_wait();
    EXPECT_TRUE(plan().empty());
    EXPECT_EQ(count(worker_state::creating), 1u);
    EXPECT_EQ(it().next_wake(x_now), (x_now.monotonic + 5s));
    pass(5s);
    EXPECT_EQ(plan().size(), 1u);
    EXPECT_EQ(count(worker_state::loading), 1u);
}

TEST_F(scaler_test, a_worker_that_is_not_ready_gets_nothing) {
    const auto request = ask_and_wait();
    const auto started = plan();
    report(started.at(0), 0, {}, {}, 0);
    EXPECT_EQ(worker_for(request), 0);
    report(started.at(0));
    EXPECT_EQ(worker_for(request), started.at(0));
}

TEST_F(scaler_test, a_retry_after_a_lost_create_reply_gets_the_same_worker) {
    const auto [request, worker] = hold_one();
    EXPECT_EQ(worker_for(request), worker);
    EXPECT_EQ(it().requests(), 1u);
    EXPECT_DOUBLE_EQ(it().load(), 100);
}

TEST_F(scaler_test, death_returns_the_request_to_the_queue_and_replaces_the_worker) {
    const auto [request, worker] = hold_one();
    it().on_exit(worker, "killed by signal 9", x_now);
    EXPECT_EQ(worker_for(request), 0);
    const auto replacement = plan();
    ASSERT_EQ(replacement.size(), 1u);
    EXPECT_NE(replacement[0], worker);
    report(replacement[0]);
    EXPECT_EQ(worker_for(request), replacement[0]);
}

TEST_F(scaler_test, a_session_that_dies_with_its_worker_keeps_no_replacement_when_nobody_asks_again) {
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

TEST_F(scaler_test, silence_for_thirty_seconds_is_death) {
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

TEST_F(scaler_test, forgiven_silence_is_counted_anew) {
    const auto [request, worker] = hold_one();
    pass(40s);
    it().forgive_silence(x_now);
    plan();
    EXPECT_TRUE(x_killed.empty());
    EXPECT_EQ(it().state_of(worker), worker_state::busy);
}

TEST_F(scaler_test, a_late_rejected_from_another_worker_is_ignored) {
    const auto request = ask_and_wait();
    const auto first = plan().at(0);
    report(first);
    ASSERT_EQ(worker_for(request), first);
    report(first, 0, {}, "backend is down");
    EXPECT_EQ(worker_for(request), 0);
    pass(15s);
    const auto second = plan().at(0);
    report(second);
    ASSERT_EQ(worker_for(request), second);
    complete(first, request, wire::completion_status::rejected);
    EXPECT_EQ(it().state_of(second), worker_state::busy);
    EXPECT_EQ(worker_for(request), second);
}

TEST_F(scaler_test, a_rejected_request_waits_again) {
    use({.max_workers = 1, .max_queue_time = 30s, .target_queue_time = 10s});
    const auto [held, worker] = hold_one();
    const auto outcome = ask();
    const auto second = std::get<ready>(outcome).request_idx;
    complete(worker, second, wire::completion_status::rejected);
    EXPECT_EQ(it().requests(), 2u);
    EXPECT_EQ(worker_for(second), worker);
}

TEST_F(scaler_test, a_request_that_queues_at_an_occupied_worker_starts_no_other) {
    use({.max_queue_time = 30s, .target_queue_time = 10s});
    const auto [held, worker] = hold_one();
    const auto outcome = ask();
    const auto second = std::get<ready>(outcome).request_idx;
    EXPECT_EQ(it().load(), 100);
    EXPECT_TRUE(plan().empty());
    complete(worker, second, wire::completion_status::rejected);
    EXPECT_EQ(it().load(), 100);
    EXPECT_TRUE(plan().empty());
    EXPECT_EQ(worker_for(second), worker);
}

TEST_F(scaler_test, a_completed_request_frees_its_worker_before_the_next_report) {
    const auto [request, worker] = hold_one();
    complete(worker, request);
    EXPECT_EQ(it().state_of(worker), worker_state::idle);
    EXPECT_EQ(worker_for(), worker);
    EXPECT_TRUE(plan().empty());
}

TEST_F(scaler_test, a_request_without_a_completion_counts_for_ever) {
    const auto [request, worker] = hold_one();
    for (int i = 0; i < 100; ++i) {
        pass(10s);
        report(worker);
        plan();
    }
    EXPECT_DOUBLE_EQ(it().load(), 100);
    EXPECT_EQ(it().state_of(worker), worker_state::busy);
}

TEST_F(scaler_test, a_waiting_request_that_nobody_asks_for_is_dropped) {
    const auto request = ask_and_wait();
    pass(59s);
    plan();
    EXPECT_EQ(it().requests(), 1u);
    ask_and_wait(request);
    pass(60s);
    plan();
    EXPECT_EQ(it().requests(), 0u);
}

TEST_F(scaler_test, a_routed_request_that_its_worker_never_names_is_forgotten) {
    const auto request = ask_and_wait();
    const auto worker = plan().at(0);
    report(worker);
    ASSERT_EQ(worker_for(request), worker);
    pass(10s);
    plan();
    EXPECT_EQ(it().requests(), 0u);
    EXPECT_EQ(it().state_of(worker), worker_state::idle);
}

TEST_F(scaler_test, a_claim_that_comes_too_late_is_taken_up_again) {
    const auto request = ask_and_wait();
    const auto worker = plan().at(0);
    report(worker);
    ASSERT_EQ(worker_for(request), worker);
    pass(10s);
    plan();
    ASSERT_EQ(it().requests(), 0u);
    report(worker, 100, {request});
    EXPECT_DOUBLE_EQ(it().load(), 100);
    EXPECT_EQ(worker_for(), 0);
    report(worker);
    EXPECT_EQ(it().state_of(worker), worker_state::idle);
}

TEST_F(scaler_test, a_late_report_does_not_revive_a_finished_request) {
    const auto [request, worker] = hold_one();
    complete(worker, request);
    report(worker, 100, {request});
    EXPECT_EQ(it().requests(), 0u);
}

TEST_F(scaler_test, an_unknown_request_enters_the_queue_under_its_own_number) {
    EXPECT_EQ(ask_and_wait(2), 2);
    EXPECT_EQ(ask_and_wait(), 1);
    EXPECT_EQ(ask_and_wait(), 3);
}

TEST_F(scaler_test, an_older_request_gets_the_free_worker_first) {
    use({.max_workers = 1});
    const auto older = ask_and_wait();
    const auto newer = ask_and_wait();
    report(plan().at(0));
    EXPECT_EQ(worker_for(newer), 0);
    EXPECT_NE(worker_for(older), 0);
}

TEST_F(scaler_test, an_older_request_that_stopped_asking_blocks_nobody) {
    use({.max_workers = 1});
    ask_and_wait();
    const auto newer = ask_and_wait();
    report(plan().at(0));
    pass(7s);
    EXPECT_NE(worker_for(newer), 0);
}

TEST_F(scaler_test, the_queue_is_bounded) {
    use({.max_requests = 2});
    ask_and_wait();
    ask_and_wait();
    EXPECT_EQ(ask_and_wait(), 0);
    EXPECT_EQ(it().requests(), 2u);
}

TEST_F(scaler_test, nonsensical_patience_is_bounded) {
    ask(0, 100, seconds(std::numeric_limits<double>::quiet_NaN()));
    ask(0, 100, seconds(1e300));
    ask(0, 100, seconds(-5));
    pass(2s);
    plan();
    EXPECT_EQ(it().requests(), 2u);
    pass(1h);
    plan();
    EXPECT_EQ(it().requests(), 0u);
}

TEST_F(scaler_test, cold_workers_are_kept_and_started_again_without_delay) {
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

TEST_F(scaler_test, an_idle_worker_that_is_still_wanted_is_not_stopped) {
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

TEST_F(scaler_test, an_errored_worker_gets_nothing_and_is_replaced_when_it_stays_so) {
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

TEST_F(scaler_test, an_error_that_clears_is_forgotten) {
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

TEST_F(scaler_test, after_three_failed_starts_the_next_ones_wait_longer_each_time) {
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

TEST_F(scaler_test, while_starts_fail_one_worker_tries_for_all) {
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

TEST_F(scaler_test, a_worker_that_is_no_longer_wanted_is_not_started_at_all) {
    use({.start_delay = 100s});
    ask(0, 100, 5s);
    plan();
    pass(10s);
    plan();
    EXPECT_TRUE(it().counts().empty());
}

TEST_F(scaler_test, after_closing_everything_stops_and_nothing_starts) {
    const auto [request, worker] = hold_one();
    const auto actions = it().close(x_now);
    ASSERT_EQ(actions.size(), 1u);
    EXPECT_EQ(std::get<stop_worker>(actions[0]).worker, worker);
    it().on_exit(worker, "exited with status 0", x_now);
    EXPECT_TRUE(it().counts().empty());
    ask_and_wait();
    EXPECT_TRUE(plan().empty());
}

TEST_F(scaler_test, the_events_tell_the_whole_story_of_a_worker) {
    const auto [request, worker] = hold_one();
    complete(worker, request);
    report(worker);
    pass(10s);
    plan();
    it().on_exit(worker, "exited with status 0", x_now);
    std::vector<worker_state> states;
    std::vector<request_change> changes;
    for (const auto& happened : it().take_events()) {
        if (const auto* of_worker = std::get_if<worker_event>(&happened))
            states.push_back(of_worker->to);
        if (const auto* of_request = std::get_if<request_event>(&happened))
            changes.push_back(of_request->what);
    }
    using enum worker_state;
    EXPECT_EQ(states, (std::vector{creating, loading, idle, busy, idle, stopping, stopped}));
    EXPECT_EQ(changes, (std::vector{request_change::queued, request_change::routed, request_change::working,
                                    request_change::finished}));
    EXPECT_TRUE(it().take_events().empty());
}

TEST_F(scaler_test, reports_of_strangers_are_refused) {
    wire::status_report report;
    report.id = 7;
    EXPECT_FALSE(it().on_report(report, x_now));
    EXPECT_FALSE(it().on_completions({.worker_id = 7, .mtoken = {}, .requests = {}}, x_now));
}

}  // namespace
}  // namespace nullworker::fleet
