#include <nullworker/reservation/resumption.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

using namespace std::chrono_literals;

instant at(std::chrono::nanoseconds monotonic, std::chrono::nanoseconds wall) {
    return {std::chrono::steady_clock::time_point(monotonic), std::chrono::system_clock::time_point(wall)};
}

// A session that had a minute left when its state was written.
const instant saved_at = at(1000s, 1'790'000'000s);
const instant expires = at(1060s, 1'790'000'060s);

TEST(resumption, in_the_same_boot_the_session_ends_when_it_would_have_ended) {
    const auto resumed =
        resumed_expiry(expires, saved_at, clock_continuity::same_boot, at(1020s, 1'790'000'020s));
    EXPECT_EQ(resumed.monotonic, expires.monotonic);
    EXPECT_EQ(resumed.wall, expires.wall);
}

TEST(resumption, in_the_same_boot_a_changed_wall_clock_changes_nothing) {
    const auto resumed = resumed_expiry(expires, saved_at, clock_continuity::same_boot, at(1020s, 5s));
    EXPECT_EQ(resumed.monotonic, expires.monotonic);
}

TEST(resumption, after_a_reboot_the_wall_clock_says_what_remains) {
    const auto now = at(3s, 1'790'000'045s);
    const auto resumed = resumed_expiry(expires, saved_at, clock_continuity::rebooted, now);
    EXPECT_EQ(resumed.monotonic - now.monotonic, 15s);
    EXPECT_EQ(resumed.wall - now.wall, 15s);
}

TEST(resumption, after_a_reboot_that_took_too_long_nothing_remains) {
    const auto now = at(3s, 1'790'009'999s);
    EXPECT_EQ(resumed_expiry(expires, saved_at, clock_continuity::rebooted, now).monotonic, now.monotonic);
}

TEST(resumption, a_wall_clock_that_was_set_back_grants_no_more_than_was_left) {
    const auto now = at(3s, 1'700'000'000s);
    EXPECT_EQ(resumed_expiry(expires, saved_at, clock_continuity::rebooted, now).monotonic - now.monotonic,
              60s);
}

TEST(resumption, a_monotonic_clock_that_went_back_is_a_reboot_whatever_was_believed) {
    const auto now = at(3s, 1'790'000'045s);
    const auto resumed = resumed_expiry(expires, saved_at, clock_continuity::same_boot, now);
    EXPECT_EQ(resumed.monotonic - now.monotonic, 15s);
}

}  // namespace
}  // namespace nullworker::reservation
