#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace nullworker {

// A bell for one sleeping coroutine: a ring that comes while it is busy is not lost.
class wakeup {
public:
    explicit wakeup(const asio::any_io_executor& executor) : x_timer(executor) {}

    // Cheap where it was rung already.
    void ring() {
        if (!std::exchange(x_rung, true))
            x_timer.cancel();
    }

    [[nodiscard]] bool rung() const noexcept { return x_rung; }

    // Forgets a ring: whoever calls this is about to do what it asked for.
    void silence() { x_rung = false; }

    // Waits for a ring or until `deadline`, whichever comes first; true for a ring, which is then used up.
    [[nodiscard]] asio::awaitable<bool> wait_until(asio::steady_timer::time_point deadline) {
        if (!x_rung) {
            x_timer.expires_at(deadline);
            co_await x_timer.async_wait(nothrow);
        }
        co_return std::exchange(x_rung, false);
    }

    [[nodiscard]] asio::awaitable<bool> wait() { return wait_until(asio::steady_timer::time_point::max()); }

private:
    asio::steady_timer x_timer;
    bool x_rung = false;
};

}  // namespace nullworker
