// More clients than the server has room or descriptors for.

#include "support/raw_connection.hpp"
#include "support/served.hpp"

#include <nullworker/base/log.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::describe;
using test::get;
using test::raw_connection;
using test::served;

const std::string half_a_head = "GET / HTTP/1.1\r\nHo";
const std::string half_a_body = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc";

awaitable<void> expect_answer(raw_connection& peer, std::string path) {
    co_await peer.send(get(path));
    const auto answer = co_await peer.read_message();
    EXPECT_EQ(answer.body, "GET " + path + "||");
}

TEST(crowd, of_half_open_connections_keeps_nobody_out) {
    served under_test(describe, {.max_connections = 50});
    auto& server = under_test.server();
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> crowd;
        crowd.reserve(200);
        for (int i = 0; i < 200; ++i) {
            crowd.push_back(co_await under_test.connect());
            co_await crowd.back().send(half_a_head);
        }
        auto honest = co_await under_test.connect();
        co_await expect_answer(honest, "/honest");
        EXPECT_EQ(server.connections(), 50U);
        EXPECT_EQ(server.evicted(), 151U);
        for (int i = 0; i < 151; ++i)
            EXPECT_EQ(co_await crowd[i].read_until_closed(), "");
        co_await crowd.back().send("st: h\r\n\r\n");
        const auto patient = co_await crowd.back().read_message();
        EXPECT_EQ(patient.status(), 200);
    });
}

TEST(crowd, of_connections_that_say_nothing_keeps_nobody_out) {
    served under_test(describe, {.max_connections = 1, .max_silent = 5});
    under_test.drive([&]() -> awaitable<void> {
        std::vector<raw_connection> crowd;
        crowd.reserve(20);
        for (int i = 0; i < 20; ++i)
            crowd.push_back(co_await under_test.connect());
        auto honest = co_await under_test.connect();
        co_await expect_answer(honest, "/honest");
        EXPECT_EQ(under_test.server().connections(), 5U);
        for (int i = 0; i < 16; ++i)
            EXPECT_EQ(co_await crowd[i].read_until_closed(), "");
        // Those that are left took no place from anybody who speaks.
        co_await expect_answer(crowd.back(), "/patient");
    });
}

TEST(crowd, loses_its_idle_members_first_then_those_in_a_head_then_those_in_a_body) {
    served under_test(describe, {.max_connections = 4});
    under_test.drive([&]() -> awaitable<void> {
        auto body = co_await under_test.connect();
        co_await body.send(half_a_body);
        auto older_head = co_await under_test.connect();
        co_await older_head.send(half_a_head);
        auto head = co_await under_test.connect();
        co_await head.send(half_a_head);
        auto idle = co_await under_test.connect();
        co_await expect_answer(idle, "/idle");

        raw_connection* const order[] = {&idle, &older_head, &head, &body};
        std::vector<raw_connection> newcomers;
        newcomers.reserve(std::size(order));
        for (raw_connection* displaced : order) {
            newcomers.push_back(co_await under_test.connect());
            co_await newcomers.back().send(half_a_body);
            EXPECT_EQ(co_await displaced->read_until_closed(), "");
        }
        EXPECT_EQ(under_test.server().evicted(), 4U);
        EXPECT_EQ(under_test.server().connections(), 4U);
    });
}

TEST(crowd, of_one_that_is_being_answered_makes_the_next_wait) {
    const std::string large(8 * 1024 * 1024, 'x');
    std::vector<std::string> order;
    served under_test(
        [&](request incoming) -> awaitable<reaction> {
            order.push_back(incoming.path);
            co_await under_test.gate().pass();
            co_return text_reply(200, large);
        },
        {.max_connections = 1});
    under_test.drive([&]() -> awaitable<void> {
        auto first = co_await under_test.connect();
        co_await first.send(get("/first"));
        co_await under_test.gate().until_somebody_waits();
        auto second = co_await under_test.connect();
        co_await second.send(get("/second"));
        under_test.gate().open();
        const auto answer = co_await first.read_message();
        EXPECT_EQ(answer.body.size(), large.size());
        const auto next = co_await second.read_message();
        EXPECT_EQ(next.body.size(), large.size());
        EXPECT_EQ(under_test.server().connections(), 1U);
        EXPECT_EQ(co_await first.read_until_closed(), "");
    });
    EXPECT_EQ(order, (std::vector<std::string>{"/first", "/second"}));
}

// Returns once the server has seen so many connections, and whatever else was ready.
awaitable<void> until_seen(const http_server& server, std::size_t count) {
    while (server.connections() < count)
        co_await asio::post(asio::use_awaitable);
    for (int i = 0; i < 20; ++i)
        co_await asio::post(asio::use_awaitable);
}

TEST(crowd, that_stands_at_the_door_takes_the_place_of_who_was_answered) {
    served under_test(
        [&](request) -> awaitable<reaction> {
            co_await under_test.gate().pass();
            co_return text_reply(200, "done");
        },
        {.max_connections = 1});
    under_test.drive([&]() -> awaitable<void> {
        auto greedy = co_await under_test.connect();
        co_await greedy.send(get("/1") + get("/2") + get("/3"));
        co_await under_test.gate().until_somebody_waits();
        auto next = co_await under_test.connect();
        co_await next.send(get("/next"));
        co_await until_seen(under_test.server(), 2);
        under_test.gate().open();
        const auto told = co_await greedy.read_message();
        EXPECT_EQ(told.find("Connection"), "close");
        const auto answer = co_await next.read_message();
        EXPECT_EQ(answer.status(), 200);
        EXPECT_EQ(answer.find("Connection"), "keep-alive");
        EXPECT_EQ(co_await greedy.read_until_closed(), "");
    });
}

TEST(crowd, that_does_not_fetch_its_replies_keeps_nobody_out) {
    const auto answers = [](const request& incoming) -> awaitable<reaction> {
        co_return text_reply(200, std::string(incoming.path == "/large" ? 32 * 1024 * 1024 : 1, 'x'));
    };
    served under_test(answers, {.max_connections = 2, .stall = 20ms});
    under_test.drive([&]() -> awaitable<void> {
        auto first = co_await under_test.connect();
        co_await first.send(get("/large"));
        auto second = co_await under_test.connect();
        co_await second.send(get("/large"));
        co_await until_seen(under_test.server(), 2);
        auto honest = co_await under_test.connect();
        co_await honest.send(get("/small"));
        const auto answer = co_await honest.read_message();
        EXPECT_EQ(answer.body, "x");
        EXPECT_EQ(under_test.server().evicted(), 1U);
    });
}

// As when a key is fetched for a signature that does not verify.
TEST(crowd, whose_answers_take_long_keeps_nobody_out) {
    wakeup* never = nullptr;
    served under_test(
        [&](request incoming) -> awaitable<reaction> {
            if (incoming.path == "/slow")
                co_await never->wait();
            co_return text_reply(200, "x");
        },
        {.max_connections = 1, .stall = 20ms});
    wakeup silent(under_test.executor());
    never = &silent;
    under_test.drive([&]() -> awaitable<void> {
        auto slow = co_await under_test.connect();
        co_await slow.send(get("/slow"));
        co_await until_seen(under_test.server(), 1);
        auto honest = co_await under_test.connect();
        co_await honest.send(get("/quick"));
        const auto answer = co_await honest.read_message();
        EXPECT_EQ(answer.body, "x");
        EXPECT_EQ(co_await slow.read_until_closed(), "");
        silent.ring();
    });
}

const auto another_peer = asio::ip::make_address_v4("127.0.0.2");

TEST(crowd, of_one_peer_leaves_the_request_of_another_its_time) {
    served under_test(describe, {.max_connections = 5});
    under_test.drive([&]() -> awaitable<void> {
        auto honest = co_await test::connect_raw_from(another_peer, under_test.server().port());
        co_await honest.send(half_a_head);
        co_await until_seen(under_test.server(), 1);
        std::vector<raw_connection> crowd;
        crowd.reserve(20);
        for (int i = 0; i < 20; ++i) {
            crowd.push_back(co_await under_test.connect());
            co_await crowd.back().send(half_a_head);
        }
        for (int i = 0; i < 16; ++i)
            EXPECT_EQ(co_await crowd[i].read_until_closed(), "");
        co_await honest.send("st: h\r\n\r\n");
        const auto answer = co_await honest.read_message();
        EXPECT_EQ(answer.status(), 200);
    });
}

TEST(crowd, of_one_peer_that_says_nothing_leaves_another_its_time) {
    served under_test(describe, {.max_silent = 5});
    under_test.drive([&]() -> awaitable<void> {
        auto honest = co_await test::connect_raw_from(another_peer, under_test.server().port());
        co_await until_seen(under_test.server(), 1);
        std::vector<raw_connection> crowd;
        crowd.reserve(20);
        for (int i = 0; i < 20; ++i)
            crowd.push_back(co_await under_test.connect());
        for (int i = 0; i < 16; ++i)
            EXPECT_EQ(co_await crowd[i].read_until_closed(), "");
        co_await expect_answer(honest, "/late");
    });
}

TEST(crowd, that_waits_for_an_answer_does_not_hinder_a_drain) {
    served under_test(
        [&](request) -> awaitable<reaction> {
            co_await under_test.gate().pass();
            co_return text_reply(200, "finished");
        },
        {.max_connections = 1});
    under_test.drive([&]() -> awaitable<void> {
        auto first = co_await under_test.connect();
        co_await first.send(get("/"));
        co_await under_test.gate().until_somebody_waits();
        auto second = co_await under_test.connect();
        under_test.server().drain();
        EXPECT_EQ(co_await second.read_until_closed(), "");
        under_test.gate().open();
        const auto answer = co_await first.read_message();
        EXPECT_EQ(answer.body, "finished");
    });
}

// No descriptor is left for this process while it lives, whoever asks.
class descriptor_famine {
public:
    descriptor_famine() {
        int highest = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
            highest = std::max(highest, std::stoi(entry.path().filename()));
        ::getrlimit(RLIMIT_NOFILE, &x_usual);
        auto scarce = x_usual;
        scarce.rlim_cur = static_cast<rlim_t>(highest) + 1;
        ::setrlimit(RLIMIT_NOFILE, &scarce);
        for (int copy = ::dup(STDIN_FILENO); copy >= 0; copy = ::dup(STDIN_FILENO))
            x_hoard.push_back(copy);
    }
    ~descriptor_famine() {
        ::setrlimit(RLIMIT_NOFILE, &x_usual);
        for (const int copy : x_hoard)
            ::close(copy);
    }
    descriptor_famine(const descriptor_famine&) = delete;
    descriptor_famine& operator=(const descriptor_famine&) = delete;

private:
    rlimit x_usual{};
    std::vector<int> x_hoard;
};

// Everything that is ready now has been seen when this returns.
awaitable<void> let_the_server_look(const asio::any_io_executor& executor) {
    wakeup silent(executor);
    for (int i = 0; i < 5; ++i) {
        const auto next = std::chrono::steady_clock::now() + 1ms;
        co_await silent.wait_until(next);
    }
}

// A socket that has its descriptor already.
asio::ip::tcp::socket unconnected(const asio::any_io_executor& executor) {
    asio::ip::tcp::socket socket(executor);
    socket.open(asio::ip::tcp::v4());
    return socket;
}

awaitable<raw_connection> connect(asio::ip::tcp::socket socket, std::uint16_t port) {
    const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
    co_await socket.async_connect(server, asio::use_awaitable);
    co_return raw_connection(std::move(socket));
}

TEST(famine, of_descriptors_makes_new_clients_wait_and_ends) {
    served under_test;
    std::string written;
    under_test.drive([&]() -> awaitable<void> {
        auto socket = unconnected(under_test.executor());
        log::set_level(log::level::warning);
        testing::internal::CaptureStderr();
        std::optional<descriptor_famine> famine(std::in_place);
        auto early = co_await connect(std::move(socket), under_test.server().port());
        co_await early.send(get("/early"));
        co_await let_the_server_look(under_test.executor());
        EXPECT_EQ(under_test.server().connections(), 0U);
        famine.reset();
        log::flush();
        written = testing::internal::GetCapturedStderr();
        log::set_level(log::level::off);
        const auto answer = co_await early.read_message();
        EXPECT_EQ(answer.body, "GET /early||");
    });
    EXPECT_NE(written.find("accept_failed"), std::string::npos) << written;
}

TEST(famine, of_descriptors_takes_one_from_who_waits) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto idle = co_await under_test.connect();
        co_await expect_answer(idle, "/idle");
        auto socket = unconnected(under_test.executor());
        const descriptor_famine famine;
        auto next = co_await connect(std::move(socket), under_test.server().port());
        co_await expect_answer(next, "/next");
        EXPECT_EQ(co_await idle.read_until_closed(), "");
        EXPECT_EQ(under_test.server().connections(), 1U);
        EXPECT_EQ(under_test.server().evicted(), 1U);
    });
}

}  // namespace
}  // namespace nullworker::net
