#include <nullworker/reservation/recent_requests.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

TEST(recent_requests, the_same_number_counts_once) {
    recent_requests seen;
    for (const int number : {1, 2, 1, 2, 3})
        seen.note(number);
    EXPECT_EQ(seen.count(), 3);
}

TEST(recent_requests, memory_is_bounded_and_the_count_goes_on) {
    recent_requests seen;
    for (int number = 0; number < 10000; ++number)
        seen.note(number);
    EXPECT_EQ(seen.count(), 10000);
    seen.note(9999);
    EXPECT_EQ(seen.count(), 10000);
}

}  // namespace
}  // namespace nullworker::reservation
