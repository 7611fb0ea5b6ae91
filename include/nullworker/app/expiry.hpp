#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/desk.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

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
    [[nodiscard]] asio::awaitable<void> run();

private:
    reservation::desk& x_desk;
    wakeup x_changed;
};

}  // namespace nullworker::app
