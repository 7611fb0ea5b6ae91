#include "support/picture.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/base/descriptor.hpp>
#include <terminal/progress.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace nullworker::client {
namespace {

constexpr const char* hostile = "a\x1b]0;pwned\x07 \u009b2J \u202e \u2028 \xff\nz";
constexpr const char* harmless = "a\\u001b]0;pwned\\u0007 \\u009b2J \\u202e \\u2028 \\xff\\nz";

// What is written of whatever `tell` tells.
template <class Tell>
std::string told(progress::form shape, Tell tell) {
    const test::temporary_directory folder;
    const auto file = folder.write("out", "");
    std::FILE* out = std::fopen(file.c_str(), "w");
    {
        progress show(out, shape, 1);
        tell(show);
    }
    (void)std::fclose(out);
    return test::read_file(file);
}

void tell_everything(progress& show) {
    show.session(1, "routed", hostile);
    show.session(1, hostile, "");
    show.workers({{hostile, 1}});
    show.note(hostile);
}

TEST(progress, shows_what_peers_wrote_harmless) {
    const auto lines = told(progress::form::lines, tell_everything);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4) << lines;
    std::size_t found = 0;
    for (auto at = lines.find(harmless); at != std::string::npos; at = lines.find(harmless, at + 1))
        ++found;
    EXPECT_EQ(found, 4u) << lines;
    for (const auto* part : {"\x1b", "\x07", "\u009b", "\u202e", "\u2028", "\xff"})
        EXPECT_EQ(lines.find(part), std::string::npos) << lines;
}

TEST(progress, writes_json_in_ascii_from_which_the_text_can_be_had) {
    const auto line =
        told(progress::form::json, [](progress& show) { show.note("a\x1b \x7f \u009b \u202e →"); });
    for (const unsigned char c : line)
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7F)) << line;
    EXPECT_EQ(nlohmann::json::parse(line)["text"], "a\x1b \x7f \u009b \u202e →");
}

TEST(progress, tells_programs_the_names_of_a_session_as_fields) {
    const auto lines = told(progress::form::json, [](progress& show) {
        show.session(1, "asking", "for a worker");
        show.session(1, "routed", "request 7 to http://w", {.request_idx = 7, .worker_url = "http://w"});
        show.session(1, "held", "Ab3 on http://w", {.session_id = "Ab3"});
        show.session(1, "failed", "lost");
        show.session(1, "asking", "for a worker");
        show.summary({.wanted = 3, .released = 1}, "; all is over");
        show.tell("fleet", {{"url", "http://f"}, {"workers", 3}, {"price", 0.5}, {"most", {}}}, "a fleet");
        show.print({{{"for people alone"}}});
    });
    std::vector<nlohmann::json> events;
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);)
        events.push_back(nlohmann::json::parse(line));
    ASSERT_EQ(events.size(), 7u) << lines;
    for (const auto place : {0u, 4u})
        for (const auto* name : {"request_idx", "worker_url", "session_id"})
            EXPECT_TRUE(events[place].at(name).is_null()) << name;
    EXPECT_EQ(events[1]["request_idx"], 7);
    EXPECT_EQ(events[3]["request_idx"], 7);
    EXPECT_EQ(events[3]["worker_url"], "http://w");
    EXPECT_EQ(events[3]["session_id"], "Ab3");
    EXPECT_EQ(events[5]["released"], 1);
    EXPECT_EQ(events[5]["not_held"], 2);
    EXPECT_EQ(events[5]["text"], "of 3 sessions 1 was held and released, 2 were never held; all is over");
    EXPECT_EQ(events[6]["url"], "http://f");
    EXPECT_EQ(events[6]["workers"], 3);
    EXPECT_EQ(events[6]["price"], 0.5);
    EXPECT_TRUE(events[6].at("most").is_null());
}

TEST(progress, tells_a_listener_of_each_session_with_all_its_names) {
    std::vector<std::string> heard;
    (void)told(progress::form::lines, [&](progress& show) {
        show.on_session([&](int number, const std::string& state, const session_identity& ids) {
            heard.push_back(std::to_string(number) + ' ' + state + ' ' +
                            std::to_string(ids.request_idx.value_or(0)) + ' ' + ids.session_id);
        });
        show.session(2, "queued", "", {.request_idx = 7});
        show.session(2, "held", "", {.session_id = "Ab3"});
        show.session(2, "released", "");
    });
    EXPECT_EQ(heard, (std::vector<std::string>{"2 queued 7 ", "2 held 7 Ab3", "2 released 7 Ab3"}));
}

// A terminal, and what is written to it.
class terminal : public testing::Test {
protected:
    terminal() {
        int master = -1;
        int slave = -1;
        EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
        (void)::fcntl(master, F_SETFL, O_NONBLOCK);
        x_master = descriptor(master);
        x_out = ::fdopen(slave, "w");
        resize(80);
        ::setenv("TERM", "xterm", 1);
        ::setenv("LC_ALL", "C.UTF-8", 1);
    }
    ~terminal() override {
        (void)std::fclose(x_out);
        for (const auto* variable : {"TERM", "LC_ALL", "NO_COLOR"})
            ::unsetenv(variable);
    }

    void resize(std::uint16_t columns, std::uint16_t rows = 24) const {
        const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
        EXPECT_EQ(::ioctl(x_master.number(), TIOCSWINSZ, &size), 0);
    }

    // What `tell` tells a run of `sessions`.
    template <class Tell>
    std::string written(int sessions, Tell tell, progress::view wanted = progress::view::drawn) {
        {
            progress show(x_out, progress::form::lines, sessions, wanted);
            tell(show);
        }
        return read();
    }

    std::string read() const {
        std::string out;
        std::array<char, 4096> chunk;
        for (ssize_t size = 0; (size = ::read(x_master.number(), chunk.data(), chunk.size())) > 0;)
            out.append(chunk.data(), static_cast<std::size_t>(size));
        return out;
    }

    // As its loop does it, once the terminal has taken what came before.
    static void refresh(progress& show, std::chrono::steady_clock::time_point now = {}) {
        while (!show.is_all_shown())
            std::this_thread::yield();
        show.refresh(now);
        while (!show.is_all_shown())
            std::this_thread::yield();
    }

    static std::string between(const std::string& text, const std::string& from, const std::string& to) {
        const auto begin = text.find(from) + from.size();
        return text.substr(begin, text.find(to, begin) - begin);
    }

    descriptor x_master;
    std::FILE* x_out = nullptr;
};

constexpr const char* dim = "\x1b[2m";
constexpr const char* plain = "\x1b[0m";

// Lines without their times.
std::string untimed(const std::string& text) {
    return std::regex_replace(text, std::regex(R"( +\d+\.\d\d s  )"), "t ");
}

// A view that says how often it was asked for.
progress::painter counting(int& asked) {
    return [&asked](screen_size, charset) {
        return std::vector<text_row>{{{"view " + std::to_string(++asked)}}};
    };
}

TEST_F(terminal, has_a_last_line_with_a_symbol_a_session) {
    const auto out = written(3, [](progress& show) {
        show.session(2, "held", "");
        refresh(show);
    });
    EXPECT_EQ(between(out, dim, plain), "   sessions · ● ·  workers: none");
    EXPECT_TRUE(out.ends_with("\r\x1b[1A\x1b[J")) << "it is erased at the end";
}

TEST_F(terminal, that_is_narrow_has_its_last_line_cut_to_its_width) {
    for (const std::uint16_t width : std::array<std::uint16_t, 4>{60, 40, 20, 2}) {
        resize(width);
        const auto out = written(100, [](progress& show) {
            for (int number = 1; number <= 30; ++number)
                show.session(number, "held", "");
            refresh(show);
        });
        EXPECT_LT(columns(between(out, dim, plain)), width) << out;
    }
    for (const auto& [width, rows] : {std::pair<std::uint16_t, std::uint16_t>{1, 24}, {80, 1}}) {
        resize(width, rows);
        const auto out = written(1, [](progress& show) {
            show.note("one");
            refresh(show);
        });
        EXPECT_EQ(out.find('\x1b'), std::string::npos) << out;
    }
    resize(60);
    const auto out = written(100, [](progress& show) {
        show.session(1, "held", "");
        refresh(show);
    });
    EXPECT_EQ(between(out, dim, plain), "1 held, 99 to come; workers: none");
}

TEST_F(terminal, that_becomes_narrower_has_all_rows_of_its_last_line_erased) {
    test::picture seen(80, 24);
    progress show(x_out, progress::form::lines, 10);
    show.note("one");
    refresh(show);  // the last line takes 46 columns
    seen.feed(read());
    resize(20);
    seen.narrow_to(20);
    refresh(show);
    seen.feed(read());
    EXPECT_EQ(untimed(seen.text()), "t          \n  one\n10 to come; workers\n");
}

TEST_F(terminal, that_is_low_is_never_given_a_view_that_it_has_no_room_for) {
    for (const std::uint16_t rows : std::array<std::uint16_t, 3>{2, 3, 5}) {
        resize(40, rows);
        test::picture seen(40, rows);
        {
            progress show(x_out, progress::form::lines, 1);
            std::size_t told = 0;
            show.show_beneath(
                [&told](screen_size room, charset) {
                    told = room.rows;
                    return std::vector<text_row>(10, text_row{{"row"}});
                },
                [] { return 1; });
            for (int i = 0; i < 3; ++i) {
                show.note("line");
                refresh(show);
            }
            EXPECT_EQ(told, rows - 1U);
        }
        seen.feed(read());
        EXPECT_EQ(untimed(seen.text()), "t            line\nt            line\nt            line\n")
            << "nothing of the view is left";
    }
}

TEST_F(terminal, has_its_view_painted_anew_once_it_changed_and_each_second) {
    using namespace std::chrono_literals;
    int asked = 0;
    const std::chrono::steady_clock::time_point start(1h);
    (void)written(1, [&](progress& show) {
        std::uint64_t revision = 1;
        show.show_beneath(counting(asked), [&revision] { return revision; });
        refresh(show, start);
        EXPECT_EQ(asked, 1);
        refresh(show, start + 100ms);
        EXPECT_EQ(asked, 1);
        ++revision;
        refresh(show, start + 200ms);
        EXPECT_EQ(asked, 2);
        refresh(show, start + 1100ms);
        EXPECT_EQ(asked, 2);
        refresh(show, start + 1200ms);
        EXPECT_EQ(asked, 3);
        resize(79);
        refresh(show, start + 1300ms);
        EXPECT_EQ(asked, 4);
    });
}

TEST_F(terminal, keeps_its_view_beneath_the_lines) {
    int asked = 0;
    test::picture seen(80, 24);
    progress show(x_out, progress::form::lines, 1);
    show.show_beneath(counting(asked), [] { return 1; });
    refresh(show);
    for (const char* text : {"first", "second"}) {
        show.note(text);
        refresh(show);
    }
    seen.feed(read());
    EXPECT_EQ(untimed(seen.text()), "t            first\nt            second\nview 1\n");
}

TEST_F(terminal, shows_the_last_words_as_they_are_above_the_view) {
    test::picture seen(12, 24);
    resize(12);
    {
        progress show(x_out, progress::form::lines, 1);
        refresh(show);
        show.print({{{"worker 1  "}, {"███", look::good}}, {{"\x1b[2J"}}});
    }
    const auto out = read();
    EXPECT_NE(out.find("worker 1  \x1b[32m██\x1b[0m\r\n"), std::string::npos) << out;
    seen.feed(out);
    EXPECT_EQ(seen.text(), "worker 1  ██\n\\u001b[2J\n");
}

TEST_F(terminal, gets_no_escapes_where_it_does_not_know_them) {
    const auto tell = [](progress& show) {
        show.session(1, "held", "");
        refresh(show);
        show.print({{{"bad", look::bad}}});
    };
    EXPECT_NE(written(1, tell).find('\x1b'), std::string::npos);
    ::setenv("TERM", "dumb", 1);
    EXPECT_EQ(written(1, tell).find('\x1b'), std::string::npos);
    ::unsetenv("TERM");
    EXPECT_EQ(written(1, tell).find('\x1b'), std::string::npos);
}

TEST_F(terminal, gets_no_view_where_somebody_else_draws) {
    const auto tell = [](progress& show) {
        show.session(1, "held", "");
        refresh(show);
    };
    EXPECT_EQ(written(1, tell, progress::view::none).find('\x1b'), std::string::npos);
}

TEST_F(terminal, whose_user_wants_no_colours_gets_its_view_without) {
    ::setenv("NO_COLOR", "1", 1);
    const auto out = written(1, [](progress& show) {
        show.session(1, "held", "");
        refresh(show);
        show.print({{{"bad", look::bad}}});
    });
    EXPECT_NE(out.find("sessions ●"), std::string::npos) << out;
    EXPECT_EQ(std::count(out.begin(), out.end(), 'm'), 0) << out;
}

TEST_F(terminal, of_a_locale_without_utf8_gets_ascii) {
    ::setenv("LC_ALL", "C", 1);
    const auto out = written(2, [](progress& show) {
        show.session(1, "held", "");
        show.note("0 → 1 é");
        refresh(show);
    });
    for (const unsigned char c : out)
        EXPECT_LT(c, 0x80) << out;
    EXPECT_NE(out.find("0 -> 1 \\u00e9"), std::string::npos) << out;
    EXPECT_NE(out.find("sessions * . "), std::string::npos) << out;
}

// Ctrl-S, and many minutes later Ctrl-Q: nothing of a view is between the lines, and the last one stands
// beneath.
TEST_F(terminal, that_was_stopped_gets_its_lines_and_one_view) {
    test::picture seen(80, 24);
    int asked = 0;
    std::string out;
    progress show(x_out, progress::form::lines, 1);
    std::uint64_t revision = 1;
    show.show_beneath(counting(asked), [&revision] { return revision; });
    refresh(show);
    for (int i = 0; i < 1000; ++i) {  // more than the terminal's own buffer holds
        show.note(std::string(50, 'x'));
        show.refresh({});
        ++revision;
    }
    while (!show.is_all_shown())
        out += read();
    refresh(show);
    seen.feed(out + read());
    const auto text = seen.text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1001);
    EXPECT_EQ(text.find("view"), text.rfind("view"));
    EXPECT_TRUE(text.ends_with("\nview " + std::to_string(asked) + '\n')) << text.substr(text.size() - 200);
}

// A reader that stalls: a run goes on, and so do its sessions.
TEST(progress, never_waits_for_whoever_reads_it) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const descriptor reader(ends[0]);
    std::FILE* out = ::fdopen(ends[1], "w");
    {
        progress show(out, progress::form::json, 1);
        for (int i = 0; i < 1000; ++i)  // far more than a pipe and the buffer hold
            show.note(std::string(1000, 'x'));
        std::string seen;
        char next = 0;
        while (!seen.ends_with("\"event\":\"missing\"") && ::read(reader.number(), &next, 1) == 1)
            seen += next;
        EXPECT_TRUE(seen.ends_with("\"missing\""));
    }
    (void)std::fclose(out);
}

}  // namespace
}  // namespace nullworker::client
