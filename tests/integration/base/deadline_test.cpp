#include "support/drive.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

asio::awaitable<result<int>> give(result<int> outcome) {
    co_return outcome;
}

// Waits for ever; says when it is unwound.
asio::awaitable<result<int>> hang(bool& unwound) {
    struct mark {
        bool& flag;
        ~mark() { flag = true; }
    } on_exit{unwound};
    co_await sleep_for(24h);
    co_return 0;
}

asio::awaitable<result<int>> throw_bug() {
    throw std::runtime_error("a bug");
    co_return 0;
}

TEST(within, returns_the_value_of_an_operation_in_time) {
    asio::io_context loop;
    EXPECT_EQ(test::drive(loop, within(24h, give(7))).value(), 7);
}

TEST(within, returns_a_failure_without_waiting_for_the_deadline) {
    asio::io_context loop;
    const auto outcome = test::drive(loop, within(24h, give(errc::invalid_url)));
    EXPECT_EQ(outcome.error(), errc::invalid_url);
}

TEST(within, times_out_and_has_unwound_the_operation_by_then) {
    asio::io_context loop;
    bool unwound = false;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        const auto outcome = co_await within(1ms, hang(unwound));
        EXPECT_EQ(outcome.error(), errc::timed_out);
        EXPECT_TRUE(unwound);
    });
}

TEST(within, passes_an_exception_on) {
    asio::io_context loop;
    EXPECT_THROW((void)test::drive(loop, within(24h, throw_bug())), std::runtime_error);
}

TEST(within, ends_when_its_caller_is_cancelled) {
    asio::io_context loop;
    bool unwound = false;
    bool returned = false;
    task_group group(loop.get_executor());
    const auto caller = [&]() -> asio::awaitable<void> {
        const auto outcome = co_await within(24h, hang(unwound));
        returned = outcome.has_value() || outcome.has_error();
    };
    group.spawn(caller());
    test::drive(loop, [&]() -> asio::awaitable<void> {
        EXPECT_FALSE(co_await group.join_for(1ms));
        group.cancel();
        co_await group.join();
    });
    EXPECT_TRUE(unwound);
    EXPECT_FALSE(returned) << "cancellation is an exception, not an outcome";
}

TEST(within, may_be_nested_and_the_shorter_limit_counts) {
    asio::io_context loop;
    bool unwound = false;
    EXPECT_EQ(test::drive(loop, within(24h, within(1ms, hang(unwound)))).error(), errc::timed_out);
    EXPECT_TRUE(unwound);
    unwound = false;
    EXPECT_EQ(test::drive(loop, within(1ms, within(24h, hang(unwound)))).error(), errc::timed_out);
    EXPECT_TRUE(unwound);
}

TEST(sleep_for, returns_after_its_span) {
    asio::io_context loop;
    const auto before = std::chrono::steady_clock::now();
    test::drive(loop, sleep_for(2ms));
    EXPECT_GE(std::chrono::steady_clock::now() - before, 2ms);
}

}  // namespace
}  // namespace nullworker
