#include <nullworker/app/worker_view.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace nullworker::app {
namespace {

TEST(status_line, is_one_line_in_which_nothing_acts_on_a_terminal) {
    reservation::readiness state(now(), [] {});
    state.raise(reservation::problem_source::consumer, "a\nWATCHDOG_USEC=1\x1b[2J\u009b\u2028\xff", now());
    const auto line = status_line(state);
    EXPECT_NE(line.find("a\\nWATCHDOG_USEC=1\\u001b[2J\\u009b\\u2028\\xff"), std::string::npos) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 0) << line;
}

}  // namespace
}  // namespace nullworker::app
