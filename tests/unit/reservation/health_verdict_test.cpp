#include <nullworker/reservation/health_verdict.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

TEST(health_verdict, failures_before_the_first_success_do_not_count) {
    health_verdict verdict(1);
    EXPECT_FALSE(verdict.failed("starting"));
    EXPECT_EQ(verdict.state(), health::unknown);
    EXPECT_TRUE(verdict.succeeded());
    EXPECT_EQ(verdict.state(), health::healthy);
}

TEST(health_verdict, it_takes_several_failures_in_a_row_to_raise_the_error) {
    health_verdict verdict(3);
    verdict.succeeded();
    EXPECT_FALSE(verdict.failed("a"));
    EXPECT_FALSE(verdict.failed("b"));
    EXPECT_FALSE(verdict.succeeded());  // a success in between starts the count anew
    EXPECT_FALSE(verdict.failed("c"));
    EXPECT_FALSE(verdict.failed("d"));
    EXPECT_TRUE(verdict.failed("e"));
    EXPECT_EQ(verdict.state(), health::unhealthy);
    EXPECT_EQ(verdict.reason(), "e");
}

TEST(health_verdict, a_success_clears_the_error) {
    health_verdict verdict(1);
    verdict.succeeded();
    verdict.failed("gone");
    EXPECT_TRUE(verdict.succeeded());
    EXPECT_EQ(verdict.state(), health::healthy);
    EXPECT_EQ(verdict.reason(), "");
}

TEST(health_verdict, only_changes_are_told) {
    health_verdict verdict(1);
    EXPECT_TRUE(verdict.succeeded());
    EXPECT_FALSE(verdict.succeeded());
    EXPECT_TRUE(verdict.failed("gone"));
    EXPECT_FALSE(verdict.failed("still gone"));
}

}  // namespace
}  // namespace nullworker::reservation
