#include <follow/depth.hpp>

#include <gtest/gtest.h>

namespace nullworker::client {
namespace {

TEST(depth, the_numbers_that_a_command_printed_are_added_up) {
    EXPECT_EQ(read_depth("7").value(), 7);
    EXPECT_EQ(read_depth(" 3\n1\n\n").value(), 4);
    EXPECT_EQ(read_depth("0").value(), 0);
    EXPECT_EQ(read_depth("1000000000000 1000000000000").value(), 1'000'000'000'000);
}

TEST(depth, anything_else_is_no_depth_and_the_error_shows_it) {
    for (const auto* text :
         {"", " \n", "x", "1 x", "-1", "1.5", "7 jobs", "99999999999999999999", "ERR unknown command"})
        EXPECT_TRUE(read_depth(text).has_error()) << text;
    EXPECT_NE(read_depth("ERR no").error().message.find("'ERR'"), std::string::npos);
}

}  // namespace
}  // namespace nullworker::client
