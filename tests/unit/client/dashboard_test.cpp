#include <terminal/dashboard.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace nullworker::client {
namespace {

using watch::lane_state;

instant time_of(double second) {
    return instant{}.after(to_ticks(seconds(3600 + second)));
}

std::string shown_dashboard(const watch::timeline& told, double now, screen_size room,
                            palette by = {charset::utf8, false}) {
    std::string out;
    for (const auto& one : dashboard(told, time_of(now), room))
        out += painted(one, room.columns, by) + '\n';
    return out;
}

// An endpoint at which there is something of everything.
watch::timeline busy_endpoint() {
    watch::timeline told({.title = "endpoint e", .poll_interval = seconds(5), .price = 0.5});
    told.heard(time_of(0));
    told.max_workers(16);
    told.worker(1, lane_state::ready, "", time_of(0));
    told.worker(4, lane_state::loading, "", time_of(0));
    told.worker(5, lane_state::reserved, "", time_of(0));
    told.worker(6, lane_state::reserved, "", time_of(0));
    told.worker(7, lane_state::creating, "", time_of(0));
    told.heard(time_of(10));
    told.worker(9, lane_state::error, "CUDA out of memory", time_of(10));
    told.add({.at = time_of(10), .load = 200, .capacity = 400, .queue = 1});
    told.session({.key = "2",
                  .session_id = "bbbbbbbbbbbbb",
                  .worker = 6,
                  .asked_at = time_of(1),
                  .held_at = time_of(2),
                  .retiring_at = time_of(9)});
    told.session({.key = "1",
                  .session_id = "aaaaaaaaaaaaa",
                  .worker = 5,
                  .asked_at = time_of(0),
                  .held_at = time_of(2),
                  .planned_end = time_of(22)});
    told.session({.key = "3", .request_idx = 7, .asked_at = time_of(8)});
    return told;
}

TEST(dashboard, tells_a_stranger_how_an_endpoint_stands) {
    EXPECT_EQ(shown_dashboard(busy_endpoint(), 12, {80, 24}),
              "── endpoint e ──────────────────────────────────────────────────────────────────\n"
              "workers  5: 2 taken, 1 idle, 1 loading, 1 in error; 16 at most\n"
              "states   · 1 creating  ░ 1 loading  ─ 1 ready  █ 2 reserved  ✗ 1 error\n"
              "error    worker 9: CUDA out of memory\n"
              "cost     $2.00 an hour, $0.0056 so far\n"
              "paid     40 s: 20 s used, 10 s idle\n"
              "queue    1 waits; load 200 of 400\n"
              "longest  loading 12 s (worker 4), idle 12 s (worker 1)\n"
              "data     2.0 s old\n"
              "aaaaaaaaaaaaa    ██████████░░░░░░░░░░  held 10 s of 20 s  worker 5\n"
              "bbbbbbbbbbbbb    retiring, held 10 s  worker 6\n"
              "request 7        waits 4.0 s\n");
}

TEST(dashboard, of_a_fleet_that_tells_all_as_it_happens_has_no_age) {
    watch::timeline told({.title = "local fleet"});
    EXPECT_EQ(shown_dashboard(told, 0, {60, 24}),
              "── local fleet ─────────────────────────────────────────────\n"
              "workers  0: 0 taken, 0 idle, 0 loading\n"
              "states   no worker\n"
              "paid     0 s: 0 s used, 0 s idle\n");
}

TEST(dashboard, says_that_its_data_is_old_and_is_grey_then) {
    auto told = busy_endpoint();
    told.failed("HTTP status 503", time_of(20));
    EXPECT_NE(shown_dashboard(told, 20, {80, 24}).find("data     10 s old: HTTP status 503\n"),
              std::string::npos);
    told.advance(time_of(30));
    const auto rows = dashboard(told, time_of(30), {80, 24});
    int bad = 0;
    for (const auto& one : rows)
        for (const auto& part : one) {
            EXPECT_TRUE(part.as == look::dim || part.as == look::bad) << part.text;
            bad += part.as == look::bad ? 1 : 0;
        }
    EXPECT_GE(bad, 1);
    EXPECT_NE(shown_dashboard(told, 30, {80, 24}).find("data     20 s old: HTTP status 503\n"),
              std::string::npos);
    watch::timeline silent({.title = "endpoint e", .poll_interval = seconds(5)});
    silent.failed("no route", time_of(0));
    EXPECT_NE(shown_dashboard(silent, 1, {80, 24}).find("data     none yet: no route\n"), std::string::npos);
}

TEST(dashboard, says_that_the_most_workers_are_reached) {
    auto told = busy_endpoint();
    told.max_workers(6);
    EXPECT_NE(shown_dashboard(told, 12, {80, 24}).find("\nlimit    max_workers is reached: 6\n"),
              std::string::npos);
}

TEST(dashboard, names_some_of_many_errors) {
    watch::timeline told({.title = "t"});
    for (int worker = 1; worker <= 9; ++worker)
        told.worker(worker, lane_state::error, worker == 2 ? "" : "no", time_of(0));
    const auto text = shown_dashboard(told, 1, {80, 24});
    EXPECT_NE(text.find("error    worker 1: no\n"
                        "error    worker 2: no reason is told\n"
                        "error    6 more; worker 3: no\n"),
              std::string::npos)
        << text;
}

TEST(dashboard, leaves_out_where_it_is_low_what_matters_least) {
    const auto told = busy_endpoint();
    EXPECT_EQ(shown_dashboard(told, 12, {80, 1}),
              "workers  5: 2 taken, 1 idle, 1 loading, 1 in error; 16 at most\n");
    EXPECT_EQ(shown_dashboard(told, 12, {80, 3}),
              "workers  5: 2 taken, 1 idle, 1 loading, 1 in error; 16 at most\n"
              "error    worker 9: CUDA out of memory\n"
              "cost     $2.00 an hour, $0.0056 so far\n");
    EXPECT_TRUE(dashboard(told, time_of(12), {80, 0}).empty());
    const auto low = shown_dashboard(told, 12, {80, 11});
    EXPECT_TRUE(low.ends_with("worker 5\nand 2 more sessions\n")) << low;
    for (std::size_t rows = 0; rows < 40; ++rows)
        EXPECT_LE(dashboard(told, time_of(12), {80, rows}).size(), rows);
}

TEST(dashboard, tells_how_many_of_many_sessions_it_leaves_out) {
    watch::timeline told({.title = "t"});
    for (int i = 0; i < 500; ++i)
        told.session({.key = std::to_string(i), .request_idx = i, .asked_at = time_of(i)});
    const auto text = shown_dashboard(told, 1000, {80, 24});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 24);
    EXPECT_NE(text.find("\nrequest 18       waits 16 min 22 s\nand 481 more sessions\n"), std::string::npos)
        << text;
}

TEST(dashboard, names_the_sessions_of_a_run_as_the_run_does) {
    watch::timeline told({.title = "t"});
    const watch::session_row row{
        .key = "9", .session_id = "abc", .worker = 3, .asked_at = time_of(0), .held_at = time_of(0)};
    const shown_sessions sessions{.first = {{"session 1", &row}}, .all = 3};
    std::string text;
    for (const auto& one : dashboard(told, sessions, time_of(5), {80, 24}))
        text += painted(one, 80, {charset::utf8, false}) + '\n';
    EXPECT_TRUE(text.ends_with("\nsession 1        held 5.0 s  worker 3  abc\nand 2 more sessions\n"))
        << text;
}

TEST(dashboard, is_cut_to_every_width_and_is_ascii_where_need_be) {
    const auto told = busy_endpoint();
    for (std::size_t width = 20; width <= 200; ++width)
        for (const auto letters : {charset::utf8, charset::ascii})
            for (const auto& one : dashboard(told, time_of(12), {width, 50})) {
                const auto line = painted(one, width, {letters, false});
                EXPECT_LE(columns(line), width) << line;
                if (letters == charset::ascii) {
                    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](unsigned char c) {
                        return c >= ' ' && c < 0x7F;
                    })) << line;
                }
            }
    const auto narrow = shown_dashboard(told, 12, {40, 24}, {charset::ascii, false});
    EXPECT_NE(narrow.find("workers  5: 2 taken, 1 idle, 1 loading, \n"), std::string::npos) << narrow;
    EXPECT_NE(narrow.find("aaaaaaaaaaaaa    held 10 s of 20 s  work\n"), std::string::npos) << narrow;
}

TEST(dashboard, lets_nothing_through_that_a_terminal_would_obey) {
    constexpr const char* evil = "\x1b]0;pwned\x07\x1b[2J\u009b5A\n\r";
    watch::timeline told({.title = evil, .poll_interval = seconds(5)});
    told.failed(evil, time_of(0));
    told.worker(1, lane_state::error, evil, time_of(0));
    told.session(
        {.key = evil, .session_id = evil, .worker = 1, .asked_at = time_of(0), .held_at = time_of(0)});
    const auto text = shown_dashboard(told, 1, {200, 24});
    for (const unsigned char c : text)
        EXPECT_TRUE(c == '\n' || c >= ' ') << text;
    EXPECT_EQ(text.find("\u009b"), std::string::npos);
    const auto rows = dashboard(told, time_of(1), {200, 24});
    EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), rows.size());
}

}  // namespace
}  // namespace nullworker::client
