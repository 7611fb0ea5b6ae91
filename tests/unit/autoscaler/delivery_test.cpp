#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/autoscaler/delivery.hpp>

#include <gtest/gtest.h>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;

TEST(delivery, an_address_gets_three_tries_two_seconds_apart) {
    delivery state(1, {});
    for (int i = 0; i < 2; ++i) {
        const auto step = state.after_failure();
        ASSERT_TRUE(std::holds_alternative<retry_after>(step));
        EXPECT_EQ(std::get<retry_after>(step).pause, 2s);
    }
    EXPECT_TRUE(std::holds_alternative<give_up>(state.after_failure()));
}

TEST(delivery, the_next_address_is_tried_at_once_and_gets_as_many_tries) {
    delivery state(2, {.tries_per_address = 2});
    EXPECT_EQ(state.address(), 0u);
    EXPECT_TRUE(std::holds_alternative<retry_after>(state.after_failure()));
    EXPECT_TRUE(std::holds_alternative<fail_over>(state.after_failure()));
    EXPECT_EQ(state.address(), 1u);
    EXPECT_TRUE(std::holds_alternative<retry_after>(state.after_failure()));
    EXPECT_TRUE(std::holds_alternative<give_up>(state.after_failure()));
}

TEST(delivery, completions_are_never_sent_to_the_redis_gateway) {
    const std::vector<url> all = {parse_url("https://cloud.vast.ai/api/v0").value(),
                                  parse_url("https://cloud.vast.ai/api/v0/").value(),
                                  parse_url("https://run.vast.ai").value()};
    const auto left = completion_addresses(all);
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].host, "run.vast.ai");
}

}  // namespace
}  // namespace nullworker::autoscaler
