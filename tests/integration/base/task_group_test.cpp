#include "support/drive.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> count(int& counter) {
    ++counter;
    co_return;
}

// Waits for ever; says when it is unwound.
asio::awaitable<void> hang(bool& started, bool& unwound) {
    struct mark {
        bool& flag;
        ~mark() { flag = true; }
    } on_exit{unwound};
    started = true;
    co_await sleep_for(24h);
}

asio::awaitable<void> fail() {
    throw std::runtime_error("a bug");
    co_return;
}

TEST(task_group, joins_when_the_last_coroutine_has_ended) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    int counter = 0;
    group.spawn(count(counter));
    group.spawn(count(counter));
    EXPECT_EQ(counter, 0) << "a task starts at the next turn, not at once";
    EXPECT_EQ(group.size(), 2U);
    test::drive(loop, group.join());
    EXPECT_EQ(counter, 2);
    EXPECT_EQ(group.size(), 0U);
}

TEST(task_group, joins_at_once_when_empty) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    test::drive(loop, group.join());
    EXPECT_TRUE(test::drive(loop, group.join_for(0s)));
}

TEST(task_group, unwinds_its_coroutines_when_cancelled) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    bool started = false;
    bool unwound = false;
    group.spawn(hang(started, unwound));
    test::drive(loop, [&]() -> asio::awaitable<void> {
        EXPECT_FALSE(co_await group.join_for(1ms));
        EXPECT_TRUE(started);
        EXPECT_FALSE(unwound);
        group.cancel();
        co_await group.join();
        EXPECT_TRUE(unwound);
    });
}

TEST(task_group, may_be_cancelled_before_its_coroutines_start) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    bool started = false;
    bool unwound = false;
    group.spawn(hang(started, unwound));
    group.spawn(hang(started, unwound));
    group.cancel();
    test::drive(loop, group.join());
    EXPECT_EQ(started, unwound);
}

TEST(task_group, joins_for_no_longer_than_it_takes) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    int counter = 0;
    group.spawn(count(counter));
    EXPECT_TRUE(test::drive(loop, group.join_for(24h)));
}

TEST(task_group, takes_further_tasks_while_it_is_joined) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    int counter = 0;
    const auto parent = [&]() -> asio::awaitable<void> {
        group.spawn(count(counter));
        co_return;
    };
    group.spawn(parent());
    test::drive(loop, group.join());
    EXPECT_EQ(counter, 1);
}

TEST(task_group, lets_a_bug_out_of_the_loop) {
    asio::io_context loop;
    task_group group(loop.get_executor());
    group.spawn(fail());
    EXPECT_THROW(loop.run(), std::runtime_error);
    EXPECT_EQ(group.size(), 0U);
}

}  // namespace
}  // namespace nullworker
