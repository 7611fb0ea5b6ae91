#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/interruption.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>

namespace nullworker::client {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

// What a command does; returns its exit code. Gets to know of SIGINT and SIGTERM by `stop`.
using command = std::function<asio::awaitable<int>(asio::any_io_executor executor, interruption& stop)>;

// What becomes of the exit code after a signal.
enum class on_signal {
    exit_128,   // 128 + its number, where the command would return 0 or 1
    keep_code,  // what the command returns
};

// What a second SIGTERM is. Whoever has a job that must not be lost listens to a terminal's Ctrl-C alone: of
// several who tell it to end, each of whom does so once, no one is impatient.
enum class second_sigterm { ends_at_once, is_passed_over };

// Runs a command to its end. The first signal of a `signal_watch` requests `stop`; a second one ends the
// program at once.
int run(command work, on_signal signalled_code = on_signal::exit_128,
        second_sigterm again = second_sigterm::ends_at_once);

// Runs a command that leaves nothing behind, and that a signal may end at once. `make` is called once.
int run_plainly(const std::function<asio::awaitable<int>()>& make);

}  // namespace nullworker::client
