// Requests that are answered when something changes.

#include "support/raw_connection.hpp"
#include "support/served.hpp"

#include <nullworker/net/http_server.hpp>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::get;
using test::raw_connection;
using test::served;

// What requests wait for. `/now` is answered at once, all others when `version` is not 0 or the time is up.
struct board {
    int version = 0;
    std::size_t asked = 0;
    std::chrono::steady_clock::duration patience = 1h;

    handler answers() {
        return [this](const request& incoming) -> awaitable<reaction> {
            ++asked;
            if (incoming.path != "/now" && version == 0 && incoming.may_wait)
                co_return wait_for_change{patience};
            co_return text_reply(200, std::to_string(version));
        };
    }

    // Returns once the handler was asked so often.
    awaitable<void> until_asked(std::size_t times) const {
        while (asked < times)
            co_await asio::post(asio::use_awaitable);
    }
};

awaitable<void> until_connections(http_server& server, std::size_t count) {
    while (server.connections() != count)
        co_await asio::post(asio::use_awaitable);
}

TEST(waiting, a_request_is_answered_when_something_changes) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        under_test.server().look_again();  // which is not yet what it waits for
        co_await news.until_asked(2);
        news.version = 7;
        under_test.server().look_again();
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "7");
        co_await peer.send(get("/now"));
        const auto next = co_await peer.read_message();
        EXPECT_EQ(next.body, "7");
    });
}

TEST(waiting, hundreds_are_answered_in_turns_and_whoever_comes_meanwhile_does_not_wait_for_them) {
    constexpr std::size_t hundreds = 300;
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> peers;
        for (std::size_t i = 0; i < hundreds; ++i) {
            auto peer = co_await under_test.connect();
            co_await peer.send(get("/wait"));
            peers.push_back(std::move(peer));
        }
        auto other = co_await under_test.connect();
        co_await news.until_asked(hundreds);
        news.version = 7;
        under_test.server().look_again();
        co_await other.send(get("/now"));
        const auto answer = co_await other.read_message();
        EXPECT_EQ(answer.body, "7");
        EXPECT_LT(news.asked, hundreds + hundreds / 2) << "most of them still wait for their turn";
        for (auto& peer : peers) {
            const auto told = co_await peer.read_message();
            EXPECT_EQ(told.body, "7");
        }
    });
}

TEST(waiting, a_request_is_answered_when_its_time_is_up) {
    board news;
    news.patience = 20ms;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "0");
        EXPECT_EQ(news.asked, 2U);
    });
}

TEST(waiting, a_change_wakes_every_one_of_many) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> crowd;
        for (std::size_t i = 0; i < 200; ++i) {
            crowd.push_back(co_await under_test.connect());
            co_await crowd.back().send(get("/wait"));
        }
        co_await news.until_asked(200);
        news.version = 1;
        under_test.server().look_again();
        for (auto& each : crowd) {
            const auto answer = co_await each.read_message();
            EXPECT_EQ(answer.body, "1");
        }
    });
}

TEST(waiting, a_peer_that_went_away_is_forgotten_at_once) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto closing = co_await under_test.connect();
        co_await closing.send(get("/wait"));
        auto resetting = co_await under_test.connect();
        co_await resetting.send(get("/wait"));
        co_await news.until_asked(2);
        closing.close();
        resetting.reset();
        co_await until_connections(under_test.server(), 0);
        EXPECT_EQ(news.asked, 2U);
    });
}

TEST(waiting, a_peer_that_sent_more_and_went_away_is_forgotten_too) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        co_await peer.send("GET /half");
        peer.close();
        co_await until_connections(under_test.server(), 0);
        EXPECT_EQ(news.asked, 1U);
    });
}

TEST(waiting, a_peer_that_sends_without_end_is_answered_at_once) {
    board news;
    served under_test(news.answers(), {.max_header_bytes = 256});
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        co_await peer.send(std::string(10000, 'x'));
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "0");
    });
}

TEST(waiting, a_request_that_comes_early_is_answered_after_the_one_that_waits) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait") + get("/now"));
        co_await news.until_asked(1);
        co_await peer.send(get("/now"));
        news.version = 3;
        under_test.server().look_again();
        for (int i = 0; i < 3; ++i) {
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.body, "3");
        }
    });
}

TEST(waiting, a_stopping_server_answers_what_waits) {
    board news;
    served under_test(news.answers());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/wait"));
        co_await news.until_asked(1);
        under_test.server().drain();
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "0");
        EXPECT_EQ(answer.find("Connection"), "close");
    });
}

TEST(waiting, those_who_wait_keep_nobody_out) {
    board news;
    served under_test(news.answers(), {.max_connections = 3});
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> waiting;
        for (std::size_t i = 0; i < 3; ++i) {
            waiting.push_back(co_await under_test.connect());
            co_await waiting.back().send(get("/wait"));
            co_await news.until_asked(i + 1);
        }
        auto urgent = co_await under_test.connect();
        co_await urgent.send(get("/now"));
        const auto answer = co_await urgent.read_message();
        EXPECT_EQ(answer.body, "0");
        // The one that waited longest was answered as if its time was up; the others wait on.
        const auto early = co_await waiting.front().read_message();
        EXPECT_EQ(early.status(), 200);
        news.version = 9;
        under_test.server().look_again();
        for (std::size_t i = 1; i < 3; ++i) {
            const auto late = co_await waiting[i].read_message();
            EXPECT_EQ(late.body, "9");
        }
    });
}

TEST(waiting, those_who_wait_cost_no_newcomer_of_a_burst_its_answer) {
    board news;
    served under_test(news.answers(), {.max_connections = 50});
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> waiting;
        for (std::size_t i = 0; i < 50; ++i) {
            waiting.push_back(co_await under_test.connect());
            co_await waiting.back().send(get("/wait"));
            co_await news.until_asked(i + 1);
        }
        std::vector<raw_connection> burst;
        for (std::size_t i = 0; i < 40; ++i)
            burst.push_back(co_await under_test.connect());
        for (auto& each : burst)
            co_await each.send(get("/now"));
        for (auto& each : burst) {
            const auto answer = co_await each.read_message();
            EXPECT_EQ(answer.body, "0");
        }
        EXPECT_GE(under_test.server().waiting(), 10U);
    });
}

TEST(waiting, a_handler_that_never_answers_is_a_bug_and_no_loop) {
    const handler never = [](const request&) -> awaitable<reaction> { co_return wait_for_change{1ms}; };
    served under_test(never);
    EXPECT_TRUE(test::starts_with_status(under_test.answer_to(get("/", "Connection: close\r\n")), 500));
}

}  // namespace
}  // namespace nullworker::net
