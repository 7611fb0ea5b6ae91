#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace nullworker::autoscaler {

// Watches whether the autoscaler takes what it is sent. Where it has taken nothing for too long, nobody can
// reserve the worker, and whoever asks after its health is told why. It holds up no message.
class reach_watch {
public:
    using duration = std::chrono::steady_clock::duration;

    // `patience` is how long a message may be under way; 0: without end. `state` outlives it.
    reach_watch(const asio::any_io_executor& executor, duration patience, reservation::readiness& state);

    // A message is on its way, or still is; a try failed; it was accepted.
    void begun();
    void failed(const std::string& address, const trouble& met);
    void accepted();

    // Whether one has been under way for too long.
    [[nodiscard]] bool is_lost() const noexcept { return x_lost; }

    // Watches until cancelled.
    [[nodiscard]] asio::awaitable<void> run();

private:
    using time_point = std::chrono::steady_clock::time_point;

    [[nodiscard]] time_point due() const;
    void tell();

    duration x_patience;
    reservation::readiness& x_state;
    wakeup x_changed;
    std::optional<time_point> x_begun;  // since when a message is under way
    std::string x_failure;              // of the last try
    bool x_lost = false;
};

}  // namespace nullworker::autoscaler
