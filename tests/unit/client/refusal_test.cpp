#include <vast/refusal.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr auto noon = std::chrono::system_clock::time_point(784111777s);  // Sun, 06 Nov 1994 08:49:37 GMT

std::optional<seconds> retry_told(const std::string& value) {
    return retry_after({.status = 429, .body = {}, .headers = {{"retry-after", value}}}, {{}, noon});
}

TEST(refusal, tells_for_how_long_in_seconds_or_until_a_date) {
    EXPECT_EQ(retry_told("7"), seconds(7));
    EXPECT_EQ(retry_told("0"), seconds(0));
    EXPECT_EQ(retry_told("Sun, 06 Nov 1994 08:49:47 GMT"), seconds(10));
    EXPECT_EQ(retry_told("Sun, 06 Nov 1994 08:49:00 GMT"), seconds(0)) << "that is past";
    EXPECT_EQ(retry_told("99999999999999999999"), seconds(1e6));
}

TEST(refusal, tells_of_nothing_that_is_neither) {
    for (const auto* value : {"", "soon", "-1", "1.5", "7 s", "06 Nov 1994"})
        EXPECT_FALSE(retry_told(value)) << value;
    EXPECT_FALSE(retry_after({.status = 429, .body = {}}, {{}, noon}));
}

}  // namespace
}  // namespace nullworker::client
