#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/heartbeat.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>

namespace nullworker::consumer {

// Watches for the consumer's heartbeats while a session is held, and makes of its silence what the policy
// says: a flag, an error for the autoscaler, or a free slot. Logs what changes.
class heartbeat_watch {
public:
    // `desk` and `state` outlive it.
    heartbeat_watch(const asio::any_io_executor& executor, reservation::heartbeat_settings settings,
                    reservation::desk& desk, reservation::readiness& state);

    // The consumer showed that it is alive.
    void beat();

    // The slot may have changed hands.
    void notify() { x_changed.ring(); }

    // Watches until cancelled; returns at once where no heartbeat is expected.
    [[nodiscard]] asio::awaitable<void> run();

    // What is known of the heartbeat.
    [[nodiscard]] const reservation::heartbeat& heartbeat() const noexcept { return x_heartbeat; }

private:
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> held_since() const;
    void tell(reservation::pulse found);

    reservation::heartbeat x_heartbeat;
    reservation::desk& x_desk;
    reservation::readiness& x_state;
    wakeup x_changed;
    reservation::pulse x_told = reservation::pulse::alive;
};

}  // namespace nullworker::consumer
