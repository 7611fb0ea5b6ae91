#include <terminal/text_timeline.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nullworker::client {
namespace {

using watch::lane_state;

constexpr instant beginning{std::chrono::steady_clock::time_point(std::chrono::hours(1)),
                            std::chrono::system_clock::time_point(std::chrono::hours(2))};

instant at(double second) {
    return beginning.after(to_ticks(seconds(second)));
}

std::string text_of(const watch::timeline& told, double now, text_timeline_options options,
                    bool colours = false) {
    std::string out;
    for (const auto& one : text_timeline(told, at(now), options)) {
        auto line = painted(one, options.width, {options.letters, colours});
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    }
    return out;
}

watch::timeline nothing_yet() {
    return watch::timeline({.title = "a test"});
}

TEST(text_timeline, has_a_row_a_worker_with_time_to_the_right) {
    auto told = nothing_yet();
    told.worker(17, lane_state::creating, "", at(0));
    told.worker(17, lane_state::loading, "", at(2));
    told.worker(17, lane_state::ready, "", at(4));
    told.worker(17, lane_state::reserved, "", at(5));
    told.worker(2, lane_state::loading, "", at(10));
    told.worker(2, lane_state::reserved, "", at(12));
    told.worker(17, lane_state::ready, "", at(15));
    told.worker(17, lane_state::stopped, "idle", at(18));
    EXPECT_EQ(text_of(told, 20, {.width = 33}),
              "  worker 17  ··░░─██████████───\n"
              "  worker 2             ░░████████\n"
              "             |0 s      |10 s\n"
              "  · creating  ░ loading  ─ ready\n"
              "  █ reserved\n");
    EXPECT_EQ(text_of(told, 20, {.width = 53, .letters = charset::ascii}),
              "  worker 17  ....::::--####################------\n"
              "  worker 2                       ::::################\n"
              "             |0 s      |5 s      |10 s     |15 s\n"
              "  . creating  : loading  - ready  # reserved\n");
}

TEST(text_timeline, ends_with_the_last_worker_and_not_with_now) {
    auto told = nothing_yet();
    told.worker(1, lane_state::ready, "", at(0));
    told.worker(1, lane_state::stopped, "", at(10));
    EXPECT_EQ(text_of(told, 1000, {.width = 22}),
              "  worker 1  ──────────\n"
              "            |0 s\n"
              "  ─ ready\n");
}

TEST(text_timeline, shows_an_error_however_short_and_of_the_rest_what_took_longest) {
    auto told = nothing_yet();
    told.worker(1, lane_state::loading, "", at(0));
    told.worker(1, lane_state::error, "no", at(50.1));
    told.worker(1, lane_state::loading, "", at(50.2));
    told.worker(1, lane_state::ready, "", at(76));
    told.worker(1, lane_state::stopped, "", at(100));
    EXPECT_EQ(text_of(told, 100, {.width = 22}).substr(0, 43), "  worker 1  ░░░░░✗░░──\n");
}

TEST(text_timeline, has_a_bounded_number_of_rows_and_leaves_no_error_out) {
    auto told = nothing_yet();
    for (int worker = 1; worker <= 100; ++worker)
        told.worker(worker, lane_state::ready, "", at(0));
    told.worker(77, lane_state::error, "no", at(5));
    const auto text = text_of(told, 10, {.width = 24, .lanes = 3});
    EXPECT_EQ(text.substr(0, text.find('|')),
              "  worker 1   ───────────\n"
              "  worker 2   ───────────\n"
              "  worker 77  ─────✗✗✗✗✗✗\n"
              "  and 97 more\n"
              "             ");
}

TEST(text_timeline, is_nothing_where_no_worker_was) {
    auto told = nothing_yet();
    told.worker(1, lane_state::stopped, "cold", at(0));
    EXPECT_EQ(text_of(told, 10, {}), "");
    EXPECT_TRUE(text_timeline(nothing_yet(), at(0), {}).empty());
}

TEST(text_timeline, fits_every_width) {
    auto told = nothing_yet();
    for (std::size_t place = 0; place < watch::lane_states; ++place) {
        told.worker(123'456'789, static_cast<lane_state>(place), "", at(static_cast<double>(place) * 100));
        told.worker(5, static_cast<lane_state>(watch::lane_states - 1 - place), "",
                    at(static_cast<double>(place) * 100));
    }
    for (const auto letters : {charset::utf8, charset::ascii})
        for (std::size_t width = 1; width <= 200; ++width) {
            const auto rows = text_timeline(told, at(3600), {.width = width, .letters = letters});
            ASSERT_GE(rows.size(), 4U);
            for (const auto& one : rows) {
                const auto whole = painted(one, 1000, {letters, false});
                if (width >= 20) {
                    EXPECT_LE(columns(whole), width) << whole;
                }
                if (letters == charset::ascii) {
                    EXPECT_EQ(columns(whole), whole.size()) << whole;
                }
            }
        }
}

TEST(text_timeline, marks_its_axis_at_even_times_that_fit) {
    struct axis_case {
        double length;
        const char* text;
    };
    for (const auto& one :
         {axis_case{0.4, "|0.0 s    |0.1 s    |0.2 s    |0.3 s"},
          axis_case{4, "|0 s      |1 s      |2 s      |3 s"},
          axis_case{15, "|0 s         |5 s         |10 s"}, axis_case{90, "|0 s         |30 s        |60 s"},
          axis_case{600, "|0 min              |5 min"},
          axis_case{4 * 3600, "|0 h      |1 h      |2 h      |3 h"}}) {
        auto told = nothing_yet();
        told.worker(1, lane_state::ready, "", at(0));
        told.worker(1, lane_state::stopped, "", at(one.length));
        const auto text = text_of(told, one.length, {.width = 52});
        const auto begin = text.find('|');
        EXPECT_EQ(text.substr(begin, text.find('\n', begin) - begin), one.text) << one.length;
    }
}

TEST(text_timeline, names_the_session_whose_worker_is_not_known_and_lets_no_escape_through) {
    auto told = nothing_yet();
    told.session({.key = "1", .session_id = "Ab3\x1b[2J", .asked_at = at(0), .held_at = at(1)});
    told.session({.key = "2", .asked_at = at(0), .held_at = at(2)});
    const auto text = text_of(told, 11, {.width = 40}, true);
    EXPECT_EQ(text.find("  Ab3\\u001b[2J  "), 0U) << text;
    EXPECT_NE(text.find("\n  a session  "), std::string::npos) << text;
    EXPECT_EQ(text.find("\x1b[2J"), std::string::npos);
}

TEST(text_timeline, repeats_in_colour_what_its_symbols_say) {
    auto told = nothing_yet();
    told.worker(1, lane_state::ready, "", at(0));
    told.worker(1, lane_state::error, "no", at(5));
    const auto text = text_of(told, 10, {.width = 22}, true);
    EXPECT_EQ(text.substr(0, text.find('\n')), "  worker 1  \x1b[33m─────\x1b[0m\x1b[31m✗✗✗✗✗\x1b[0m");
}

}  // namespace
}  // namespace nullworker::client
