#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/wakeup.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>

namespace nullworker::fleet {

// No test waits longer for what it expects.
inline constexpr auto patience = std::chrono::seconds(20);

// Nor does a whole story take longer: it may wait twice.
inline constexpr auto story_limit = 2 * patience;

// Waits for conditions that change with events.
class observer {
public:
    explicit observer(const asio::any_io_executor& executor) : x_bell(executor) {}

    // Something happened: the condition is worth another look.
    void look() { x_bell.ring(); }

    // Returns when `condition` holds; false when it does not come to.
    asio::awaitable<bool> until(std::function<bool()> condition) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() >= deadline)
                co_return false;
            co_await x_bell.wait_until(deadline);
        }
        co_return true;
    }

private:
    wakeup x_bell;
};

}  // namespace nullworker::fleet
