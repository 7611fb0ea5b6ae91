#include <terminal/tally.hpp>

#include <gtest/gtest.h>

namespace nullworker::client {
namespace {

TEST(tally, tells_what_became_of_each_session) {
    EXPECT_EQ(described({.wanted = 3, .released = 3}), "all 3 sessions were held and released");
    EXPECT_EQ(described({.wanted = 3, .failed = 3}), "3 of 3 sessions failed");
    EXPECT_EQ(described({.wanted = 3}), "none of 3 sessions was held");
    EXPECT_EQ(described({.wanted = 3, .released = 1}),
              "of 3 sessions 1 was held and released, 2 were never held");
    EXPECT_EQ(described({.wanted = 4, .released = 2, .failed = 1}),
              "of 4 sessions 2 were held and released, 1 failed, 1 was never held");
    EXPECT_EQ(described({.wanted = 2, .failed = 1}), "of 2 sessions 1 failed, 1 was never held");
}

}  // namespace
}  // namespace nullworker::client
