#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/desk.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace nullworker::app {

// Ends the session when its time is up: a timer on the monotonic clock for a desk that never asks the time.
class expiry {
public:
    // `desk` outlives it.
    expiry(const asio::any_io_executor& executor, reservation::desk& desk)
        : x_desk(desk), x_changed(executor) {}

    // The session, or its time, may have changed.
    void notify() { x_changed.ring(); }

    // Expires sessions until cancelled.
    [[nodiscard]] asio::awaitable<void> run() {
        for (;;) {
            const auto due = x_desk.next_expiry().value_or(std::chrono::steady_clock::time_point::max());
            co_await x_changed.wait_until(due);
            x_desk.expire(now());
        }
    }

private:
    reservation::desk& x_desk;
    wakeup x_changed;
};

}  // namespace nullworker::app
