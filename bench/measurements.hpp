#pragma once

#include "stage.hpp"

#include <string_view>

// What the rows of each group are filled by. Each measures all sides in turns, as often as there are rounds,
// starts what it needs and leaves nothing behind. Throws bench_error.
namespace nullworker::bench {

// Requests a second by wrk, which keeps 32 connections busy.
[[nodiscard]] asio::awaitable<void> throughput(stage& on);

// Instructions a request, counted by callgrind.
[[nodiscard]] asio::awaitable<void> instructions(stage& on);

// Creates and ends over a kept connection.
[[nodiscard]] asio::awaitable<void> latency(stage& on);

// Memory that is a worker's own: idle, after its work, and for connections that lie idle.
[[nodiscard]] asio::awaitable<void> memory(stage& on);

// From its spawn to the first report that says ready, and from SIGTERM to its end.
[[nodiscard]] asio::awaitable<void> life(stage& on);

// Processor time of a worker that nobody uses.
[[nodiscard]] asio::awaitable<void> idleness(stage& on);

// How soon the autoscaler hears of a change, and of a session's end.
[[nodiscard]] asio::awaitable<void> promptness(stage& on);

// Creates beside connections that began a request and never go on, more of them than the worker lets in.
[[nodiscard]] asio::awaitable<void> crowd(stage& on);

// How the work of the fleet's scaler grows.
[[nodiscard]] asio::awaitable<void> growth(stage& on);

// A `follow` that holds thousands of sessions.
[[nodiscard]] asio::awaitable<void> following(stage& on);

// The above by the names of their groups, in the order of the table.
struct measurement {
    std::string_view group;
    asio::awaitable<void> (*take)(stage& on);
};
[[nodiscard]] const std::vector<measurement>& all_measurements();

// Holds a worker with a state file to `cycles` creates and ends; what it needed at the beginning and at the
// end.
struct soak_figures {
    int warm_up = 0;  // cycles before the first look
    usage warm;
    usage last;
    double cycles_per_s = 0;
};
[[nodiscard]] asio::awaitable<soak_figures> soak(stage& on, int cycles);

}  // namespace nullworker::bench
