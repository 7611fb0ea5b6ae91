#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <utility>

namespace nullworker::test {

namespace asio = boost::asio;

// How long a scenario may take, and how long what it leaves behind may take to end. Far above what any needs:
// the bounds only turn a hang into a failure.
inline constexpr std::chrono::seconds scenario_limit{20};
inline constexpr std::chrono::seconds leftover_limit{2};

// Runs `scenario` on `loop` until it returns and nothing is left to do there. Fails the test if it takes too
// long or leaves a coroutine, timer or socket operation behind. What it throws is thrown on.
void drive(asio::io_context& loop, asio::awaitable<void> scenario,
           std::chrono::seconds limit = scenario_limit);

// The same for a scenario with a result, which is returned.
template <class T>
[[nodiscard]] T drive(asio::io_context& loop, asio::awaitable<T> scenario) {
    std::optional<T> out;
    const auto store = [](asio::awaitable<T> inner, std::optional<T>& place) -> asio::awaitable<void> {
        place.emplace(co_await std::move(inner));
    };
    drive(loop, store(std::move(scenario), out));
    return std::move(out).value();
}

// The same for a function that makes the scenario, usually a lambda with captures: it outlives the coroutine.
template <std::invocable Scenario>
decltype(auto) drive(asio::io_context& loop, const Scenario& scenario) {
    return drive(loop, scenario());
}

// Runs both at the same time and returns when both have; a failure of one cancels the other.
[[nodiscard]] asio::awaitable<void> both(asio::awaitable<void> one, asio::awaitable<void> other);

}  // namespace nullworker::test
