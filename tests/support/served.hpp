#pragma once

#include "support/drive.hpp"
#include "support/raw_connection.hpp"

#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace nullworker::test {

inline const asio::ip::tcp::endpoint any_free_port(asio::ip::address_v4::loopback(), 0);

// Answers with what it understood of the request.
inline asio::awaitable<net::reaction> describe(net::request incoming) {
    co_return net::text_reply(200, std::string(net::to_string(incoming.method)) + ' ' + incoming.path + '|' +
                                       incoming.query + '|' + incoming.body);
}

// Where requests wait in their handler until the test lets them on.
class gate {
public:
    explicit gate(const asio::any_io_executor& loop) : x_arrived(loop), x_opened(loop) {}

    // For the handler.
    [[nodiscard]] asio::awaitable<void> pass() {
        x_arrived.ring();
        co_await x_opened.wait();
        x_opened.ring();  // for everyone who follows
    }

    // For the test: returns when a request has come.
    [[nodiscard]] asio::awaitable<bool> until_somebody_waits() { return x_arrived.wait(); }
    void open() { x_opened.ring(); }

private:
    wakeup x_arrived;
    wakeup x_opened;
};

// A server under test, stopped after each scenario.
class served {
public:
    explicit served(net::handler on_request = describe, net::server_limits limits = {})
        : x_gate(x_loop.get_executor()), x_server(x_loop.get_executor(), "test", limits) {
        x_server.bind(any_free_port, "TEST_PORT");
        x_server.start(std::move(on_request));
    }

    template <class Scenario>
    void drive(const Scenario& scenario) {
        test::drive(x_loop, [&]() -> asio::awaitable<void> {
            co_await scenario();
            x_server.drain();
            co_await x_server.join(std::chrono::seconds(0));
            EXPECT_EQ(x_server.connections(), 0U);
        });
    }

    [[nodiscard]] asio::awaitable<raw_connection> connect() { return connect_raw(x_server.port()); }

    // What comes back, until the server closes the connection, for `bytes`.
    [[nodiscard]] std::string answer_to(std::string bytes) {
        std::string answer;
        drive([&]() -> asio::awaitable<void> {
            auto peer = co_await connect();
            co_await peer.send(bytes);
            answer = co_await peer.read_until_closed();
        });
        return answer;
    }

    net::http_server& server() { return x_server; }

    // For a handler that wants one: it may name the server that it is made for.
    test::gate& gate() { return x_gate; }
    asio::any_io_executor executor() { return x_loop.get_executor(); }

private:
    asio::io_context x_loop;
    class gate x_gate;
    net::http_server x_server;
};

inline std::string get(const std::string& target, const std::string& headers = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n";
}

inline std::string post(const std::string& body, const std::string& headers = "") {
    return "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
}

inline bool starts_with_status(const std::string& answer, int status) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
}

}  // namespace nullworker::test
