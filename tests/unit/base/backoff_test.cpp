#include <nullworker/base/backoff.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

TEST(backoff, doubles_up_to_its_longest_wait) {
    backoff waits(1s, 10s);
    for (const auto expected : {1s, 2s, 4s, 8s, 10s, 10s})
        EXPECT_EQ(waits.next(), expected);
}

TEST(backoff, begins_again_after_a_reset) {
    backoff waits(1s, 10s);
    EXPECT_EQ(waits.next(), 1s);
    EXPECT_EQ(waits.next(), 2s);
    waits.reset();
    EXPECT_EQ(waits.next(), 1s);
}

TEST(backoff, stays_at_a_longest_wait_that_is_the_first) {
    backoff waits(3s, 3s);
    EXPECT_EQ(waits.next(), 3s);
    EXPECT_EQ(waits.next(), 3s);
}

}  // namespace
}  // namespace nullworker
