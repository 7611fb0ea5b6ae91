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
// the other. It begins with the first of them, and where one is stuck it is left behind. Where the system
// gives no thread, the jobs run on the event loop after all: to hold it up is better than to do nothing.
class side_thread {
public:
    // What jobs lead to happens on `executor`.
    explicit side_thread(asio::any_io_executor executor);

    // Jobs that have not begun do not begin any more, and nobody hears of the others.
    ~side_thread();
    side_thread(const side_thread&) = delete;
    side_thread& operator=(const side_thread&) = delete;

    // Gets the thread, for who can do without a job that would run on the event loop. Fails where the system
    // gives none.
    [[nodiscard]] error_code begin();

    // Runs `job` on the thread, then `done` on the event loop, unless this object is gone by then. `job` may
    // throw nothing and use nothing but what it owns.
    void run(std::function<void()> job, std::function<void()> done);

    // Looks out for the end of a job, `longest` at most, and hears of it at once: for some microseconds, in
    // which a healthy disk is done and the loop could not even be told. Called on the event loop.
    void watch(std::chrono::steady_clock::duration longest);

    // Runs `job` and waits for it, `patience` at most; whether it is done. For what comes before the event
    // loop.
    [[nodiscard]] bool run_before_all(std::function<void()> job,
                                      std::chrono::steady_clock::duration patience);

    // What `job` returns. Fails with operation_aborted where the caller is cancelled first.
    template <class T>
    [[nodiscard]] asio::awaitable<result<T>> call(std::function<T()> job) {
        const auto value = std::make_shared<std::optional<T>>();
        const auto heard = std::make_shared<listener>(x_executor);
        std::function<void()> work = [value, job = std::move(job)] { *value = job(); };
        // The thread may be the last to let go of this, when the event loop with the timer is no more.
        std::function<void()> after = [weak = std::weak_ptr<listener>(heard)] {
            if (const auto there = weak.lock())
                there->answer();
        };
        run(std::move(work), std::move(after));
        co_await heard->bell.async_wait(nothrow);
        if (!heard->answered)
            co_return error_code(asio::error::operation_aborted);
        co_return std::move(**value);
    }

private:
    struct shared;

    void run_here();

    // Who waits for a call.
    struct listener {
        explicit listener(const asio::any_io_executor& executor)
            : bell(executor, asio::steady_timer::time_point::max()) {}

        void answer() {
            answered = true;
            bell.cancel();
        }

        asio::steady_timer bell;
        bool answered = false;
    };

    asio::any_io_executor x_executor;
    std::shared_ptr<shared> x_shared;
    bool x_has_thread = false;
};

}  // namespace nullworker
