#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/reservation/health_verdict.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace nullworker::consumer {

struct probe_settings {
    url target;
    std::chrono::steady_clock::duration interval = std::chrono::seconds(10);
    std::chrono::steady_clock::duration timeout = std::chrono::seconds(10);
    int unhealthy_after = 3;  // failures in a row
};

// Asks the consumer again and again whether it is well, and tells `state`. Until the first success it asks
// at least once a second, so that a worker is ready soon after its consumer.
class health_probe {
public:
    // `state` outlives it.
    health_probe(asio::any_io_executor executor, std::shared_ptr<net::tls_trust> trust,
                 probe_settings settings, reservation::readiness& state);

    // Probes until cancelled.
    [[nodiscard]] asio::awaitable<void> run();

private:
    asio::awaitable<std::string> probe();
    void judge(std::string failure);

    probe_settings x_settings;
    net::http_client x_client;
    reservation::health_verdict x_verdict;
    reservation::readiness& x_state;
};

}  // namespace nullworker::consumer
