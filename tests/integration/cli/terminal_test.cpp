#include "elsewhere.hpp"
#include "support/picture.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

// What a user sees of `demo` and `follow` on a terminal, and what is left of it. Ports 23600 to 23699.
namespace nullworker::test {
namespace {

const std::map<std::string, std::string> utf8_terminal = {{"TERM", "xterm"}, {"LC_ALL", "C.UTF-8"}};

std::vector<std::string> demo_of(const char* plateau, std::vector<std::string> more) {
    std::vector<std::string> out = {NULLWORKER_PROGRAM, "demo",  "--interval",    "0",
                                    "--plateau",        plateau, "--worker-port", "23600"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

std::vector<std::string> short_demo(std::vector<std::string> more) {
    return demo_of("0.2", std::move(more));
}

std::vector<std::string> long_demo(const char* sessions) {
    return demo_of("600", {"--count", sessions});
}

// What a terminal of that size shows in the end, if it is one throughout.
std::string picture_of(const std::string& written, program::terminal size) {
    picture seen(size.columns, size.rows);
    seen.feed(written);
    EXPECT_EQ(seen.cursor_column(), 0U) << "a prompt begins a row";
    return seen.text();
}

TEST(terminal_of_demo, shows_where_all_stands_and_nothing_of_that_is_left_after_ctrl_c) {
    constexpr program::terminal size{100, 30};
    program demo(long_demo("2"), utf8_terminal, size);
    demo.wait_for("workers\x1b[0m  \x1b[1m2: 2 taken, 0 idle, 0 loading");
    demo.wait_for_next("session 1");
    demo.wait_for_next("session 2");
    demo.type("\x03");
    EXPECT_EQ(demo.wait(), 128 + SIGINT);
    const auto text = picture_of(demo.out(), size);
    EXPECT_EQ(text.find("2 taken"), std::string::npos) << text;
    EXPECT_EQ(text.find("── "), std::string::npos) << text;
    EXPECT_NE(text.find("\n  worker 1  "), std::string::npos) << text;
    EXPECT_NE(text.find("\n  holds  "), std::string::npos) << text;
}

TEST(terminal_of_demo, is_left_as_it_was_by_sigterm_and_by_a_kill) {
    constexpr program::terminal size{60, 12};
    for (const int number : {SIGTERM, SIGKILL}) {
        program demo(long_demo("1"), utf8_terminal, size);
        demo.wait_for("1 taken");
        demo.signal(number);
        EXPECT_EQ(demo.wait(), 128 + number);
        (void)picture_of(demo.out(), size);
    }
}

TEST(terminal_of_demo, that_becomes_smaller_gets_a_view_that_fits) {
    program demo(long_demo("2"), utf8_terminal, program::terminal{100, 30});
    demo.wait_for("2 taken");
    demo.resize({40, 8});
    demo.wait_for_next(" 2 taken");
    demo.wait_for_next("── ");
    demo.wait_for_next("\n");
    const auto begin = demo.out().rfind("── ");
    picture row(200, 1);
    row.feed(demo.out().substr(begin, demo.out().find('\r', begin) - begin));
    EXPECT_EQ(row.cursor_column(), 39U) << "one less than there are: the last one may begin the next row";
    demo.type("\x03");
    EXPECT_EQ(demo.wait(), 128 + SIGINT);
}

TEST(terminal_of_demo, gets_plain_lines_where_it_knows_no_escapes_and_no_colours_where_they_are_not_wanted) {
    for (const auto& [variables, escapes] : std::vector<std::pair<std::map<std::string, std::string>, bool>>{
             {{{"TERM", "dumb"}}, false}, {{}, false}, {{{"TERM", "xterm"}, {"NO_COLOR", "1"}}, true}}) {
        program demo(short_demo({"--count", "1"}), variables, program::terminal{80, 24});
        EXPECT_EQ(demo.wait(), 0);
        EXPECT_EQ(contains(demo.out(), "\x1b["), escapes) << demo.out();
        for (std::size_t at = 0; (at = demo.out().find("\x1b[", at)) != std::string::npos; ++at)
            EXPECT_NE(demo.out()[demo.out().find_first_of("AJKm", at)], 'm') << "a colour";
        for (const unsigned char c : demo.out())
            EXPECT_LT(c, 0x80) << "the locale is not UTF-8";
        EXPECT_TRUE(contains(demo.out(), "all 1 sessions were held and released")) << demo.out();
    }
}

TEST(demo, ends_with_a_timeline_and_with_what_it_came_to) {
    program demo(short_demo({"--count", "2"}), {{"LC_ALL", "C.UTF-8"}});
    EXPECT_EQ(demo.wait(), 0);
    for (const auto* part : {"\n  worker 1  ", "\n  worker 2  ", "█ reserved", "\n  waits     median ",
                             "\n  holds     median ", "\n  workers   2 at most; "})
        EXPECT_TRUE(contains(demo.out(), part)) << part << " in:\n" << demo.out();
}

TEST(demo, tells_programs_what_it_came_to) {
    program demo(short_demo({"--count", "2", "--json"}));
    EXPECT_EQ(demo.wait(), 0);
    const auto last = nlohmann::json::parse(demo.out().substr(demo.out().rfind("\n{") + 1));
    EXPECT_EQ(last.at("event"), "summary");
    EXPECT_EQ(last.at("released"), 2);
    EXPECT_EQ(last.at("peak_workers"), 2);
    for (const auto* name : {"wait_median", "wait_longest", "hold_median", "hold_longest", "paid_seconds",
                             "used_seconds", "idle_seconds"})
        EXPECT_GT(last.at(name), 0) << name;
    EXPECT_GE(last.at("paid_seconds"), last.at("used_seconds"));
    EXPECT_EQ(last.at("unknown_seconds"), 0);
    EXPECT_TRUE(last.at("dollars").is_null());
}

class demo_with_prices : public elsewhere {};

// The price is asked for once a worker is seen, and the demo lasts until then.
TEST_F(demo_with_prices, tells_what_its_machines_cost_where_the_key_may_read_that) {
    x_peer.script().reply_always("/get_endpoint_workers/",
                                 net::json_reply(200, R"([{"id": 5, "status": "idle", "cur_load": 100}])"));
    x_peer.script().reply_always("/api/v0/instances/",
                                 net::json_reply(200, R"({"instances": [{"id": 5, "dph_total": 3600.0}]})"));
    x_peer.start();
    program demo(at_it({"demo", "--count", "1", "--interval", "0", "--plateau", "9", "--json"}));
    EXPECT_EQ(demo.wait(), 0);
    const auto last = nlohmann::json::parse(demo.out().substr(demo.out().rfind("\n{") + 1));
    EXPECT_EQ(last.at("event"), "summary");
    EXPECT_GT(last.at("dollars"), 0) << demo.out();
    EXPECT_EQ(last.at("peak_workers"), 1);
}

TEST(demo, writes_a_report_of_what_happened) {
    const temporary_directory folder;
    const auto file = folder.write("report.html", "an old one");
    program demo(short_demo({"--count", "1", "--report", file}));
    EXPECT_EQ(demo.wait(), 0);
    EXPECT_TRUE(contains(demo.out(), "the report is in " + file)) << demo.out();
    const auto page = read_file(file);
    EXPECT_TRUE(contains(page, "<!doctype html>") || contains(page, "<!DOCTYPE html>"))
        << page.substr(0, 200);
    EXPECT_TRUE(contains(page, R"("outcome":"ended")")) << "the session stands in it";
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
        << "nothing is left beside it";
}

TEST(demo, refuses_a_report_that_cannot_be_written_before_it_starts) {
    const temporary_directory folder;
    for (const auto& [file, why] :
         std::vector<std::pair<std::string, std::string>>{{"/nonexistent/report.html", "No such file"},
                                                          {folder.path(), "it is there, and is no file"},
                                                          {"/dev/null", "it is there, and is no file"}}) {
        program demo({NULLWORKER_PROGRAM, "demo", "--report", file});
        EXPECT_EQ(demo.wait(), 2);
        EXPECT_EQ(demo.out(), "");
        EXPECT_TRUE(contains(demo.err(), "--report: '" + file + "' cannot be written: " + why)) << demo.err();
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace nullworker::test
