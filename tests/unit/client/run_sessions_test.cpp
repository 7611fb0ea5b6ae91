#include <watch/run_sessions.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nullworker::client::watch {
namespace {

class run_sessions_test : public testing::Test {
protected:
    static instant at(double second) { return instant{}.after(to_ticks(seconds(3600 + second))); }

    void step(double second, int number, const char* state, const run_sessions::names& known = {}) {
        run.step(number, state, known, at(second));
    }

    // The only news.
    session_row news() {
        const auto all = run.take_news();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? session_row() : all.front();
    }

    run_sessions run;
};

TEST_F(run_sessions_test, a_session_goes_from_the_asking_to_its_end) {
    step(0, 1, "asking");
    step(0.1, 1, "queued", {.request_idx = 7});
    step(2, 1, "routed", {.request_idx = 7});
    EXPECT_EQ(run.waiting(), 1);
    step(3, 1, "held", {.request_idx = 7, .session_id = "Ab3"});
    run.plan(1, at(10));
    run.place(1, 17);
    ASSERT_EQ(run.lasting().size(), 1U);
    step(9, 1, "released");
    const auto row = news();
    EXPECT_EQ(row.session_id, "Ab3");
    EXPECT_EQ(row.request_idx, 7);
    EXPECT_EQ(row.worker, 17);
    EXPECT_EQ(row.wait(at(100)), seconds(3));
    EXPECT_EQ(row.hold(at(100)), seconds(6));
    EXPECT_EQ(row.planned_end->monotonic, at(10).monotonic);
    EXPECT_EQ(row.outcome, "released");
    EXPECT_TRUE(run.lasting().empty());
    EXPECT_EQ(run.waiting(), 0);
    EXPECT_TRUE(run.take_news().empty());
}

TEST_F(run_sessions_test, how_it_ended_is_one_word) {
    const auto outcome = [&](const std::vector<const char*>& states) {
        for (const auto* state : states)
            step(0, 1, state);
        return news().outcome;
    };
    EXPECT_EQ(outcome({"asking", "failed"}), "failed");
    EXPECT_EQ(outcome({"asking", "held", "failed"}), "lost");
    EXPECT_EQ(outcome({"asking", "held", "retrying", "held", "released"}), "released");
    EXPECT_EQ(outcome({"asking", "held", "retiring", "released"}), "retired");
    EXPECT_EQ(outcome({"asking", "held", "retiring", "held", "released"}), "released");
}

TEST_F(run_sessions_test, each_asking_is_another_one_also_where_none_was_told_to_end) {
    step(0, 1, "asking");
    step(1, 1, "held", {.session_id = "one"});
    step(5, 1, "asking");
    const auto all = run.take_news();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_NE(all[0].key, all[1].key);
    EXPECT_EQ(all[0].outcome, "ended");
    EXPECT_EQ(all[1].session_id, "");
}

TEST_F(run_sessions_test, one_that_was_held_before_has_no_wait) {
    step(0, 4, "held", {.session_id = "before"});
    const auto row = news();
    EXPECT_FALSE(row.wait(at(9)));
    EXPECT_EQ(row.hold(at(9)), seconds(9));
    step(1, 5, "released");
    run.plan(5, at(9));
    run.place(5, 1);
    EXPECT_TRUE(run.take_news().empty()) << "one that never was";
}

TEST_F(run_sessions_test, remember_how_long_each_was_waited_for_and_held) {
    for (int number = 1; number <= 2; ++number) {
        step(0, number, "asking");
        step(number, number, "held");
        step(5, number, "retiring");
        step(6, number, "held");
        step(10, number, "released");
    }
    step(0, 3, "asking");
    step(9, 3, "failed");
    step(0, 4, "held");
    EXPECT_EQ(run.waits(), (std::vector<seconds>{seconds(1), seconds(2)}));
    EXPECT_EQ(run.holds(), (std::vector<seconds>{seconds(9), seconds(8)}));
}

TEST_F(run_sessions_test, tell_at_which_workers_they_are) {
    step(0, 1, "asking");
    step(0, 1, "held");
    EXPECT_TRUE(run.has_unplaced());
    run.place(1, 17);
    EXPECT_FALSE(run.has_unplaced());
    EXPECT_TRUE(run.by_worker({}).at(17).lasts);
    step(5, 1, "retiring");
    EXPECT_TRUE(run.by_worker({}).at(17).retiring);
    step(8, 1, "released");
    EXPECT_FALSE(run.by_worker(at(7).monotonic).at(17).lasts) << "its load may still be told";
    EXPECT_TRUE(run.by_worker(at(9).monotonic).empty());
    step(70, 2, "asking");
    step(70, 2, "failed");
    EXPECT_TRUE(run.by_worker({}).empty()) << "it is forgotten after a minute";
}

}  // namespace
}  // namespace nullworker::client::watch
