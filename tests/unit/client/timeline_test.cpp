#include <watch/paid.hpp>
#include <watch/timeline.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;

// A clock that is set by hand.
class timeline_test : public testing::Test {
protected:
    timeline_settings settings = {.run = "run", .title = "a fleet"};
    instant clock{std::chrono::steady_clock::time_point(1000s),
                  std::chrono::system_clock::time_point(1000000s)};

    void pass(seconds span) { clock = clock.after(to_ticks(span)); }

    static std::vector<lane_state> states_of(const lane& of) {
        std::vector<lane_state> out;
        for (const auto& each : of.spans)
            out.push_back(each.state);
        return out;
    }

    static const lane& lane_of(const timeline& of, std::int64_t worker) {
        for (const auto& [number, each] : of.lanes())
            if (each.worker == worker)
                return each;
        ADD_FAILURE() << "no lane of worker " << worker;
        static const lane none;
        return none;
    }
};

TEST_F(timeline_test, sums_what_is_paid_used_and_idle_by_state) {
    timeline it(settings);
    for (const auto state : {lane_state::creating, lane_state::loading, lane_state::ready,
                             lane_state::reserved, lane_state::retiring, lane_state::draining,
                             lane_state::taken, lane_state::error, lane_state::stopped}) {
        it.worker(1, state, "", clock);
        pass(10s);
    }
    const auto total = it.look(clock).total;
    EXPECT_DOUBLE_EQ(total.paid.count(), 60);  // loading, ready, reserved, retiring, draining, taken
    EXPECT_DOUBLE_EQ(total.used.count(), 40);
    EXPECT_DOUBLE_EQ(total.idle.count(), 10);
    EXPECT_DOUBLE_EQ(total.unknown.count(), 0);
    EXPECT_FALSE(total.dollars);
}

TEST_F(timeline_test, counts_the_state_that_lasts_up_to_now) {
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    pass(3s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.idle.count(), 3);
    it.worker(1, lane_state::ready, "", clock);  // no news
    pass(2s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.idle.count(), 5);
    EXPECT_EQ(lane_of(it, 1).spans.size(), 1U);
}

TEST_F(timeline_test, draws_silence_of_more_than_three_polls_as_unknown_since_it_was_heard_last) {
    settings.poll_interval = 5s;
    timeline it(settings);
    it.heard(clock);
    it.worker(1, lane_state::ready, "", clock);
    const auto heard = clock;
    pass(15s);
    it.advance(clock);
    EXPECT_FALSE(it.look(clock).stale);
    EXPECT_EQ(states_of(lane_of(it, 1)), std::vector{lane_state::ready});
    pass(1s);
    it.advance(clock);
    EXPECT_TRUE(it.look(clock).stale);
    EXPECT_EQ(states_of(lane_of(it, 1)), (std::vector{lane_state::ready, lane_state::unknown}));
    EXPECT_EQ(lane_of(it, 1).spans.back().from.monotonic, heard.monotonic);
    EXPECT_DOUBLE_EQ(it.look(clock).total.unknown.count(), 16);
    EXPECT_DOUBLE_EQ(it.look(clock).total.paid.count(), 0);
}

}  // namespace
}  // namespace nullworker::client::watch
