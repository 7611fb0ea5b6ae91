#include "daemon_launcher.hpp"
#include "support/drive.hpp"

#include <nullworker/base/wakeup.hpp>
#include <vast/known_endpoint.hpp>
#include <vast/serverless.hpp>
#include <watch/endpoint_view.hpp>
#include <watch/own_sessions.hpp>
#include <watch/timeline.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// Client, autoscaler and workers in one process: what a user sees of the whole.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;

fleet::fleet_options options_with(const fleet::parameters& scaling) {
    return {.scaling = scaling, .port = 0, .reach = fleet::wiring::relayed};
}

// The endpoint parameters that were tested with such a worker on Vast.
fleet::parameters tested_parameters() {
    fleet::parameters out;
    out.inactivity_timeout = seconds(0.05);
    return out;
}

class stage {
public:
    explicit stage(const fleet::parameters& scaling)
        : machines(loop.get_executor(), options_with(scaling), make_launcher()),
          api(loop.get_executor(),
              {parse_url(machines.url()).value(), parse_url(machines.url()).value(), "any account"}) {
        launcher->serve(machines);
        machines.on_event([this](const fleet::event& happened) {
            if (const auto* request = std::get_if<fleet::request_event>(&happened))
                requests.push_back(*request);
            changed.ring();
        });
    }

    // Runs `story` with the fleet up, then takes everything down.
    void play(const std::function<asio::awaitable<void>(stage&)>& story) {
        machines.start();
        const auto whole =
            [](stage& self,
               const std::function<asio::awaitable<void>(stage&)>& told) -> asio::awaitable<void> {
            EXPECT_TRUE(co_await self.endpoint.look_up());
            co_await told(self);
            co_await self.machines.stop();
        };
        drive(loop, whole(*this, story));
    }

    asio::awaitable<client::outcome<client::held_session>> reserve() {
        const client::reserve_options wanted{.lifetime = 600s, .timeout = 15s};
        return api.reserve(endpoint, wanted, events, stop);
    }

    // Returns once `reached` holds, looked at after each event of the fleet.
    asio::awaitable<void> until(std::function<bool()> reached) {
        while (!reached())
            co_await changed.wait();
    }

    [[nodiscard]] std::size_t workers() const {
        std::size_t sum = 0;
        for (const auto& [state, count] : machines.counts())
            if (state != fleet::worker_state::stopped && state != fleet::worker_state::dead)
                sum += count;
        return sum;
    }

    [[nodiscard]] std::size_t workers(fleet::worker_state wanted) const {
        const auto counts = machines.counts();
        const auto found = counts.find(wanted);
        return found == counts.end() ? 0 : found->second;
    }

    asio::io_context loop;
    daemon_launcher* launcher = nullptr;  // owned by the fleet
    fleet::fleet machines;
    client::serverless api;
    client::known_endpoint endpoint{loop.get_executor(), api, "local"};
    interruption stop;
    wakeup changed{loop.get_executor()};
    std::vector<std::string> refusals;
    std::vector<std::string> routed;
    std::vector<fleet::request_event> requests;
    client::reserve_events events{
        .on_waiting = [](std::int64_t, const std::string&) {},
        .on_routed = [this](std::int64_t, const std::string& worker) { routed.push_back(worker); },
        .on_refused =
            [this](const std::string& why) {
                refusals.push_back(why);
                changed.ring();
            },
    };

private:
    std::unique_ptr<daemon_launcher> make_launcher() {
        auto made = std::make_unique<daemon_launcher>(loop);
        launcher = made.get();
        return made;
    }
};

TEST(system, three_sessions_get_three_workers_and_the_fleet_shrinks_to_zero) {
    stage one(tested_parameters());
    one.play([](stage& self) -> asio::awaitable<void> {
        EXPECT_EQ(self.workers(), 0u);
        std::vector<client::held_session> held;
        for (std::size_t number = 1; number <= 3; ++number) {
            auto session = co_await self.reserve();
            held.push_back(std::move(session).value());
            EXPECT_EQ(self.workers(), number);
        }
        EXPECT_NE(held[0].worker_url, held[1].worker_url);
        EXPECT_NE(held[1].worker_url, held[2].worker_url);
        EXPECT_NE(held[0].worker_url, held[2].worker_url);
        EXPECT_TRUE(self.refusals.empty());
        for (const auto& session : held) {
            const auto open = co_await self.api.is_open(session);
            EXPECT_TRUE(open.value());
            const auto ended = co_await self.api.end(session);
            EXPECT_TRUE(ended.has_value());
        }
        co_await self.until([&self] { return self.workers() == 0; });
    });
}

TEST(system, what_a_worker_says_of_its_session_makes_its_load_ours_in_what_is_watched) {
    stage one(tested_parameters());
    one.play([](stage& self) -> asio::awaitable<void> {
        using client::watch::lane_state;
        client::watch::timeline told({.source = "endpoint", .poll_interval = seconds(5)});
        client::watch::endpoint_view view(told);
        client::watch::own_sessions ours;
        auto first = co_await self.reserve();
        auto second = co_await self.reserve();
        const auto mine = std::move(first).value();
        const auto somebody_elses = std::move(second).value();
        ours.read({{1, {.order = 1, .session_id = mine.session_id}}}, now());
        const auto standing = co_await self.api.status(mine);
        ours.answered(ours.key_of(1).value(), {.worker = standing.value().worker_id}, now());
        view.look_at(ours, now());
        auto access = self.endpoint.access();
        const auto list = co_await self.api.workers(std::move(access));
        view.heard(list.value(), now());
        const auto all = told.look(now());
        EXPECT_EQ(all.workers.at(lane_state::reserved), 1);
        EXPECT_EQ(all.workers.at(lane_state::taken), 1);
        EXPECT_EQ(told.find_session(ours.key_of(1).value())->row.worker, standing.value().worker_id);
        for (const auto& session : {mine, somebody_elses})
            (void)co_await self.api.end(session);
    });
}

TEST(system, with_a_long_queue_time_the_third_reservation_is_retried_on_an_occupied_worker) {
    auto scaling = tested_parameters();
    scaling.max_queue_time = seconds(30);
    scaling.min_load = 200;  // two workers are there before anybody asks
    stage one(scaling);
    one.play([](stage& self) -> asio::awaitable<void> {
        co_await self.until([&self] { return self.workers(fleet::worker_state::idle) == 2; });
        (void)(co_await self.reserve()).value();
        (void)(co_await self.reserve()).value();
        task_group third(self.loop.get_executor());
        const auto attempt = [](stage& all) -> asio::awaitable<void> { (void)co_await all.reserve(); };
        third.spawn(attempt(self));
        co_await self.until([&self] { return !self.refusals.empty(); });
        EXPECT_NE(self.refusals[0].find("429"), std::string::npos) << self.refusals[0];
        EXPECT_EQ(self.workers(), 2u);
        self.stop.request();
        co_await third.join();
    });
}

TEST(system, with_a_target_utilisation_of_nine_tenths_one_session_starts_two_workers) {
    auto scaling = tested_parameters();
    scaling.target_util = 0.9;
    stage one(scaling);
    one.play([](stage& self) -> asio::awaitable<void> {
        (void)(co_await self.reserve()).value();
        co_await self.until([&self] {
            return self.workers(fleet::worker_state::busy) == 1 &&
                   self.workers(fleet::worker_state::idle) == 1;
        });
        EXPECT_EQ(self.workers(), 2u);
    });
}

TEST(system, a_lost_create_reply_costs_neither_a_session_nor_a_worker) {
    auto scaling = tested_parameters();
    scaling.min_load = 100;
    stage one(scaling);
    one.play([](stage& self) -> asio::awaitable<void> {
        co_await self.until([&self] { return self.workers(fleet::worker_state::idle) == 1; });
        // The client sends the same create once more, then asks for a route again and is sent back.
        self.machines.relay_of(1)->lose_next_reply();
        self.machines.relay_of(1)->lose_next_reply();
        const auto held = (co_await self.reserve()).value();
        EXPECT_EQ(self.machines.relay_of(1)->lost_replies(), 2u);
        EXPECT_EQ(self.refusals.size(), 1u);
        EXPECT_EQ(self.routed.size(), 2u);
        EXPECT_EQ(self.routed[0], self.routed[1]);
        EXPECT_EQ(self.workers(), 1u);
        const auto ended = co_await self.api.end(held);
        EXPECT_TRUE(ended.has_value());
        co_await self.until([&self] {
            return !self.requests.empty() && self.requests.back().what == fleet::request_change::finished;
        });
    });
}

TEST(system, an_outage_of_the_autoscaler_loses_no_completion) {
    auto scaling = tested_parameters();
    scaling.min_load = 100;
    stage one(scaling);
    one.play([](stage& self) -> asio::awaitable<void> {
        co_await self.until([&self] { return self.workers(fleet::worker_state::idle) == 1; });
        const auto held = (co_await self.reserve()).value();
        self.machines.faults().outage_until(now().after(500ms), 503);
        const auto ended = co_await self.api.end(held);
        EXPECT_TRUE(ended.has_value());
        co_await self.until([&self] {
            return !self.requests.empty() && self.requests.back().what == fleet::request_change::finished;
        });
        co_await self.until([&self] { return self.workers(fleet::worker_state::idle) == 1; });
    });
}

TEST(system, a_forged_session_is_refused_by_a_worker_of_the_fleet) {
    auto scaling = tested_parameters();
    scaling.min_load = 100;
    stage one(scaling);
    one.play([](stage& self) -> asio::awaitable<void> {
        co_await self.until([&self] { return self.workers(fleet::worker_state::idle) == 1; });
        auto session = (co_await self.reserve()).value();
        session.grant = wire::json_value::parse("{}").value();
        const auto ended = co_await self.api.end(session);
        EXPECT_FALSE(ended.has_value());
        EXPECT_NE(ended.error().message.find("401"), std::string::npos) << ended.error().message;
    });
}

}  // namespace
}  // namespace nullworker::test
