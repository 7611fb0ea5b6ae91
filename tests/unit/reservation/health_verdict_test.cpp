#include <nullworker/reservation/health_verdict.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

using namespace std::chrono_literals;

const instant start{std::chrono::steady_clock::time_point(100s),
                    std::chrono::system_clock::time_point(1790000000s)};

TEST(health_verdict, failures_before_the_first_success_do_not_count) {
    health_verdict verdict({.unhealthy_after = 1});
    EXPECT_FALSE(verdict.failed("starting", start));
    EXPECT_EQ(verdict.state(), health::unknown);
    EXPECT_EQ(verdict.failure(), "starting");
    EXPECT_TRUE(verdict.succeeded(start));
    EXPECT_EQ(verdict.state(), health::healthy);
}

TEST(health_verdict, it_takes_several_failures_in_a_row_to_raise_the_error) {
    health_verdict verdict({.unhealthy_after = 3});
    verdict.succeeded(start);
    EXPECT_FALSE(verdict.failed("a", start));
    EXPECT_FALSE(verdict.failed("b", start));
    EXPECT_FALSE(verdict.succeeded(start));  // a success in between starts the count anew
    EXPECT_FALSE(verdict.failed("c", start));
    EXPECT_FALSE(verdict.failed("d", start));
    EXPECT_TRUE(verdict.failed("e", start));
    EXPECT_EQ(verdict.state(), health::unhealthy);
    EXPECT_EQ(verdict.failure(), "e");
}

TEST(health_verdict, one_success_clears_the_error_unless_told_otherwise) {
    health_verdict verdict({.unhealthy_after = 1});
    verdict.succeeded(start);
    verdict.failed("gone", start);
    EXPECT_TRUE(verdict.succeeded(start));
    EXPECT_EQ(verdict.state(), health::healthy);
    EXPECT_EQ(verdict.failure(), "");
}

TEST(health_verdict, it_can_take_several_successes_in_a_row_to_clear_the_error) {
    health_verdict verdict({.unhealthy_after = 1, .healthy_after = 2});
    EXPECT_FALSE(verdict.succeeded(start));
    EXPECT_TRUE(verdict.succeeded(start));
    verdict.failed("gone", start);
    EXPECT_FALSE(verdict.succeeded(start));
    EXPECT_FALSE(verdict.failed("gone", start));  // a failure in between starts the count anew
    EXPECT_FALSE(verdict.succeeded(start));
    EXPECT_EQ(verdict.state(), health::unhealthy);
    EXPECT_TRUE(verdict.succeeded(start));
    EXPECT_EQ(verdict.state(), health::healthy);
}

TEST(health_verdict, only_changes_of_the_state_or_the_reason_are_told) {
    health_verdict verdict({.unhealthy_after = 1});
    EXPECT_TRUE(verdict.succeeded(start));
    EXPECT_FALSE(verdict.succeeded(start));
    EXPECT_TRUE(verdict.failed("gone", start));
    EXPECT_FALSE(verdict.failed("gone", start));
    EXPECT_TRUE(verdict.failed("answers 500", start));
    EXPECT_FALSE(verdict.failed("answers 500", start));
}

TEST(health_verdict, it_knows_since_when_it_stands) {
    health_verdict verdict({.unhealthy_after = 1});
    EXPECT_FALSE(verdict.since());
    verdict.succeeded(start);
    verdict.succeeded(start.after(1s));
    EXPECT_EQ(verdict.since()->monotonic, start.monotonic);
    verdict.failed("gone", start.after(2s));
    verdict.failed("answers 500", start.after(3s));
    EXPECT_EQ(verdict.since()->monotonic, start.monotonic + 2s);
}

}  // namespace
}  // namespace nullworker::reservation
