#include <nullworker/app/expiry.hpp>
#include <nullworker/base/clock.hpp>

#include <chrono>

namespace nullworker::app {

asio::awaitable<void> expiry::run() {
    for (;;) {
        const auto due = x_desk.next_expiry().value_or(std::chrono::steady_clock::time_point::max());
        co_await x_changed.wait_until(due);
        x_desk.expire(now());
    }
}

}  // namespace nullworker::app
