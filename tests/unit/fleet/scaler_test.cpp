#include "scripted_scaler.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

// Which request goes to which worker.
class scaler_test : public scripted_scaler {};

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
