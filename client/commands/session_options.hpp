#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/interruption.hpp>
#include <terminal/progress.hpp>
#include <vast/venue.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>

namespace nullworker::client {

// What every command that holds sessions can be told.
struct session_options {
    venue_options where;
    std::optional<seconds> lifetime;  // renewed in time, so it is how long a lost session lingers
    std::optional<seconds> timeout;   // for one reservation
    double session_cost = 100.0;
    bool json = false;
};

// The longest time for one reservation: machines are rented in minutes, processes start in no time.
[[nodiscard]] std::chrono::steady_clock::duration reservation_timeout(const session_options& options,
                                                                      bool local);

// Reserves a session and shows each step as session `number`; a failure is shown too. All references outlive
// the call.
[[nodiscard]] asio::awaitable<outcome<held_session>> reserve_shown(venue& place,
                                                                   const session_options& options,
                                                                   seconds lifetime, progress& show,
                                                                   int number, interruption& stop);

// Shows how many workers are in which state, until cancelled. Both outlive it.
[[nodiscard]] asio::awaitable<void> watch_workers(venue& place, progress& show);

}  // namespace nullworker::client
