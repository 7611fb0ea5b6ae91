#include <nullworker/net/http_date.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace nullworker::net {
namespace {

using wall_clock = std::chrono::system_clock;

TEST(http_date, is_written_and_read_in_the_one_form_that_may_be_sent) {
    const auto time = wall_clock::from_time_t(784111777);
    EXPECT_EQ(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), time);
}

TEST(http_date, all_else_is_none) {
    for (const char* text :
         {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Abc 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 0001 08:49:37 GMT",
          "Sun, 0x Nov 1994 08:49:37 GMT"})
        EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
}

}  // namespace
}  // namespace nullworker::net
