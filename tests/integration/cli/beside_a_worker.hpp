#pragma once

#include "support/drive.hpp"
#include "support/program.hpp"

#include <nullworker/net/http_client.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::test {

struct ending {
    int code;
    std::string out;
    std::string err;
};

// The answer to one request.
inline net::reply send(const net::call& request) {
    asio::io_context loop;
    return drive(loop, [&]() -> asio::awaitable<net::reply> {
        net::http_client client(loop.get_executor(), std::make_shared<net::tls_trust>());
        auto told = co_await client.send(request);
        co_return std::move(told.value());
    });
}

// A daemon that anybody may reserve, on ports of its own.
class beside_a_worker : public testing::Test {
protected:
    static constexpr int port = 23500;

    void start(std::map<std::string, std::string> more = {}, const char* until = "event=ready") {
        more.merge(std::map<std::string, std::string>{
            {"WORKER_PORT", std::to_string(port)},
            {"VAST_TCP_PORT_" + std::to_string(port), std::to_string(port)},
            {"PUBLIC_IPADDR", "127.0.0.1"},
            {"CONTAINER_ID", "7"},
            {"REPORT_ADDR", "http://127.0.0.1:1"},
            {"NULL_CONTROL_PORT", std::to_string(port + 2)},
            {"NULLWORKER_FLUSH_TIMEOUT", "0.1"},
            {"UNSECURED", "true"}});
        x_daemon.emplace(std::vector<std::string>{NULLWORKERD_PROGRAM}, more);
        x_daemon->wait_for(until);
    }

    static std::vector<std::string> command(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), NULLWORKER_PROGRAM);
        return arguments;
    }

    [[nodiscard]] std::map<std::string, std::string> environment() const {
        return {{"NULL_CONTROL_PORT", std::to_string(port + 2)}};
    }

    ending run(std::vector<std::string> arguments) {
        program it(command(std::move(arguments)), environment());
        const int code = it.wait();
        return {code, it.out(), it.err()};
    }

    // Reserves the worker; the session's id.
    std::string reserve(double lifetime = 60) {
        const nlohmann::json body = {{"auth_data", {{"request_idx", 7}, {"url", url_text()}}},
                                     {"session_id", nullptr},
                                     {"payload", {{"lifetime", lifetime}}}};
        const auto answer = send({.method = net::verb::post,
                                  .target = parse_url(url_text() + "/session/create").value(),
                                  .body = body.dump()});
        return nlohmann::json::parse(answer.body).at("session_id");
    }

    // Returns once somebody waits for the session to change.
    void await_waiter() {
        const auto metrics = parse_url("http://127.0.0.1:" + std::to_string(port + 2) + "/metrics").value();
        while (!contains(send({.target = metrics}).body, "nullworker_waiters 1\n")) {
        }
    }

    static std::string url_text() { return "http://127.0.0.1:" + std::to_string(port); }

    std::optional<program> x_daemon;
};

}  // namespace nullworker::test
