#include <terminal/run_figures.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <variant>

namespace nullworker::client {
namespace {

using watch::lane_state;

instant at_second(double second) {
    return instant{}.after(to_ticks(seconds(3600 + second)));
}

std::string text_of(const run_figures& figures) {
    std::string out;
    for (const auto& one : rows_of(figures))
        out += painted(one, 200, {charset::utf8, false}) + '\n';
    return out;
}

TEST(spread, has_the_middle_of_two_where_their_number_is_even) {
    EXPECT_FALSE(spread_of({}));
    EXPECT_EQ(spread_of({seconds(3)})->median, seconds(3));
    EXPECT_EQ(spread_of({seconds(9), seconds(1), seconds(4)})->median, seconds(4));
    EXPECT_EQ(spread_of({seconds(9), seconds(1), seconds(4), seconds(2)})->median, seconds(3));
    EXPECT_EQ(spread_of({seconds(2), seconds(9), seconds(1)})->longest, seconds(9));
}

TEST(run_figures, are_of_all_sessions_and_machines) {
    watch::timeline told({.price = 3.6});
    told.worker(1, lane_state::loading, "", at_second(0));
    told.worker(1, lane_state::ready, "", at_second(10));
    told.worker(1, lane_state::reserved, "", at_second(20));
    told.worker(2, lane_state::reserved, "", at_second(30));
    told.worker(1, lane_state::stopped, "", at_second(60));
    told.worker(2, lane_state::stopped, "", at_second(50));
    const auto figures =
        figures_of(told, {seconds(1), seconds(3), seconds(2)}, {seconds(10), seconds(20)}, at_second(60));
    EXPECT_EQ(figures.peak_workers, 2);
    EXPECT_EQ(text_of(figures),
              "  waits     median 2.0 s, longest 3.0 s\n"
              "  holds     median 15 s, longest 20 s\n"
              "  workers   2 at most; 1 min 20 s of their time paid, 1 min used (75 %), 10 s idle\n"
              "  cost      $0.0800\n");
}

TEST(run_figures, tell_programs_the_same_numbers) {
    watch::timeline told({});
    told.worker(1, lane_state::reserved, "", at_second(0));
    const auto told_fields = fields_of(figures_of(told, {seconds(1.5)}, {seconds(10)}, at_second(20)));
    std::map<std::string, progress::value> fields(told_fields.begin(), told_fields.end());
    EXPECT_EQ(fields.at("wait_median"), progress::value(1.5));
    EXPECT_EQ(fields.at("wait_longest"), progress::value(1.5));
    EXPECT_EQ(fields.at("hold_median"), progress::value(10.0));
    EXPECT_EQ(fields.at("hold_longest"), progress::value(10.0));
    EXPECT_EQ(fields.at("peak_workers"), progress::value(std::int64_t{1}));
    EXPECT_EQ(fields.at("paid_seconds"), progress::value(20.0));
    EXPECT_EQ(fields.at("used_seconds"), progress::value(20.0));
    EXPECT_EQ(fields.at("idle_seconds"), progress::value(0.0));
    EXPECT_EQ(fields.at("unknown_seconds"), progress::value(0.0));
    EXPECT_EQ(fields.at("dollars"), progress::value()) << "no price is known";
}

TEST(run_figures, of_a_run_that_held_nothing_have_no_spread) {
    const auto figures = figures_of(watch::timeline({}), {}, {}, at_second(0));
    EXPECT_EQ(text_of(figures), "  workers   0 at most; 0.0 s of their time paid, 0.0 s used, 0.0 s idle\n");
    for (const auto& [name, value] : fields_of(figures))
        if (name.find("wait") == 0 || name.find("hold") == 0) {
            EXPECT_EQ(value, progress::value()) << name;
        }
}

}  // namespace
}  // namespace nullworker::client
