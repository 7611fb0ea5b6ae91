#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/episode.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/consumer/probe_target.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/reservation/health_verdict.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace nullworker::consumer {

struct probe_settings {
    probe_target target;
    std::chrono::steady_clock::duration interval = std::chrono::seconds(10);
    std::chrono::steady_clock::duration timeout = std::chrono::seconds(10);
    std::chrono::steady_clock::duration patience{};  // with the first success; 0: without end
    reservation::verdict_settings verdict;
};

// Asks the consumer again and again whether it is well, and tells `state`. Until the first success it asks
// at least once a second, so that a worker is ready soon after its consumer; what keeps it is a flag, and an
// error for the autoscaler only when the patience is over: a model may load for long. Logs what changes, not
// what each probe finds.
class health_probe {
public:
    // `state` outlives it.
    health_probe(asio::any_io_executor executor, net::way_out out, probe_settings settings,
                 reservation::readiness& state);

    // Probes until cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    [[nodiscard]] const reservation::health_verdict& verdict() const noexcept { return x_verdict; }

    // Probes that failed so far.
    [[nodiscard]] std::uint64_t failures() const noexcept { return x_failures; }

private:
    asio::awaitable<trouble> probe();
    asio::awaitable<trouble> ask(url target);
    asio::awaitable<trouble> connect(tcp_target target);
    asio::awaitable<trouble> run_command(exec_target target);
    void judge(const trouble& met);
    void tell(bool news);
    void tell_of_start();

    asio::any_io_executor x_executor;
    probe_settings x_settings;
    std::string x_name;  // of the target
    std::shared_ptr<net::resolver> x_names;
    net::http_client x_client;
    reservation::health_verdict x_verdict;
    reservation::readiness& x_state;
    episode x_waits;  // for the first success
    std::uint64_t x_failures = 0;
};

}  // namespace nullworker::consumer
