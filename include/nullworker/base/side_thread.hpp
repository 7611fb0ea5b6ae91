#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace nullworker {

// A thread beside the event loop, for calls that may block for ever: files, foremost. Its jobs run one after
// the other. It begins with the first of them, and where one is stuck it is left behind.
class side_thread {
public:
    // What jobs lead to happens on `executor`.
    explicit side_thread(asio::any_io_executor executor);

    // Jobs that have not begun do not begin any more, and nobody hears of the others.
    ~side_thread();
    side_thread(const side_thread&) = delete;
    side_thread& operator=(const side_thread&) = delete;

    // Runs `job` on the thread, then `done` on the event loop, unless this object is gone by then. `job` may
    // throw nothing and use nothing but what it owns.
    void run(std::function<void()> job, std::function<void()> done);

    // Runs `job` and waits for it, `patience` at most; whether it is done. For what comes before the event
    // loop.
    [[nodiscard]] bool run_before_all(std::function<void()> job,
                                      std::chrono::steady_clock::duration patience);

    // What `job` returns. Fails with operation_aborted where the caller is cancelled first.
    template <class T>
    [[nodiscard]] asio::awaitable<result<T>> call(std::function<T()> job) {
        struct call_state {
            explicit call_state(const asio::any_io_executor& executor)
                : bell(executor, asio::steady_timer::time_point::max()) {}
            asio::steady_timer bell;
            std::optional<T> value;
            bool done = false;
        };
        const auto state = std::make_shared<call_state>(x_executor);
        std::function<void()> work = [state, job = std::move(job)] { state->value = job(); };
        std::function<void()> after = [state] {
            state->done = true;
            state->bell.cancel();
        };
        run(std::move(work), std::move(after));
        co_await state->bell.async_wait(nothrow);
        if (!state->done)
            co_return error_code(asio::error::operation_aborted);
        co_return std::move(*state->value);
    }

private:
    struct shared;

    asio::any_io_executor x_executor;
    std::shared_ptr<shared> x_shared;
};

}  // namespace nullworker
