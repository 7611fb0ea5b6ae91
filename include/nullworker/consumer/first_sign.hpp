#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>

namespace nullworker::consumer {

// Waits for the consumer's first sign of life, before which the worker is not ready: a model may load for
// long, and who has nothing to be probed speaks to the worker when that is done. What keeps it is a flag, and
// an error for the autoscaler only when the patience is over.
class first_sign {
public:
    // `patience` 0: without end. `state` outlives it.
    first_sign(const asio::any_io_executor& executor, std::chrono::steady_clock::duration patience,
               reservation::readiness& state);

    // The consumer gave one, in this process or in a former one of the same run of the container. Whether it
    // is the first.
    bool give();

    [[nodiscard]] bool is_awaited() const noexcept { return !x_given; }

    // Why the worker is not ready; empty once the sign was given.
    [[nodiscard]] std::string reason() const;

    // Tells what is waited for, until the sign was given or this is cancelled.
    [[nodiscard]] asio::awaitable<void> run();

private:
    [[nodiscard]] std::chrono::steady_clock::duration waited() const;

    std::chrono::steady_clock::duration x_patience;
    reservation::readiness& x_state;
    wakeup x_came;
    bool x_given = false;
};

}  // namespace nullworker::consumer
