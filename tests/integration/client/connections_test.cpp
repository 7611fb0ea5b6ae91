#include "support/drive.hpp"
#include "support/scripted_peer.hpp"

#include <nullworker/base/task_group.hpp>
#include <vast/connections.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

constexpr const char* somewhere = "/p";

class connections_test : public testing::Test {
protected:
    net::call to(const test::scripted_peer& peer) const {
        return {.method = net::verb::post, .target = peer.at(somewhere), .repeatable = x_repeatable};
    }

    asio::awaitable<void> ask(test::scripted_peer& peer) {
        auto request = to(peer);
        const auto answer = co_await x_lines.send(std::move(request));
        x_answers.push_back(answer ? static_cast<int>(answer->status) : -1);
    }

    // Runs `scenario`, then stops the peers.
    template <class Scenario>
    void drive(const Scenario& scenario) {
        for (auto& peer : x_peers)
            peer.reply_always(somewhere, net::json_reply(200, "{}"));
        test::drive(x_loop, [&]() -> asio::awaitable<void> {
            co_await scenario();
            for (auto& peer : x_peers)
                co_await peer.stop();
        });
    }

    asio::io_context x_loop;
    std::array<test::scripted_peer, 3> x_peers{test::scripted_peer(x_loop.get_executor()),
                                               test::scripted_peer(x_loop.get_executor()),
                                               test::scripted_peer(x_loop.get_executor())};
    test::scripted_peer& x_peer = x_peers[0];
    connections x_lines{x_loop.get_executor(), std::make_shared<net::tls_trust>(), {.open = 2, .to_one = 1}};
    bool x_repeatable = false;
    std::vector<int> x_answers;
};

TEST_F(connections_test, the_next_request_to_a_peer_has_the_connection_of_the_last_one) {
    drive([&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i)
            co_await ask(x_peer);
        EXPECT_EQ(x_peer.connections(), 1U);
        EXPECT_EQ(x_lines.kept(), 1U);
    });
    EXPECT_EQ(x_answers, (std::vector{200, 200, 200}));
}

TEST_F(connections_test, where_there_are_as_many_as_may_be_the_oldest_makes_room) {
    drive([&]() -> asio::awaitable<void> {
        for (auto& peer : x_peers)
            co_await ask(peer);
        EXPECT_EQ(x_lines.kept(), 2U);
        co_await ask(x_peers[2]);
        co_await ask(x_peers[1]);
        EXPECT_EQ(x_peers[1].connections() + x_peers[2].connections(), 2U) << "both were kept";
    });
    EXPECT_EQ(x_answers, (std::vector{200, 200, 200, 200, 200}));
}

TEST_F(connections_test, a_peer_gets_no_more_at_once_than_it_may_and_the_others_wait) {
    x_peer.hold_once(somewhere);
    drive([&]() -> asio::awaitable<void> {
        task_group beside(x_loop.get_executor());
        beside.spawn(ask(x_peer));
        (void)co_await x_peer.received(somewhere);
        beside.spawn(ask(x_peer));
        co_await ask(x_peers[1]);
        EXPECT_EQ(x_peer.requests(somewhere).size(), 1U);
        EXPECT_EQ(x_answers.size(), 1U) << "of another peer, which waits for nobody";
        x_peer.let_go();
        co_await beside.join();
    });
    EXPECT_EQ(x_answers, (std::vector{200, 200, 200}));
    EXPECT_EQ(x_lines.in_use(), 0U);
}

TEST_F(connections_test, in_all_there_are_no_more_than_may_be) {
    for (auto& peer : x_peers)
        peer.hold_once(somewhere);
    drive([&]() -> asio::awaitable<void> {
        task_group beside(x_loop.get_executor());
        for (auto& peer : x_peers)
            beside.spawn(ask(peer));
        (void)co_await x_peers[1].received(somewhere);
        EXPECT_EQ(x_lines.in_use(), 2U);
        EXPECT_TRUE(x_peers[2].requests(somewhere).empty());
        x_peers[0].let_go();
        (void)co_await x_peers[2].received(somewhere);
        x_peers[1].let_go();
        x_peers[2].let_go();
        co_await beside.join();
    });
    EXPECT_EQ(x_answers, (std::vector{200, 200, 200}));
}

TEST_F(connections_test, who_is_cancelled_in_the_line_lets_the_next_one_in) {
    x_peer.hold_once(somewhere);
    drive([&]() -> asio::awaitable<void> {
        task_group first(x_loop.get_executor());
        first.spawn(ask(x_peer));
        (void)co_await x_peer.received(somewhere);
        task_group second(x_loop.get_executor());
        second.spawn(ask(x_peer));
        task_group third(x_loop.get_executor());
        third.spawn(ask(x_peer));
        co_await ask(x_peers[1]);
        second.cancel();
        co_await second.join();
        x_peer.let_go();
        co_await third.join();
        co_await first.join();
    });
    EXPECT_EQ(x_answers, (std::vector{200, -1, 200, 200}));
    EXPECT_EQ(x_peer.requests(somewhere).size(), 2U);
    EXPECT_EQ(x_lines.in_use(), 0U);
}

TEST_F(connections_test, what_may_be_sent_twice_survives_a_kept_connection_that_breaks) {
    x_repeatable = true;
    drive([&]() -> asio::awaitable<void> {
        co_await ask(x_peer);
        x_peer.drop_once(somewhere);
        co_await ask(x_peer);
    });
    EXPECT_EQ(x_answers, (std::vector{200, 200}));
    EXPECT_EQ(x_peer.requests(somewhere).size(), 3U);
}

TEST_F(connections_test, what_may_have_had_an_effect_is_not_sent_twice) {
    drive([&]() -> asio::awaitable<void> {
        co_await ask(x_peer);
        x_peer.drop_once(somewhere);
        co_await ask(x_peer);
    });
    EXPECT_EQ(x_answers, (std::vector{200, -1}));
    EXPECT_EQ(x_peer.requests(somewhere).size(), 2U);
}

TEST_F(connections_test, what_is_trusted_anew_is_connected_to_anew) {
    drive([&]() -> asio::awaitable<void> {
        co_await ask(x_peer);
        x_lines.trust(std::make_shared<net::tls_trust>());
        EXPECT_EQ(x_lines.kept(), 0U);
        co_await ask(x_peer);
    });
    EXPECT_EQ(x_answers, (std::vector{200, 200}));
}

}  // namespace
}  // namespace nullworker::client
