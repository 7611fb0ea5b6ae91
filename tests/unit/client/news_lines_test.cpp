#include <watch/news_lines.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;
using told_lines = std::vector<std::string>;

class news_lines_test : public testing::Test {
protected:
    told_lines take() {
        told.advance(now);
        return news.take(told, now);
    }

    void pass(std::chrono::steady_clock::duration span) { now = now.after(span); }

    instant now{std::chrono::steady_clock::time_point(1000s), std::chrono::system_clock::time_point(50000s)};
    timeline told{{.source = "endpoint", .poll_interval = seconds(5)}};
    news_lines news;
};

TEST_F(news_lines_test, tell_each_step_of_a_session_once) {
    session_row row{.key = "1", .request_idx = 7};
    told.session(row);
    EXPECT_EQ(take(), told_lines{"a request waits for a worker (request 7)"});
    EXPECT_EQ(take(), told_lines{});
    row.session_id = "Ab3";
    row.worker = 17;
    row.held_at = now;
    told.session(row);
    EXPECT_EQ(take(), told_lines{"session Ab3 is held on worker 17"});
    row.planned_end = now.after(60s);
    told.session(row);
    EXPECT_EQ(take(), told_lines{}) << "a planned end that moves is no news";
    row.retiring_at = now;
    told.session(row);
    EXPECT_EQ(take(), told_lines{"session Ab3 is to end with its job on worker 17"});
    pass(12s);
    row.ended_at = now;
    row.outcome = "released";
    told.session(row);
    EXPECT_EQ(take(), told_lines{"session Ab3 ended after 12 s on worker 17: released"});
    pass(60s);
    EXPECT_EQ(take(), told_lines{});
    told.session({.key = "2", .request_idx = 8, .ended_at = now, .outcome = "dropped"});
    told.session({.key = "3", .session_id = "Cd4", .held_at = now, .ended_at = now, .outcome = "ended"});
    EXPECT_EQ(take(), (told_lines{"a request ended: dropped", "session Cd4 ended after 0 s"}));
}

TEST_F(news_lines_test, tell_an_error_and_its_reason_when_that_is_known) {
    told.heard(now);
    told.worker(9, lane_state::error, "", now);
    EXPECT_EQ(take(), told_lines{"worker 9 is in error"});
    told.worker(9, lane_state::error, "no disk", now);
    EXPECT_EQ(take(), told_lines{"worker 9 is in error: no disk"});
    EXPECT_EQ(take(), told_lines{});
    told.worker(9, lane_state::ready, "", now);
    EXPECT_EQ(take(), told_lines{"worker 9 is in error no more"});
}

TEST_F(news_lines_test, tell_when_what_is_told_is_old) {
    told.heard(now);
    told.worker(9, lane_state::ready, "", now);
    EXPECT_EQ(take(), told_lines{});
    pass(5s);
    told.failed("cannot list the workers: HTTP status 429", now);
    EXPECT_EQ(take(), told_lines{"cannot list the workers: HTTP status 429; trying again"});
    EXPECT_EQ(take(), told_lines{});
    pass(11s);
    EXPECT_EQ(take(), told_lines{"what is told is old: nothing was heard for 16 s"});
    EXPECT_EQ(take(), told_lines{});
    told.heard(now);
    EXPECT_EQ(take(), told_lines{"heard again"});
}

TEST_F(news_lines_test, tell_once_that_there_can_be_no_more_workers) {
    told.heard(now);
    told.max_workers(1);
    EXPECT_EQ(take(), told_lines{});
    told.worker(9, lane_state::ready, "", now);
    EXPECT_EQ(take(), told_lines{"there are as many workers as max_workers allows: 1"});
    EXPECT_EQ(take(), told_lines{});
    told.gone(9, now);
    EXPECT_EQ(take(), told_lines{});
    told.worker(10, lane_state::ready, "", now);
    EXPECT_EQ(take().size(), 1U);
}

}  // namespace
}  // namespace nullworker::client::watch
