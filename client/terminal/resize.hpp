#pragma once

#include <nullworker/base/asio.hpp>
#include <terminal/progress.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <csignal>

namespace nullworker::client {

// Draws the last line anew whenever the terminal's size changes, until cancelled. `show` outlives it.
[[nodiscard]] inline asio::awaitable<void> follow_size(progress& show) {
    asio::signal_set changes(co_await asio::this_coro::executor, SIGWINCH);
    for (;;) {
        (void)co_await changes.async_wait(asio::use_awaitable);
        show.redraw();
    }
}

}  // namespace nullworker::client
