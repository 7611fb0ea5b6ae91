#include <nullworker/base/trouble.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

TEST(trouble, is_there_or_not_and_says_why) {
    const auto none = trouble::none();
    EXPECT_FALSE(none);
    EXPECT_EQ(none.why(), "");
    const trouble refused("connection refused");
    EXPECT_TRUE(refused);
    EXPECT_EQ(refused.why(), "connection refused");
}

}  // namespace
}  // namespace nullworker
