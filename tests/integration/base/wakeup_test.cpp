#include "support/drive.hpp"

#include <nullworker/base/wakeup.hpp>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

std::chrono::steady_clock::time_point tomorrow() {
    return std::chrono::steady_clock::now() + 24h;
}

TEST(wakeup, keeps_a_ring_that_comes_before_the_wait) {
    asio::io_context loop;
    wakeup bell(loop.get_executor());
    bell.ring();
    EXPECT_TRUE(test::drive(loop, bell.wait_until(tomorrow())));
}

TEST(wakeup, ends_a_wait_when_it_rings) {
    asio::io_context loop;
    wakeup bell(loop.get_executor());
    asio::post(loop, [&] { bell.ring(); });
    EXPECT_TRUE(test::drive(loop, bell.wait_until(tomorrow())));
    asio::post(loop, [&] { bell.ring(); });
    EXPECT_TRUE(test::drive(loop, bell.wait()));
}

TEST(wakeup, is_used_up_by_one_wait) {
    asio::io_context loop;
    wakeup bell(loop.get_executor());
    bell.ring();
    bell.ring();
    EXPECT_TRUE(test::drive(loop, bell.wait()));
    EXPECT_FALSE(test::drive(loop, bell.wait_until(std::chrono::steady_clock::now())));
}

TEST(wakeup, returns_at_the_deadline_without_a_ring) {
    asio::io_context loop;
    wakeup bell(loop.get_executor());
    const auto deadline = std::chrono::steady_clock::now() + 2ms;
    EXPECT_FALSE(test::drive(loop, bell.wait_until(deadline)));
    EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

}  // namespace
}  // namespace nullworker
