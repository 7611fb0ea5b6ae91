#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <set>

namespace nullworker::client {

// The user's wish to stop, as everyone who waits must know it: waits end early, requests that are under way
// are finished, so that no session is left open.
class interruption {
public:
    // `signal` is what asked for it; 0 for the program itself.
    void request(int signal = 0) {
        x_requested = true;
        x_signal = signal;
        for (auto* timer : x_waiting)
            timer->cancel();
    }

    [[nodiscard]] bool requested() const noexcept { return x_requested; }
    [[nodiscard]] int signal() const noexcept { return x_signal; }

    // Waits until `deadline` or the request, whichever comes first.
    [[nodiscard]] asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point deadline) {
        if (x_requested)
            co_return;
        asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
        x_waiting.insert(&timer);
        co_await timer.async_wait(nothrow);
        x_waiting.erase(&timer);
    }

    [[nodiscard]] asio::awaitable<void> wait_for(std::chrono::steady_clock::duration span) {
        return wait_until(std::chrono::steady_clock::now() + span);
    }

private:
    std::set<asio::steady_timer*> x_waiting;
    bool x_requested = false;
    int x_signal = 0;
};

}  // namespace nullworker::client
