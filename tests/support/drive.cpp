#include "support/drive.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>

namespace nullworker::test {
namespace {

template <class Condition>
void run_while(asio::io_context& loop, std::chrono::steady_clock::duration limit, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (condition() && loop.run_one_until(deadline) != 0) {
    }
}

}  // namespace

void drive(asio::io_context& loop, asio::awaitable<void> scenario, std::chrono::seconds limit) {
    bool ended = false;
    std::exception_ptr thrown;
    asio::co_spawn(loop, std::move(scenario), [&](std::exception_ptr error) {
        ended = true;
        thrown = std::move(error);
    });
    loop.restart();
    run_while(loop, limit, [&] { return !ended; });
    if (!ended)
        throw std::runtime_error("the scenario did not end");
    if (thrown)
        std::rethrow_exception(thrown);
    run_while(loop, leftover_limit, [&] { return !loop.stopped(); });
    EXPECT_TRUE(loop.stopped()) << "the scenario left something running";
}

asio::awaitable<void> both(asio::awaitable<void> one, asio::awaitable<void> other) {
    using namespace asio::experimental::awaitable_operators;
    co_await (std::move(one) && std::move(other));
}

}  // namespace nullworker::test
