#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/metrics.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/net/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <vector>

namespace nullworker::client {

// Serves GET /metrics to programs of this machine, and to nobody else: net/local_guard.hpp.
class metrics_door {
public:
    // Takes `place`, as net/loopback_place.hpp reads it. Throws startup_error where it cannot.
    metrics_door(const asio::any_io_executor& executor, const std::string& place);

    // Begins to answer: `measure` is called each time.
    void open(std::function<std::vector<metric>()> measure);

    [[nodiscard]] std::string url() const;

    // No answers any more. Before it is destroyed.
    [[nodiscard]] asio::awaitable<void> close();

private:
    struct tables;

    net::reply answer(const net::request& asked);
    net::reply metrics(const net::request& asked);

    std::function<std::vector<metric>()> x_measure;
    std::string x_host;
    net::http_server x_server;
};

}  // namespace nullworker::client
