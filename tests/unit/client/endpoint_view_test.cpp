#include <watch/endpoint_view.hpp>
#include <watch/own_sessions.hpp>
#include <watch/vast_status.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;
using enum lane_state;
using list = std::vector<wire::worker_info>;

wire::worker_info seen(std::int64_t id, const std::string& status, double load = 0) {
    wire::worker_info out;
    out.id = id;
    out.status = status;
    out.cur_load = load;
    out.perf = 100;
    return out;
}

class endpoint_view_test : public testing::Test {
protected:
    void poll(const list& workers) { view.heard(workers, now); }

    void pass(std::chrono::steady_clock::duration span) {
        now = now.after(span);
        told.advance(now);
    }

    // A session in the file whose worker has answered.
    std::string hold(int number, std::optional<std::int64_t> worker, bool retiring = false) {
        file[number] = {.order = static_cast<std::uint64_t>(number),
                        .session_id = "session" + std::to_string(number),
                        .until = now.monotonic + 60s};
        look();
        const auto key = *ours.key_of(number);
        ours.answered(key, {.retiring = retiring, .worker = worker}, now);
        look();
        return key;
    }

    void look() {
        ours.read(file, now);
        view.look_at(ours, now);
    }

    [[nodiscard]] const lane* lane_of(std::int64_t worker) const {
        for (const auto& [number, one] : told.lanes())
            if (one.worker == worker)
                return &one;
        return nullptr;
    }
    [[nodiscard]] lane_state state_of(std::int64_t worker) const {
        const auto* const found = lane_of(worker);
        return found && found->lasting() ? found->lasting()->state : stopped;
    }
    [[nodiscard]] std::string why_of(std::int64_t worker) const {
        const auto* const found = lane_of(worker);
        return found && found->lasting() ? found->lasting()->why : "no lane";
    }

    instant now{std::chrono::steady_clock::time_point(1000s), std::chrono::system_clock::time_point(50000s)};
    timeline told{{.source = "endpoint", .poll_interval = seconds(5)}};
    endpoint_view view{told};
    own_sessions ours;
    std::map<int, noted_session> file;
};

TEST(vast_status, is_drawn_as_vast_bills_it) {
    const std::map<std::string, lane_state> wanted = {
        {"CREATED", creating}, {"creating", creating}, {"LOADING", loading},    {"MODEL_LOADING", loading},
        {"STARTING", loading}, {"UPDATING", loading},  {"IDLE", ready},         {"ready", ready},
        {"running", ready},    {"busy", ready},        {"STOPPING", stopped},   {"STOPPED", stopped},
        {"inactive", stopped}, {"exited", stopped},    {"DESTROYING", stopped}, {"error", error},
        {"ERROR", error},      {"REBOOTING", unknown}, {"UNAVAIL", unknown},    {"UNKNOWN", unknown},
        {"", unknown},
    };
    for (const auto& [word, state] : wanted)
        EXPECT_EQ(meaning_of_status(word).alone, state) << word;
}

TEST_F(endpoint_view_test, draws_each_worker_as_its_status_says) {
    poll({seen(1, "creating"), seen(2, "loading"), seen(3, "idle"), seen(4, "idle", 100), seen(5, "stopped"),
          seen(6, "something new")});
    EXPECT_EQ(state_of(1), creating);
    EXPECT_EQ(state_of(2), loading);
    EXPECT_EQ(state_of(3), ready);
    EXPECT_EQ(state_of(4), taken) << "by others: no session of ours is known";
    EXPECT_EQ(state_of(5), stopped);
    EXPECT_EQ(state_of(6), unknown);
    EXPECT_EQ(why_of(6), "something new");
}

TEST_F(endpoint_view_test, knows_whose_load_it_is_by_the_sessions_here) {
    poll({seen(1, "idle", 100), seen(2, "idle", 100), seen(3, "idle")});
    hold(1, 1);
    hold(2, 3);
    EXPECT_EQ(state_of(1), reserved);
    EXPECT_EQ(state_of(2), taken);
    EXPECT_EQ(state_of(3), reserved) << "the list is older than the session";
    poll({seen(1, "idle", 100), seen(2, "idle"), seen(3, "idle", 100)});
    EXPECT_EQ(state_of(1), reserved);
    EXPECT_EQ(state_of(2), ready);
}

TEST_F(endpoint_view_test, draws_a_session_in_a_lane_of_its_own_where_its_worker_says_no_id) {
    poll({seen(1, "idle", 100)});
    const auto key = hold(1, std::nullopt);
    EXPECT_EQ(state_of(1), taken);
    const auto* const kept = told.find_session(key);
    ASSERT_TRUE(kept && kept->lane);
    EXPECT_FALSE(told.lanes().at(*kept->lane).worker);
    EXPECT_NE(why_of(1).find("perhaps of a session here"), std::string::npos);
    hold(2, 2);
    EXPECT_EQ(state_of(1), taken);
}

TEST_F(endpoint_view_test, knows_retiring_and_draining_of_our_own_sessions_alone) {
    poll({seen(1, "idle", 100), seen(2, "stopping", 100), seen(3, "stopping", 100)});
    hold(1, 1, /*retiring=*/true);
    hold(2, 2);
    EXPECT_EQ(state_of(1), retiring);
    EXPECT_EQ(state_of(2), draining);
    EXPECT_EQ(state_of(3), stopped);
    EXPECT_EQ(why_of(3), "stopping");
}

TEST_F(endpoint_view_test, takes_load_for_that_of_a_session_of_ours_that_has_just_ended) {
    poll({seen(1, "idle", 100)});
    const auto key = hold(1, 1);
    ours.answered(key, {.over = true}, now);
    look();
    EXPECT_EQ(state_of(1), reserved);
    pass(4s);
    poll({seen(1, "idle", 0)});
    EXPECT_EQ(state_of(1), ready);
    pass(5s);
    look();
    poll({seen(1, "idle", 100)});
    EXPECT_EQ(state_of(1), taken);
}

TEST_F(endpoint_view_test, draws_a_reboot_as_what_was_before_it) {
    poll({seen(1, "idle"), seen(2, "loading"), seen(3, "rebooting")});
    pass(5s);
    poll({seen(1, "rebooting"), seen(2, "rebooting"), seen(3, "rebooting")});
    EXPECT_EQ(state_of(1), ready);
    EXPECT_EQ(why_of(1), "rebooting");
    EXPECT_EQ(state_of(2), loading);
    EXPECT_EQ(state_of(3), unknown) << "nobody knows what was before";
}

TEST_F(endpoint_view_test, ends_the_lane_of_a_worker_that_is_named_no_more) {
    poll({seen(1, "idle"), seen(2, "idle")});
    pass(5s);
    poll({seen(2, "idle")});
    EXPECT_FALSE(lane_of(1)->lasting());
    EXPECT_EQ(told.look(now).running, 1);
}

TEST_F(endpoint_view_test, guesses_nothing_while_the_list_does_not_come) {
    poll({seen(1, "idle")});
    for (int i = 0; i < 4; ++i) {
        pass(5s);
        view.failed("cannot list the workers: 429", now);
        hold(1, 1);
    }
    EXPECT_EQ(state_of(1), unknown);
    EXPECT_TRUE(told.look(now).stale);
    EXPECT_EQ(told.look(now).trouble, "cannot list the workers: 429");
    poll({seen(1, "idle")});
    EXPECT_EQ(state_of(1), reserved);
    EXPECT_FALSE(told.look(now).stale);
}

TEST_F(endpoint_view_test, asks_why_a_worker_is_in_error_and_shows_it) {
    poll({seen(1, "error"), seen(2, "idle")});
    EXPECT_EQ(view.unexplained(), std::vector<std::int64_t>{1});
    view.heard_reason(1, "no disk", now);
    EXPECT_TRUE(view.unexplained().empty());
    ASSERT_EQ(told.look(now).errors.size(), 1u);
    EXPECT_EQ(told.look(now).errors[0].reason, "no disk");
    poll({seen(1, "idle"), seen(2, "idle")});
    poll({seen(1, "error"), seen(2, "idle")});
    EXPECT_EQ(view.unexplained(), std::vector<std::int64_t>{1}) << "it is another error";
}

TEST_F(endpoint_view_test, stops_to_ask_for_a_reason_that_no_log_has) {
    poll({seen(1, "error")});
    for (int i = 0; i < 4; ++i) {
        EXPECT_FALSE(view.unexplained().empty());
        view.heard_reason(1, "", now);
    }
    EXPECT_TRUE(view.unexplained().empty());
}

TEST_F(endpoint_view_test, tells_the_parameters_that_were_set) {
    wire::endpoint_info endpoint;
    endpoint.target_util = 0.9;
    endpoint.max_workers = 16;
    endpoint.api_key = "secret";
    view.heard(endpoint);
    const std::vector<std::pair<std::string, std::string>> wanted = {
        {"target_util", "0.9"}, {"max_workers", "16"}, {"endpoint_state", "active"}};
    EXPECT_EQ(told.parameters(), wanted);
    EXPECT_EQ(told.look(now).max_workers, 16);
}

TEST_F(endpoint_view_test, counts_dollars_of_its_own_workers_alone) {
    poll({seen(1, "idle"), seen(2, "idle")});
    EXPECT_FALSE(told.look(now).total.dollars_per_hour);
    view.heard(
        std::vector<instance_price>{{1, 0.25}, {99, 5.0}, {2, std::numeric_limits<double>::quiet_NaN()}});
    EXPECT_EQ(told.look(now).total.dollars_per_hour, 0.25);
    EXPECT_FALSE(lane_of(99)) << "an instance that is no worker of the endpoint";
}

TEST_F(endpoint_view_test, says_when_a_worker_is_new) {
    poll({seen(1, "idle")});
    EXPECT_TRUE(view.take_newcomers());
    poll({seen(1, "idle")});
    EXPECT_FALSE(view.take_newcomers());
    poll({seen(1, "idle"), seen(2, "creating")});
    EXPECT_TRUE(view.take_newcomers());
}

TEST_F(endpoint_view_test, samples_load_capacity_and_what_waits_here) {
    file[1] = {.order = 1};
    look();
    poll({seen(1, "idle", 100), seen(2, "idle"), seen(3, "loading"), seen(4, "stopped")});
    ASSERT_EQ(told.samples().size(), 1u);
    EXPECT_EQ(told.samples()[0].load, 100);
    EXPECT_EQ(told.samples()[0].capacity, 200);
    EXPECT_EQ(told.samples()[0].queue, 1);
}

}  // namespace
}  // namespace nullworker::client::watch
