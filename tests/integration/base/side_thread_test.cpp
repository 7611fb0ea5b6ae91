#include "support/drive.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/side_thread.hpp>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

TEST(a_side_thread, runs_its_jobs_in_order_and_tells_the_event_loop) {
    asio::io_context loop;
    side_thread under_test(loop.get_executor());
    const auto here = std::this_thread::get_id();
    std::vector<int> told;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i)
            under_test.run([] {}, [&told, i] { told.push_back(i); });
        std::function<std::thread::id()> job = [] { return std::this_thread::get_id(); };
        const auto there = co_await under_test.call(std::move(job));
        EXPECT_NE(there.value(), here);
    });
    EXPECT_EQ(told, (std::vector<int>{0, 1, 2}));
}

TEST(a_side_thread, that_is_watched_is_heard_of_at_once_and_once) {
    asio::io_context loop;
    side_thread under_test(loop.get_executor());
    int told = 0;
    under_test.run([] {}, [&told] { ++told; });
    under_test.watch(10s);
    EXPECT_EQ(told, 1);
    loop.run();
    EXPECT_EQ(told, 1);
}

TEST(a_side_thread, that_is_watched_in_vain_tells_the_event_loop) {
    asio::io_context loop;
    side_thread under_test(loop.get_executor());
    std::promise<void> gate;
    bool told = false;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        std::function<int()> job = [opened = gate.get_future().share()] {
            opened.wait();
            return 1;
        };
        under_test.run([] {}, [] {});
        auto answer = under_test.call(std::move(job));
        under_test.watch(1us);
        gate.set_value();
        told = (co_await std::move(answer)).value() == 1;
    });
    EXPECT_TRUE(told);
}

TEST(a_side_thread, that_is_stuck_holds_up_nobody_else) {
    asio::io_context loop;
    auto gate = std::make_shared<std::promise<void>>();
    auto opened = gate->get_future().share();
    {
        side_thread under_test(loop.get_executor());
        test::drive(loop, [&]() -> asio::awaitable<void> {
            std::function<int()> job = [opened] {
                opened.wait();
                return 1;
            };
            auto work = under_test.call(std::move(job));
            const auto answer = co_await within(5ms, std::move(work));
            EXPECT_EQ(answer.error(), errc::timed_out);
        });
        EXPECT_FALSE(under_test.run_before_all([] {}, 1ms));
    }
    gate->set_value();
}

TEST(a_side_thread, that_is_gone_tells_nobody) {
    asio::io_context loop;
    std::optional<side_thread> under_test(std::in_place, loop.get_executor());
    bool told = false;
    under_test->run([] {}, [&told] { told = true; });
    EXPECT_TRUE(under_test->run_before_all([] {}, 10s));
    under_test.reset();
    loop.run();
    EXPECT_FALSE(told);
}

}  // namespace
}  // namespace nullworker
