#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/autoscaler/dead_addresses.hpp>
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

TEST(delivery, a_message_begins_where_it_is_told_and_goes_around) {
    delivery state(3, {.tries_per_address = 1}, {.address = 1});
    EXPECT_EQ(state.address(), 1u);
    EXPECT_TRUE(std::holds_alternative<fail_over>(state.after_failure()));
    EXPECT_EQ(state.address(), 2u);
    EXPECT_TRUE(std::holds_alternative<fail_over>(state.after_failure()));
    EXPECT_EQ(state.address(), 0u);
    EXPECT_TRUE(std::holds_alternative<give_up>(state.after_failure()));
}

TEST(delivery, asking_whether_the_first_address_is_back_takes_one_short_try) {
    const delivery_policy policy{.tries_per_address = 2};
    delivery state(3, policy, {.address = 2, .ask_first = true});
    EXPECT_EQ(state.address(), 0u);
    EXPECT_TRUE(state.asking_first());
    EXPECT_EQ(state.limit(), policy.return_limit);
    EXPECT_TRUE(std::holds_alternative<fail_over>(state.after_failure()));
    EXPECT_EQ(state.address(), 2u);
    EXPECT_FALSE(state.asking_first());
    EXPECT_EQ(state.limit(), policy.try_limit);
    EXPECT_TRUE(std::holds_alternative<retry_after>(state.after_failure()));
}

TEST(delivery, the_short_try_is_no_longer_than_any_other) {
    const delivery state(2, {.try_limit = 1s, .return_limit = 5s}, {.address = 1, .ask_first = true});
    EXPECT_EQ(state.limit(), 1s);
}

constexpr dead_addresses::time_point start(1000s);

const std::vector<url> three = {parse_url("https://a.example").value(),
                                parse_url("https://b.example").value(),
                                parse_url("https://c.example").value()};

TEST(dead_addresses, messages_begin_at_the_first_address) {
    const dead_addresses dead(60s);
    EXPECT_EQ(dead.next(three, start).address, 0u);
    EXPECT_FALSE(dead.next(three, start).ask_first);
}

TEST(dead_addresses, messages_begin_at_the_first_that_is_not_dead) {
    dead_addresses dead(60s);
    dead.failed(three[0], start);
    dead.failed(three[1], start);
    EXPECT_EQ(dead.next(three, start + 59s).address, 2u);
    EXPECT_FALSE(dead.next(three, start + 59s).ask_first);
}

TEST(dead_addresses, are_known_by_their_text_in_whatever_list) {
    dead_addresses dead(60s);
    dead.failed(three[1], start);
    EXPECT_EQ(dead.next({three[1], three[2]}, start).address, 1u);
    EXPECT_EQ(dead.next({three[0], three[1]}, start).address, 0u);
}

TEST(dead_addresses, the_first_is_asked_again_after_a_while) {
    dead_addresses dead(60s);
    dead.failed(three[0], start);
    EXPECT_EQ(dead.next(three, start + 60s).address, 1u);
    EXPECT_TRUE(dead.next(three, start + 60s).ask_first);
    dead.failed(three[0], start + 61s);  // it was asked, in vain
    EXPECT_FALSE(dead.next(three, start + 120s).ask_first);
    EXPECT_TRUE(dead.next(three, start + 121s).ask_first);
}

TEST(dead_addresses, that_are_back_are_preferred) {
    dead_addresses dead(60s);
    dead.failed(three[0], start);
    dead.accepted(three[0]);
    EXPECT_EQ(dead.next(three, start + 1000s).address, 0u);
    EXPECT_FALSE(dead.next(three, start + 1000s).ask_first);
}

TEST(dead_addresses, where_all_are_dead_the_first_is_as_good_as_any) {
    dead_addresses dead(60s);
    for (const auto& each : three)
        dead.failed(each, start);
    EXPECT_EQ(dead.next(three, start).address, 0u);
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
