#include "support/drive.hpp"
#include "support/raw_connection.hpp"

#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::raw_connection;
using test::raw_message;

const asio::ip::tcp::endpoint any_free_port(asio::ip::address_v4::loopback(), 0);

// Answers with what it understood of the request.
awaitable<reply> describe(request incoming) {
    co_return text_reply(200, std::string(to_string(incoming.method)) + ' ' + incoming.path + '|' +
                                  incoming.query + '|' + incoming.body);
}

// A server under test, stopped after each scenario.
class served {
public:
    explicit served(handler on_request = describe, server_limits limits = {})
        : x_server(x_loop.get_executor(), "test", std::move(on_request), limits) {
        x_server.bind(any_free_port, "TEST_PORT");
        x_server.start();
    }

    template <class Scenario>
    void drive(const Scenario& scenario) {
        test::drive(x_loop, [&]() -> awaitable<void> {
            co_await scenario();
            x_server.drain();
            co_await x_server.join(0s);
            EXPECT_EQ(x_server.connections(), 0U);
        });
    }

    [[nodiscard]] awaitable<raw_connection> connect() { return test::connect_raw(x_server.port()); }

    // What comes back, until the server closes the connection, for `bytes`.
    [[nodiscard]] std::string answer_to(std::string bytes) {
        std::string answer;
        drive([&]() -> awaitable<void> {
            auto peer = co_await connect();
            co_await peer.send(bytes);
            answer = co_await peer.read_until_closed();
        });
        return answer;
    }

    http_server& server() { return x_server; }
    asio::any_io_executor executor() { return x_loop.get_executor(); }

private:
    asio::io_context x_loop;
    http_server x_server;
};

std::string get(const std::string& target, const std::string& headers = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

std::string post(const std::string& body, const std::string& headers = "") {
    return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
}

bool starts_with_status(const std::string& answer, int status) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
}

TEST(http_server, answers_further_requests_on_the_same_connection) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        for (int i = 0; i < 3; ++i) {
            co_await peer.send(post(std::to_string(i)));
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.status(), 200);
            EXPECT_EQ(answer.body, "POST /p||" + std::to_string(i));
        }
        EXPECT_EQ(under_test.server().connections(), 1U);
    });
}

TEST(http_server, answers_pipelined_requests_in_order) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(post("a") + get("/b?c=d&e") + post("f"));
        for (const char* expected : {"POST /p||a", "GET /b|c=d&e|", "POST /p||f"}) {
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.body, expected);
        }
    });
}

TEST(http_server, hands_the_handler_the_headers) {
    std::string seen;
    served under_test([&](request incoming) -> awaitable<reply> {
        seen = incoming.find("X-Test").value_or("absent");
        EXPECT_FALSE(incoming.find("x-other").has_value());
        co_return empty_reply(204);
    });
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/", "x-tEsT: value\r\n"));
        co_await peer.read_message();
    });
    EXPECT_EQ(seen, "value");
}

TEST(http_server, sends_what_the_handler_replies) {
    served under_test([](request) -> awaitable<reply> {
        auto answer = json_reply(503, "{}");
        answer.headers.emplace_back("Retry-After", "1");
        co_return answer;
    });
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/"));
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.status(), 503);
        EXPECT_EQ(answer.find("content-type"), "application/json");
        EXPECT_EQ(answer.find("retry-after"), "1");
        EXPECT_EQ(answer.body, "{}");
    });
}

TEST(http_server, closes_where_the_client_asks_for_it) {
    for (const auto& bytes : {get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
        served under_test;
        const auto answer = under_test.answer_to(bytes);
        EXPECT_TRUE(answer.ends_with("GET /||")) << answer;
    }
}

TEST(http_server, takes_a_body_at_the_limit_and_refuses_a_larger_one) {
    const std::size_t limit = 64 * 1024;
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(post(std::string(limit, 'x')));
        const auto taken = co_await peer.read_message();
        EXPECT_EQ(taken.status(), 200);
        for (const std::size_t size : {limit + 1, limit * 16}) {
            auto other = co_await under_test.connect();
            co_await other.send(post(std::string(size, 'x')));
            const auto refused = co_await other.read_message();
            EXPECT_EQ(refused.status(), 413);
            EXPECT_EQ(refused.find("Connection"), "close");
            other.finish_sending();
            EXPECT_EQ(co_await other.read_until_closed(), "");
        }
    });
}

TEST(http_server, refuses_a_large_body_that_comes_in_chunks) {
    served under_test(describe, {.max_body_bytes = 10});
    const auto answer = under_test.answer_to(
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n");
    EXPECT_TRUE(starts_with_status(answer, 413)) << answer;
}

TEST(http_server, refuses_a_header_over_the_limit) {
    const std::string large(9 * 1024, 'x');
    for (const auto& bytes : {get("/", "X: " + large + "\r\n"), get("/" + large)}) {
        served under_test;
        const auto answer = under_test.answer_to(bytes);
        EXPECT_TRUE(starts_with_status(answer, 431)) << answer;
    }
}

TEST(http_server, reads_a_chunked_body) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(
            "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "POST /c||abcde");
    });
}

TEST(http_server, asks_for_the_body_where_the_client_waits_for_that) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send("POST /e HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        const auto proceed = co_await peer.read_header();
        EXPECT_EQ(proceed.status(), 100);
        co_await peer.send("abc");
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "POST /e||abc");
    });
}

TEST(http_server, refuses_a_large_body_before_it_is_sent) {
    served under_test;
    const auto answer =
        under_test.answer_to("POST / HTTP/1.1\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_TRUE(starts_with_status(answer, 413)) << answer;
}

TEST(http_server, answers_400_to_what_is_no_request) {
    const std::string table[] = {
        "GARBAGE\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nBad\x01Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nX: \x01\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello", 17),
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    };
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        for (const auto& bytes : table) {
            auto peer = co_await under_test.connect();
            co_await peer.send(bytes);
            const auto answer = co_await peer.read_until_closed();
            EXPECT_TRUE(starts_with_status(answer, 400)) << bytes << " got " << answer;
        }
    });
}

TEST(http_server, says_nothing_to_a_client_that_leaves) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        for (const char* bytes : {"", "GET", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"}) {
            auto peer = co_await under_test.connect();
            co_await peer.send(bytes);
            peer.finish_sending();
            EXPECT_EQ(co_await peer.read_until_closed(), "") << bytes;
        }
    });
}

TEST(http_server, hands_every_other_verb_to_the_handler_too) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        for (const char* verb : {"OPTIONS", "PUT", "DELETE", "PATCH", "FROBNICATE"}) {
            co_await peer.send(std::string(verb) + " /v HTTP/1.1\r\n\r\n");
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.body, "OTHER /v||") << verb;
        }
    });
}

TEST(http_server, answers_head_without_a_body) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send("HEAD /h HTTP/1.1\r\n\r\n" + get("/next"));
        const auto head = co_await peer.read_header();
        EXPECT_EQ(head.status(), 200);
        const auto next = co_await peer.read_message();
        EXPECT_EQ(next.body, "GET /next||");
    });
}

TEST(http_server, answers_500_to_a_bug_in_the_handler_and_goes_on) {
    served under_test([](request incoming) -> awaitable<reply> {
        if (incoming.path == "/bug")
            throw std::logic_error("a bug");
        if (incoming.path == "/io")
            throw boost::system::system_error(asio::error::connection_reset);
        co_return text_reply(200, "fine");
    });
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        for (const auto& [path, status] : {std::pair("/bug", 500), {"/io", 500}, {"/", 200}}) {
            co_await peer.send(get(path));
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.status(), status) << path;
        }
    });
}

TEST(http_server, lets_connections_beyond_the_cap_wait_for_their_turn) {
    int answered = 0;
    served under_test(
        [&](request incoming) -> awaitable<reply> {
            ++answered;
            const auto answer = co_await describe(std::move(incoming));
            co_return answer;
        },
        {.max_connections = 1});
    under_test.drive([&]() -> awaitable<void> {
        auto first = co_await under_test.connect();
        co_await first.send(get("/first"));
        co_await first.read_message();
        auto second = co_await under_test.connect();
        co_await second.send(get("/second"));
        for (int i = 0; i < 10; ++i) {
            co_await first.send(get("/first"));
            co_await first.read_message();
        }
        EXPECT_EQ(answered, 11);
        EXPECT_EQ(under_test.server().connections(), 1U);
        first.close();
        const auto answer = co_await second.read_message();
        EXPECT_EQ(answer.body, "GET /second||");
    });
}

TEST(http_server, closes_idle_connections_when_it_drains) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto used = co_await under_test.connect();
        co_await used.send(get("/"));
        co_await used.read_message();
        auto fresh = co_await under_test.connect();
        co_await used.send(get("/"));
        co_await used.read_message();
        under_test.server().drain();
        EXPECT_EQ(co_await used.read_until_closed(), "");
        EXPECT_EQ(co_await fresh.read_until_closed(), "");
    });
}

TEST(http_server, takes_no_connection_once_it_drains) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        under_test.server().drain();
        auto refused = error_code();
        try {
            co_await under_test.connect();
        } catch (const boost::system::system_error& e) {
            refused = e.code();
        }
        EXPECT_EQ(refused, asio::error::connection_refused);
    });
}

TEST(http_server, lets_a_busy_connection_finish_when_it_drains) {
    wakeup* arrived = nullptr;
    wakeup* proceed = nullptr;
    served under_test([&](request) -> awaitable<reply> {
        arrived->ring();
        co_await proceed->wait();
        co_return text_reply(200, "finished");
    });
    wakeup arrival(under_test.executor());
    wakeup permission(under_test.executor());
    arrived = &arrival;
    proceed = &permission;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/"));
        co_await arrival.wait();
        under_test.server().drain();
        permission.ring();
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "finished");
        EXPECT_EQ(answer.find("Connection"), "close");
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    });
}

TEST(http_server, answers_a_request_that_was_half_sent_when_it_drained) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto half = co_await under_test.connect();
        auto other = co_await under_test.connect();
        co_await half.send("POST /p HTTP/1.1\r\nContent-Le");
        co_await other.send(get("/"));  // by its reply the server has seen the first half
        co_await other.read_message();
        under_test.server().drain();
        EXPECT_EQ(co_await other.read_until_closed(), "");
        co_await half.send("ngth: 3\r\n\r\nabc");
        const auto answer = co_await half.read_message();
        EXPECT_EQ(answer.body, "POST /p||abc");
        EXPECT_EQ(answer.find("Connection"), "close");
    });
}

TEST(http_server, cancels_what_does_not_finish_in_time) {
    wakeup* arrived = nullptr;
    wakeup* never = nullptr;
    served under_test([&](request) -> awaitable<reply> {
        arrived->ring();
        co_await never->wait();
        co_return text_reply(200, "too late");
    });
    wakeup arrival(under_test.executor());
    wakeup silent(under_test.executor());
    arrived = &arrival;
    never = &silent;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/"));
        co_await arrival.wait();
        under_test.server().drain();
        co_await under_test.server().join(1ms);
        EXPECT_EQ(under_test.server().connections(), 0U);
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    });
}

TEST(http_server, closes_a_connection_whose_request_comes_too_slowly) {
    const server_limits hasty{.header_timeout = 20ms, .body_timeout = 20ms, .idle_timeout = 20ms};
    for (const char* bytes : {"", "GET / HT", "GET / HTTP/1.1\r\nHost: h\r\n",
                              "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"}) {
        served under_test(describe, hasty);
        EXPECT_EQ(under_test.answer_to(bytes), "") << bytes;
    }
}

TEST(http_server, closes_a_connection_that_idles_too_long) {
    served under_test(describe, {.idle_timeout = 20ms});
    EXPECT_TRUE(under_test.answer_to(get("/")).ends_with("GET /||"));
}

TEST(http_server, gives_a_slow_handler_its_time) {
    wakeup* bell = nullptr;
    served under_test(
        [&](request incoming) -> awaitable<reply> {
            const auto later = std::chrono::steady_clock::now() + 30ms;
            co_await bell->wait_until(later);
            const auto answer = co_await describe(std::move(incoming));
            co_return answer;
        },
        {.header_timeout = 5ms, .body_timeout = 5ms, .write_timeout = 5ms});
    wakeup silent(under_test.executor());
    bell = &silent;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/slow"));
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "GET /slow||");
    });
}

TEST(http_server, names_the_setting_when_its_port_is_taken) {
    asio::io_context loop;
    test::raw_listener taken(loop.get_executor());
    http_server server(loop.get_executor(), "test", describe);
    try {
        server.bind({asio::ip::address_v4::loopback(), taken.port()}, "WORKER_PORT");
        FAIL() << "bound a port that is taken";
    } catch (const startup_error& e) {
        const std::string what = e.what();
        EXPECT_NE(what.find("WORKER_PORT"), std::string::npos) << what;
        EXPECT_NE(what.find(std::to_string(taken.port())), std::string::npos) << what;
        EXPECT_NE(what.find("127.0.0.1"), std::string::npos) << what;
    }
}

TEST(http_server, holds_connections_until_it_is_started) {
    asio::io_context loop;
    http_server server(loop.get_executor(), "test", describe);
    server.bind(any_free_port, "TEST_PORT");
    test::drive(loop, [&]() -> awaitable<void> {
        auto peer = co_await test::connect_raw(server.port());
        co_await peer.send(get("/early"));
        server.start();
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "GET /early||");
        server.drain();
        co_await server.join(1s);
    });
}

TEST(http_server, may_be_dropped_without_ever_being_started) {
    asio::io_context loop;
    http_server server(loop.get_executor(), "test", describe);
    server.bind(any_free_port, "TEST_PORT");
    server.drain();
    test::drive(loop, server.join(1s));
}

}  // namespace
}  // namespace nullworker::net
