#pragma once

#include <nullworker/base/deadline.hpp>
#include <terminal/progress.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace nullworker::client {

// The bound of how often what stands beneath the lines is drawn anew.
inline constexpr std::chrono::milliseconds redrawn_every(100);

// Keeps what stands beneath the lines as it is to be, until cancelled. `show` outlives it.
[[nodiscard]] inline asio::awaitable<void> keep_redrawn(progress& show) {
    while (show.draws()) {
        co_await sleep_for(redrawn_every);
        show.refresh(std::chrono::steady_clock::now());
    }
}

}  // namespace nullworker::client
