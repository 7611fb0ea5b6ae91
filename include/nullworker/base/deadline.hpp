#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

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
#include <utility>

namespace nullworker {

// Runs `operation` for at most `limit`, then cancels it, waits until it has unwound, and returns
// errc::timed_out. An operation that fails first fails the whole at once. T needs a default constructor.
template <class T>
[[nodiscard]] asio::awaitable<result<T>> within(std::chrono::steady_clock::duration limit,
                                                asio::awaitable<result<T>> operation) {
    namespace experimental = asio::experimental;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, limit);
    auto group = experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(operation), asio::deferred), timer.async_wait(asio::deferred));
    auto [order, error, outcome, timer_ec] =
        co_await group.async_wait(experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1 && !timer_ec)
        co_return errc::timed_out;
    if (error)
        std::rethrow_exception(error);
    // A cancelled operation may have made a value of it; a cancelled caller is still to unwind here.
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (outcome.has_error() && cancellation.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    co_return std::move(outcome);
}

// Waits for `span`. Returns early, by an exception, only when the coroutine is cancelled.
[[nodiscard]] inline asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration span) {
    asio::steady_timer timer(co_await asio::this_coro::executor, span);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace nullworker
