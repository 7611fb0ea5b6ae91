#include <vast/route_pace.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

// Reservations that all want to ask, and ask when it is their turn.
class route_pace_test : public testing::Test {
protected:
    using id = route_pace::id;

    void use(std::optional<double> per_second) { x_pace.emplace(per_second); }

    id come(bool has_request = false) {
        const auto who = x_pace->come(has_request, x_now);
        x_pace->want(who);
        return who;
    }

    // Who asks now; nothing where nobody may.
    std::optional<id> ask() {
        const auto [who, when] = x_pace->next(x_now);
        if (!who || when > x_now)
            return std::nullopt;
        x_pace->asks(*who, x_now);
        return who;
    }

    // When the next one may.
    [[nodiscard]] route_pace::duration until_next() const { return x_pace->next(x_now).when - x_now; }

    // The next one asks, at once or when its turn has come.
    id ask_in_time() {
        x_now += until_next();
        const auto who = ask();
        EXPECT_TRUE(who);
        return who.value_or(0);
    }

    std::optional<route_pace> x_pace;
    route_pace::time_point x_now{1000s};
};

TEST_F(route_pace_test, without_a_limit_everybody_asks_at_once) {
    use(std::nullopt);
    for (int i = 0; i < 1000; ++i)
        come();
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(ask());
    EXPECT_FALSE(ask());
}

TEST_F(route_pace_test, questions_lie_evenly_apart) {
    use(20);
    const auto first = come();
    const auto second = come();
    EXPECT_EQ(ask(), first);
    EXPECT_FALSE(ask());
    EXPECT_EQ(until_next(), 50ms);
    x_now += 50ms;
    EXPECT_EQ(ask(), second);
}

TEST_F(route_pace_test, what_was_not_asked_in_a_quiet_time_is_not_made_up_for) {
    use(20);
    come();
    ASSERT_TRUE(ask());
    x_now += 1h;
    come();
    come();
    EXPECT_TRUE(ask());
    EXPECT_FALSE(ask());
}

TEST_F(route_pace_test, who_does_not_want_to_is_passed_over) {
    use(20);
    const auto first = come();
    const auto second = come();
    x_pace->unwant(first);
    EXPECT_EQ(ask(), second);
    x_pace->leave(first);
    x_pace->leave(second);
    EXPECT_FALSE(x_pace->next(x_now).who);
}

TEST_F(route_pace_test, who_goes_on_with_a_request_is_asked_for_before_others_begin) {
    use(20);
    come();
    const auto resumed = come(/*has_request=*/true);
    EXPECT_EQ(ask(), resumed);
}

TEST_F(route_pace_test,
       of_more_than_can_wait_each_is_asked_for_within_its_minute_and_the_others_begin_later) {
    constexpr double rate = 20;
    constexpr std::size_t all = 2000;
    use(rate);
    for (std::size_t i = 0; i < all; ++i)
        come();
    std::map<id, route_pace::time_point> asked;
    std::vector<route_pace::time_point> questions;
    const auto end = x_now + 10min;
    std::size_t through = 0;
    while (x_now < end) {
        const auto who = ask_in_time();
        if (const auto before = asked.find(who); before != asked.end()) {
            ASSERT_LE(x_now - before->second, 50s) << "of " << who;
        }
        asked[who] = x_now;
        questions.push_back(x_now);
        // One in ten finds a worker when it is asked for again.
        if (questions.size() % 10 == 0) {
            x_pace->leave(who);
            asked.erase(who);
            ++through;
        } else {
            x_pace->want(who);
        }
        ASSERT_LE(asked.size(), static_cast<std::size_t>(rate * 60));
    }
    EXPECT_GT(through, 1000U);
    EXPECT_GT(asked.size(), 500U) << "as many wait as can";
    for (std::size_t i = 20; i < questions.size(); ++i)
        ASSERT_GE(questions[i] - questions[i - 20], 1s);
}

TEST_F(route_pace_test, a_refusal_makes_everybody_wait_for_as_long_as_it_says) {
    use(std::nullopt);
    come();
    come();
    ASSERT_TRUE(ask());
    x_pace->refused(x_now, seconds(7), x_now);
    EXPECT_FALSE(ask());
    EXPECT_EQ(until_next(), 7s);
    x_now += 7s;
    EXPECT_TRUE(ask());
}

TEST_F(route_pace_test, many_refusals_of_one_moment_are_one) {
    use(std::nullopt);
    const auto asked = x_now;
    come();
    for (int i = 0; i < 100; ++i) {
        x_now += 1ms;
        x_pace->refused(asked, std::nullopt, x_now);
    }
    EXPECT_LE(until_next(), 1s);
    EXPECT_GT(until_next(), 800ms);
}

TEST_F(route_pace_test, refusals_that_go_on_make_the_wait_longer_and_an_answer_ends_that) {
    use(std::nullopt);
    come();
    for (const auto pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        ASSERT_TRUE(ask());
        x_pace->refused(x_now, std::nullopt, x_now);
        come();
        EXPECT_EQ(until_next(), pause);
        x_now += pause;
    }
    ASSERT_TRUE(ask());
    x_pace->answered(x_now);
    x_pace->refused(x_now, std::nullopt, x_now);
    come();
    EXPECT_EQ(until_next(), 1s);
}

TEST_F(route_pace_test, nobody_is_kept_waiting_for_longer_than_an_hour) {
    use(std::nullopt);
    come();
    x_pace->refused(x_now, seconds(1e9), x_now);
    EXPECT_EQ(until_next(), 1h);
}

}  // namespace
}  // namespace nullworker::client
