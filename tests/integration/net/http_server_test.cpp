#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/served.hpp"

#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using test::raw_connection;
using test::raw_message;

using test::any_free_port;
using test::describe;
using test::get;
using test::post;
using test::served;
using test::starts_with_status;

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
    served under_test([&](request incoming) -> awaitable<reaction> {
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
    served under_test([](request) -> awaitable<reaction> {
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

TEST(http_server, tells_its_refusal_to_who_writes_all_before_he_reads) {
    constexpr std::size_t size = 20 * 1024 * 1024;
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        for (const auto& bytes :
             {post(std::string(size, 'x')),
              "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1400000\r\n" +
                  std::string(size, 'x') + "\r\n0\r\n\r\n"}) {
            auto peer = co_await under_test.connect();
            co_await peer.send(bytes);
            const auto refused = co_await peer.read_message();
            EXPECT_EQ(refused.status(), 413);
            peer.finish_sending();
            EXPECT_EQ(co_await peer.read_until_closed(), "");
        }
    });
}

TEST(http_server, refuses_a_large_body_that_comes_in_chunks) {
    served under_test(describe, {.max_body_bytes = 10});
    const auto answer = under_test.answer_to(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n");
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
            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
            "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "POST /c||abcde");
    });
}

TEST(http_server, asks_for_the_body_where_the_client_waits_for_that) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(
            "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        const auto proceed = co_await peer.read_header();
        EXPECT_EQ(proceed.status(), 100);
        co_await peer.send("abc");
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "POST /e||abc");
    });
}

TEST(http_server, refuses_a_large_body_before_it_is_sent) {
    served under_test;
    const auto answer = under_test.answer_to(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_TRUE(starts_with_status(answer, 413)) << answer;
}

TEST(http_server, answers_400_to_what_is_no_request) {
    const std::string table[] = {
        "GARBAGE\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1 \r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nBad\x01Name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: \x01\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello", 17),
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
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
        for (const char* bytes : {"", "GET", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"}) {
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
        for (const std::string verb : {"OPTIONS", "PUT", "DELETE", "PATCH", "FROBNICATE"}) {
            co_await peer.send(verb + " /v HTTP/1.1\r\nHost: h\r\n\r\n");
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.body, (verb == "PUT" ? verb : "OTHER") + " /v||") << verb;
        }
    });
}

TEST(http_server, answers_head_without_a_body) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send("HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
        const auto head = co_await peer.read_header();
        EXPECT_EQ(head.status(), 200);
        const auto length = std::to_string(std::string("GET /h||").size());
        EXPECT_EQ(head.find("Content-Length"), length);
        const auto next = co_await peer.read_message();
        EXPECT_EQ(next.body, "GET /next||");
    });
}

TEST(http_server, answers_500_to_a_bug_in_the_handler_and_goes_on) {
    served under_test([](request incoming) -> awaitable<reaction> {
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
    served under_test([&](request) -> awaitable<reaction> {
        co_await under_test.gate().pass();
        co_return text_reply(200, "finished");
    });
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/"));
        co_await under_test.gate().until_somebody_waits();
        under_test.server().drain();
        under_test.gate().open();
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
        co_await half.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Le");
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
    served under_test([&](request) -> awaitable<reaction> {
        co_await under_test.gate().pass();
        co_return text_reply(200, "too late");
    });
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/"));
        co_await under_test.gate().until_somebody_waits();
        under_test.server().drain();
        co_await under_test.server().join(1ms);
        EXPECT_EQ(under_test.server().connections(), 0U);
        EXPECT_EQ(co_await peer.read_until_closed(), "");
    });
}

TEST(http_server, closes_a_connection_whose_request_comes_too_slowly) {
    const server_limits hasty{.header_timeout = 20ms, .body_timeout = 20ms, .idle_timeout = 20ms};
    for (const char* bytes : {"", "GET / HT", "GET / HTTP/1.1\r\nHost: h\r\n",
                              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab"}) {
        served under_test(describe, hasty);
        EXPECT_EQ(under_test.answer_to(bytes), "") << bytes;
    }
}

// Sends `bytes` one by one, a millisecond apart, for as long as the server listens.
awaitable<void> trickle(raw_connection& peer, std::string bytes) {
    wakeup silent(co_await asio::this_coro::executor);
    try {
        for (const char byte : bytes) {
            co_await peer.send(std::string(1, byte));
            const auto next = std::chrono::steady_clock::now() + 1ms;
            co_await silent.wait_until(next);
        }
        ADD_FAILURE() << "all of it was read";
    } catch (const boost::system::system_error&) {  // closed
    }
}

awaitable<void> expect_silence(raw_connection& peer) {
    EXPECT_EQ(co_await peer.read_until_closed(), "");
}

TEST(http_server, gives_a_client_that_trickles_no_more_time) {
    const server_limits hasty{.header_timeout = 20ms, .body_timeout = 20ms};
    const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
    struct row {
        std::string at_once;
        std::string slowly;
    };
    const row table[] = {
        {"", get("/" + std::string(1000, 'x'))},
        {start, "X: " + std::string(1000, 'x') + "\r\n\r\n"},
        {get("/") + get("/"), get("/" + std::string(1000, 'x'))},
        {start + "Content-Length: 1000\r\n\r\n", std::string(1000, 'x')},
        {start + "Transfer-Encoding: chunked\r\n\r\n", "1;" + std::string(1000, 'x')},
        {start + "Transfer-Encoding: chunked\r\n\r\n", "3e8\r\n" + std::string(1000, 'x')},
    };
    for (const auto& row : table) {
        served under_test(describe, hasty);
        under_test.drive([&]() -> awaitable<void> {
            auto peer = co_await under_test.connect();
            co_await peer.send(row.at_once);
            for (std::size_t i = 0; row.at_once.starts_with("GET") && i < 2; ++i)
                co_await peer.read_message();
            co_await test::both(trickle(peer, row.slowly), expect_silence(peer));
        });
    }
}

TEST(http_server, reads_on_behind_a_refusal_for_some_time_only) {
    const server_limits hasty{.max_body_bytes = 10, .linger = 20ms};
    served under_test(describe, hasty);
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
        const auto refused = co_await peer.read_message();
        EXPECT_EQ(refused.status(), 413);
        co_await trickle(peer, std::string(1000, 'x'));
    });
}

TEST(http_server, closes_a_connection_whose_peer_is_silent_behind_a_refusal) {
    served under_test(describe, {.max_body_bytes = 10, .linger_silence = 20ms});
    EXPECT_TRUE(starts_with_status(
        under_test.answer_to("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"), 413));
}

TEST(http_server, closes_a_connection_whose_peer_does_not_read) {
    served under_test(
        [](request) -> awaitable<reaction> { co_return text_reply(200, std::string(32 * 1024 * 1024, 'x')); },
        {.write_timeout = 20ms});
    wakeup silent(under_test.executor());
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/"));
        do {
            const auto next = std::chrono::steady_clock::now() + 1ms;
            co_await silent.wait_until(next);
        } while (under_test.server().connections() > 0);
    });
}

TEST(http_server, closes_a_connection_that_idles_too_long) {
    served under_test(describe, {.idle_timeout = 20ms});
    EXPECT_TRUE(under_test.answer_to(get("/")).ends_with("GET /||"));
}

TEST(http_server, outlasts_the_patience_of_clients_and_tells_them_of_less) {
    served under_test;
    under_test.drive([&]() -> awaitable<void> {
        EXPECT_GT(server_limits().idle_timeout, 75s);
        auto peer = co_await under_test.connect();
        for (const auto& [fields, connection, hint] :
             {std::tuple("", "keep-alive", std::optional<std::string>("timeout=75")),
              {"Connection: close\r\n", "close", std::nullopt}}) {
            co_await peer.send(get("/", fields));
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.find("Connection"), connection);
            EXPECT_EQ(answer.find("Keep-Alive"), hint);
        }
    });
}

TEST(http_server, serves_what_came_in_the_last_moment_of_an_idle_connection) {
    const server_limits hasty{.idle_timeout = 20ms};
    served under_test(describe, hasty);
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        co_await peer.send(get("/first"));
        co_await peer.read_message();
        co_await peer.send(get("/second"));
        // The event loop is busy while the time runs out.
        for (const auto late = std::chrono::steady_clock::now() + 30ms;
             std::chrono::steady_clock::now() < late;) {
        }
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "GET /second||");
    });
}

TEST(http_server, serves_whose_first_bytes_came_while_it_stood_still) {
    const server_limits hasty{.header_timeout = 20ms};
    served under_test(describe, hasty);
    under_test.drive([&]() -> awaitable<void> {
        auto peer = co_await under_test.connect();
        auto other = co_await under_test.connect();
        co_await other.send(get("/"));
        co_await other.read_message();  // by now both are accepted
        co_await peer.send(get("/late"));
        for (const auto late = std::chrono::steady_clock::now() + 30ms;
             std::chrono::steady_clock::now() < late;) {
        }
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "GET /late||");
    });
}

TEST(http_server, gives_a_slow_handler_its_time) {
    wakeup* bell = nullptr;
    served under_test(
        [&](request incoming) -> awaitable<reaction> {
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

// Whether the handler learns of a loopback peer on a server bound to `address` and reached at `target`;
// nothing where this machine has no such address.
std::optional<bool> seen_as_loopback(const char* address, const asio::ip::address& target) {
    std::optional<bool> seen;
    const auto look = [&seen](request incoming) -> awaitable<reaction> {
        seen = incoming.from_loopback;
        co_return empty_reply(204);
    };
    asio::io_context loop;
    http_server server(loop.get_executor(), "test");
    try {
        server.bind({asio::ip::make_address(address), 0}, "TEST_PORT");
    } catch (const startup_error&) {
        return std::nullopt;
    }
    server.start(look);
    test::drive(loop, [&]() -> awaitable<void> {
        asio::ip::tcp::socket socket(loop);
        const asio::ip::tcp::endpoint there(target, server.port());
        co_await socket.async_connect(there, asio::use_awaitable);
        raw_connection peer(std::move(socket));
        co_await peer.send(get("/"));
        co_await peer.read_message();
        server.drain();
        co_await server.join(1s);
    });
    return seen;
}

// The address by which this machine reaches others, or a loopback one where it has none. Nothing is sent.
asio::ip::address outer_address() {
    asio::io_context loop;
    asio::ip::udp::socket socket(loop, asio::ip::udp::v4());
    error_code ec;
    socket.connect({asio::ip::make_address("192.0.2.1"), 9}, ec);
    return ec ? asio::ip::address_v4::loopback() : socket.local_endpoint(ec).address();
}

TEST(http_server, knows_a_peer_on_the_same_machine) {
    EXPECT_EQ(seen_as_loopback("127.0.0.1", asio::ip::make_address("127.0.0.1")), true);
    EXPECT_EQ(seen_as_loopback("0.0.0.0", asio::ip::make_address("127.1.2.3")), true);
    EXPECT_NE(seen_as_loopback("::1", asio::ip::make_address("::1")), false);
    EXPECT_NE(seen_as_loopback("::", asio::ip::make_address("127.0.0.1")), false);
}

TEST(http_server, knows_a_peer_that_may_be_elsewhere) {
    const auto outer = outer_address();
    if (outer.is_loopback() || outer.is_unspecified())
        GTEST_SKIP() << "no address but loopback here";
    EXPECT_EQ(seen_as_loopback("0.0.0.0", outer), false);
    EXPECT_NE(seen_as_loopback("::", outer), true);
}

TEST(http_server, names_the_setting_when_its_port_is_taken) {
    asio::io_context loop;
    test::raw_listener taken(loop.get_executor());
    http_server server(loop.get_executor(), "test");
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
    http_server server(loop.get_executor(), "test");
    server.bind(any_free_port, "TEST_PORT");
    test::drive(loop, [&]() -> awaitable<void> {
        auto peer = co_await test::connect_raw(server.port());
        co_await peer.send(get("/early"));
        server.start(describe);
        const auto answer = co_await peer.read_message();
        EXPECT_EQ(answer.body, "GET /early||");
        server.drain();
        co_await server.join(1s);
    });
}

TEST(http_server, may_be_dropped_without_ever_being_started) {
    asio::io_context loop;
    http_server server(loop.get_executor(), "test");
    server.bind(any_free_port, "TEST_PORT");
    server.drain();
    test::drive(loop, server.join(1s));
}

}  // namespace
}  // namespace nullworker::net
