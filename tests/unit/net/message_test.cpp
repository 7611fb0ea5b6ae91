#include <nullworker/net/message.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace nullworker::net {
namespace {

std::chrono::seconds pause_of(const std::string& retry_after, const std::string& date = "") {
    reply refused = empty_reply(429);
    refused.headers.emplace_back("retry-after", retry_after);
    if (!date.empty())
        refused.headers.emplace_back("Date", date);
    return wished_pause(refused);
}

using namespace std::chrono_literals;

TEST(wished_pause, is_read_in_seconds_and_is_a_day_at_most) {
    EXPECT_EQ(pause_of("90"), 90s);
    EXPECT_EQ(pause_of("0"), 0s);
    EXPECT_EQ(pause_of("86401"), 24h);
    EXPECT_EQ(pause_of("99999999999999999999999"), 24h);
}

TEST(wished_pause, until_a_date_counts_by_the_peers_clock) {
    EXPECT_EQ(pause_of("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"), 60s);
    EXPECT_EQ(pause_of("Sun, 06 Nov 1994 08:48:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"), 0s);
    EXPECT_EQ(pause_of("Sun, 06 Nov 1994 08:50:37 GMT"), 0s);
}

TEST(wished_pause, is_none_where_nothing_that_makes_sense_is_said) {
    EXPECT_EQ(wished_pause(empty_reply(429)), 0s);
    for (const auto* text : {"", "-1", "soon", "1.5", "1s", " 1"})
        EXPECT_EQ(pause_of(text), 0s) << text;
}

}  // namespace
}  // namespace nullworker::net
