#include <nullworker/base/task_group.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>
#include <exception>
#include <utility>

namespace nullworker {
namespace {

// Cancellation is how a coroutine is asked to end; everything else goes on to whoever runs the loop.
void rethrow_unless_cancelled(const std::exception_ptr& error) {
    if (!error)
        return;
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::operation_aborted)
            throw;
    }
}

}  // namespace

task_group::task_group(asio::any_io_executor executor)
    : x_executor(std::move(executor)), x_emptied(x_executor) {}

task_group::~task_group() {
    assert(x_signals.empty() && "a task group must outlive its coroutines");
}

void task_group::spawn(asio::awaitable<void> task) {
    const auto signal = x_signals.emplace(x_signals.end());
    auto on_end = [this, signal](const std::exception_ptr& error) {
        x_signals.erase(signal);
        if (x_signals.empty())
            x_emptied.cancel();
        rethrow_unless_cancelled(error);
    };
    asio::co_spawn(x_executor, std::move(task),
                   asio::bind_cancellation_slot(signal->slot(), std::move(on_end)));
}

void task_group::cancel() {
    for (auto signal = x_signals.begin(); signal != x_signals.end();)
        (signal++)->emit(asio::cancellation_type::terminal);
}

asio::awaitable<void> task_group::join() {
    while (!x_signals.empty()) {
        x_emptied.expires_at(asio::steady_timer::time_point::max());
        co_await x_emptied.async_wait(nothrow);
    }
}

asio::awaitable<bool> task_group::join_for(std::chrono::steady_clock::duration limit) {
    const auto deadline = asio::steady_timer::clock_type::now() + limit;
    while (!x_signals.empty() && asio::steady_timer::clock_type::now() < deadline) {
        x_emptied.expires_at(deadline);
        co_await x_emptied.async_wait(nothrow);
    }
    co_return x_signals.empty();
}

asio::awaitable<bool> task_group::finish(std::chrono::steady_clock::duration patience) {
    const bool ended = co_await join_for(patience);
    cancel();
    co_await join();
    co_return ended;
}

}  // namespace nullworker
