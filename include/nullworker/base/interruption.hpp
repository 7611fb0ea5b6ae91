#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <utility>

namespace nullworker {

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

    // Waits until `grace` after the request.
    [[nodiscard]] asio::awaitable<void> wait_past(std::chrono::steady_clock::duration grace) {
        co_await wait_until(std::chrono::steady_clock::time_point::max());
        if (grace <= std::chrono::steady_clock::duration::zero())
            co_return;
        asio::steady_timer timer(co_await asio::this_coro::executor, grace);
        co_await timer.async_wait(nothrow);
    }

private:
    std::set<asio::steady_timer*> x_waiting;
    bool x_requested = false;
    int x_signal = 0;
};

// Runs `operation` to its end or until `grace` after `stop` is requested, which cancels it: then there is
// nothing. T needs a default constructor. `stop` outlives it.
template <class T>
[[nodiscard]] asio::awaitable<std::optional<T>> unless_stopped(
    interruption& stop, asio::awaitable<T> operation, std::chrono::steady_clock::duration grace = {}) {
    namespace experimental = asio::experimental;
    const auto executor = co_await asio::this_coro::executor;
    auto first =
        experimental::make_parallel_group(asio::co_spawn(executor, std::move(operation), asio::deferred),
                                          asio::co_spawn(executor, stop.wait_past(grace), asio::deferred));
    auto [order, error, outcome, stop_error] =
        co_await first.async_wait(experimental::wait_for_one(), asio::use_awaitable);
    if (error && order[0] == 0)
        std::rethrow_exception(error);
    // Either may look like the first when the caller is cancelled, who is still to unwind.
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    if (order[0] == 1)
        co_return std::nullopt;
    co_return std::move(outcome);
}

}  // namespace nullworker
