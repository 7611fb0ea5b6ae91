#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <list>

namespace nullworker {

// Owns coroutines: each runs until it returns or the group is cancelled. A cancelled coroutine unwinds by
// an exception at its suspension point. Any other exception is a bug and leaves `io_context::run()`.
// The group must be empty when it is destroyed; single-threaded.
class task_group {
public:
    explicit task_group(asio::any_io_executor executor);
    ~task_group();
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    // Starts `task`: called on the event loop, it runs up to its first wait before this returns.
    void spawn(asio::awaitable<void> task);

    // Asks every coroutine to end; they do so at the next turns of the event loop.
    void cancel();

    // Returns when the last coroutine has ended.
    [[nodiscard]] asio::awaitable<void> join();

    // Waits as `join` does, but for at most `limit`; false when some coroutines are still running then.
    [[nodiscard]] asio::awaitable<bool> join_for(std::chrono::steady_clock::duration limit);

    // Waits for at most `patience`, then cancels the coroutines that are left and waits for them. False when
    // it had to cancel.
    [[nodiscard]] asio::awaitable<bool> finish(std::chrono::steady_clock::duration patience);

    [[nodiscard]] std::size_t size() const noexcept { return x_signals.size(); }

private:
    asio::any_io_executor x_executor;
    asio::steady_timer x_emptied;
    std::list<asio::cancellation_signal> x_signals;
};

}  // namespace nullworker
