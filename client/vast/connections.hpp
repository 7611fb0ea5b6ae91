#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/http_client.hpp>
#include <vast/turnstile.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace nullworker::client {

struct connection_limits {
    std::size_t open = 256;   // in all, those that are kept included
    std::size_t to_one = 64;  // to one peer at once
};

// Sends any number of requests at once, to any number of peers. A connection is kept for the next request to
// its peer; where there are as many as there may be, the one that was used longest ago is closed for a new
// one, and a request for which there is none waits.
class connections {
public:
    connections(asio::any_io_executor executor, net::way_out out, connection_limits limits);
    connections(const connections&) = delete;
    connections& operator=(const connections&) = delete;

    // As http_client::send; its limit counts from when the request has a connection.
    [[nodiscard]] asio::awaitable<result<net::reply>> send(net::call request);

    // From here on peers are verified by this. What is kept is closed.
    void trust(std::shared_ptr<net::tls_trust> roots);

    [[nodiscard]] std::size_t kept() const noexcept { return x_kept.size(); }
    [[nodiscard]] std::size_t in_use() const noexcept { return x_open.inside(); }

private:
    struct idle {
        std::string origin;
        net::http_client client;
    };
    // Requests to one peer that are under way or wait.
    struct queue {
        queue(const asio::any_io_executor& executor, std::size_t places) : door(executor, places) {}

        turnstile door;
        std::size_t users = 0;
    };
    using kept_list = std::list<idle>;
    class visit;

    [[nodiscard]] net::http_client take(const std::string& origin);
    void keep(std::string origin, net::http_client used);
    void close_the_oldest();
    void close_the_stale();

    asio::any_io_executor x_executor;
    net::way_out x_out;
    connection_limits x_limits;
    turnstile x_open;
    std::map<std::string, queue> x_queues;  // by origin
    kept_list x_kept;                       // the one that was used longest ago first
    std::unordered_multimap<std::string, kept_list::iterator> x_by_origin;
};

}  // namespace nullworker::client
