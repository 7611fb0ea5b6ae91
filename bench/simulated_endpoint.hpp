#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/net/route_table.hpp>
#include <nullworker/net/tls.hpp>
#include <nullworker/wire/routing.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nullworker::bench {

enum class speech { http, https };

// An autoscaler, its console and thousands of workers in one event loop: worker k is 127.0.x.y, all of them
// at one port. Each holds one session, which it renews and retires; no job is ever protected. A request waits
// once and has a worker then, as long as there is one.
class simulated_endpoint {
public:
    simulated_endpoint(asio::any_io_executor executor, std::size_t workers, std::uint16_t port = 0,
                       speech spoken = speech::http);

    [[nodiscard]] std::string origin() const;
    // The certificate by which its own are to be known; empty without TLS.
    [[nodiscard]] const std::string& root_pem() const noexcept { return x_root; }
    static constexpr const char* name = "crowd";

    [[nodiscard]] std::size_t held() const noexcept { return x_held; }
    [[nodiscard]] std::size_t connections() const noexcept { return x_server.connections(); }

    struct figures {
        std::uint64_t routes = 0;
        std::uint64_t lists = 0;  // of workers
        std::uint64_t looks = 0;  // at a session
        std::uint64_t lost = 0;   // sessions whose time was over
    };
    [[nodiscard]] const figures& counted() const noexcept { return x_counted; }

    // Called when a session begins, ends or is looked at, and when the workers are listed.
    void on_change(std::function<void()> told) { x_on_change = std::move(told); }

    [[nodiscard]] asio::awaitable<void> stop();

private:
    using time_point = std::chrono::steady_clock::time_point;

    struct worker {
        std::string url;
        std::int64_t session = 0;  // 0: none
        time_point expires{};
        std::chrono::steady_clock::duration lifetime{};
    };
    struct tables;

    net::reply answer(const net::request& incoming);
    net::reply serve_root(const net::request& incoming);
    net::reply list_endpoints(const net::request& incoming);
    net::reply list_workers(const net::request& incoming);
    net::reply route(const net::request& incoming);
    net::reply create(const net::request& incoming);
    net::reply renew(const net::request& incoming);
    net::reply status(const net::request& incoming);
    net::reply health(const net::request& incoming);
    net::reply end(const net::request& incoming);
    [[nodiscard]] worker* holder(const net::request& incoming);
    void free(worker& one);

    std::string x_root;
    speech x_speech;
    net::http_server x_server;
    std::vector<worker> x_workers;
    std::set<std::size_t> x_free;  // of the workers, by place
    std::set<std::int64_t> x_waited;
    std::string x_listed;
    std::size_t x_held = 0;
    std::int64_t x_last_request = 0;
    std::int64_t x_last_session = 0;
    figures x_counted;
    std::function<void()> x_on_change = [] {};
};

}  // namespace nullworker::bench
