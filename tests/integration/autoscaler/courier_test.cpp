#include "support/drive.hpp"
#include "support/scripted_peer.hpp"

#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/wire/completion.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::scripted_peer;
using indices = std::vector<std::int64_t>;

constexpr const char* completions_path = "/delete_requests/";

// A courier, a desk that keeps at most three completions, and the autoscaler that takes them.
struct courier_scene {
    asio::io_context loop;
    scripted_peer peer{loop.get_executor()};
    reservation::desk desk{
        {.outbox_capacity = 3}, {[] { return std::string("id"); }, auth::fingerprint}, nullptr};
    courier mail;
    task_group tasks{loop.get_executor()};

    courier_scene()
        : mail(loop.get_executor(),
               uplink(loop.get_executor(), std::make_shared<net::tls_trust>(),
                      {.addresses = {peer.at("")},
                       .name = "completions",
                       .path = completions_path,
                       .policy = {.tries_per_address = 1, .pause = 1ms, .round_pause = 1ms}}),
               1, "t", desk) {
        peer.reply_always(completions_path, net::json_reply(200, "{}"));
    }

    void complete(std::int64_t request_idx) {
        wire::create_request wanted;
        wanted.grant.request_idx = request_idx;
        wanted.lifetime = seconds(60);
        desk.reserve(wanted, reservation::grant_trust::unverified, now());
        desk.release(now());
        mail.notify();
    }

    // Runs the courier and, at the same time, `story`; then everything left is delivered.
    void play(std::function<awaitable<void>()> story) {
        tasks.spawn(mail.run());
        const auto whole = [](courier_scene& self, std::function<awaitable<void>()> told) -> awaitable<void> {
            co_await told();
            self.mail.finish();
            co_await self.tasks.join();
            co_await self.peer.stop();
        };
        test::drive(loop, whole(*this, std::move(story)));
    }

    // What the `number`-th parcel held, from 0.
    indices parcel(std::size_t number) {
        indices out;
        const auto batch =
            wire::parse_completion_batch(peer.requests(completions_path).at(number).body).value();
        for (const auto& each : batch.requests)
            out.push_back(each.request_idx);
        return out;
    }
};

TEST(courier, what_overflows_while_a_parcel_is_under_way_costs_no_other_completion) {
    courier_scene s;
    s.peer.hold_once(completions_path);
    s.play([&s]() -> awaitable<void> {
        for (int i = 1; i <= 3; ++i)
            s.complete(i);
        (void)co_await s.peer.received(completions_path, 1);
        s.complete(4);
        s.complete(5);
        s.peer.let_go();
    });
    ASSERT_EQ(s.peer.requests(completions_path).size(), 2u);
    EXPECT_EQ(s.parcel(0), (indices{1, 2, 3}));
    EXPECT_EQ(s.parcel(1), (indices{4, 5}));
    EXPECT_EQ(s.desk.outbox().dropped(), 2u);
    EXPECT_TRUE(s.desk.outbox().empty());
}

TEST(courier, after_a_failed_parcel_the_oldest_that_are_left_follow_in_order) {
    courier_scene s;
    s.peer.hold_once(completions_path, net::text_reply(500, "no"));
    s.play([&s]() -> awaitable<void> {
        for (int i = 1; i <= 3; ++i)
            s.complete(i);
        (void)co_await s.peer.received(completions_path, 1);
        s.complete(4);
        s.complete(5);
        s.peer.let_go();
        (void)co_await s.peer.received(completions_path, 2);
    });
    ASSERT_EQ(s.peer.requests(completions_path).size(), 2u);
    EXPECT_EQ(s.parcel(1), (indices{3, 4, 5}));
    EXPECT_EQ(s.desk.outbox().dropped(), 2u);
    EXPECT_TRUE(s.desk.outbox().empty());
}

TEST(courier, what_comes_soon_behind_a_parcel_travels_in_the_next_one) {
    courier_scene s;
    s.play([&s]() -> awaitable<void> {
        const auto began = std::chrono::steady_clock::now();
        s.complete(1);
        (void)co_await s.peer.received(completions_path, 1);
        s.complete(2);
        (void)co_await s.peer.received(completions_path, 2);
        EXPECT_GE(std::chrono::steady_clock::now() - began, 100ms);
    });
    EXPECT_EQ(s.parcel(0), (indices{1}));
    EXPECT_EQ(s.parcel(1), (indices{2}));
}

TEST(courier, at_the_end_nothing_is_held_back_for_others) {
    courier_scene s;
    s.play([&s]() -> awaitable<void> {
        s.complete(1);
        (void)co_await s.peer.received(completions_path, 1);
        s.complete(2);
    });
    ASSERT_EQ(s.peer.requests(completions_path).size(), 2u);
    EXPECT_TRUE(s.desk.outbox().empty());
}

TEST(courier, a_parcel_that_fails_is_sent_again_until_it_is_taken) {
    courier_scene s;
    for (int i = 0; i < 20; ++i)
        s.peer.reply_once(completions_path, net::text_reply(503, "later"));
    s.play([&s]() -> awaitable<void> {
        s.complete(1);
        s.complete(2);
        (void)co_await s.peer.received(completions_path, 21);
    });
    EXPECT_EQ(s.parcel(20), (indices{1, 2}));
    EXPECT_EQ(s.desk.outbox().dropped(), 0u);
}

}  // namespace
}  // namespace nullworker::autoscaler
