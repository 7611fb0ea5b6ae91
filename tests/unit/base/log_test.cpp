#include <nullworker/base/log.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <regex>
#include <string>

namespace nullworker {
namespace {

TEST(log, prints_an_event_alone) {
    EXPECT_EQ(log::format("started", {}), "event=started");
}

TEST(log, prints_fields_in_their_order) {
    EXPECT_EQ(log::format("bound", {{"port", 3000}, {"tls", false}, {"cost", 0.5}, {"name", "public"}}),
              "event=bound port=3000 tls=false cost=0.5 name=public");
}

TEST(log, prints_whole_numbers_exactly) {
    EXPECT_EQ(log::format("n", {{"a", std::int64_t{-9007199254740993}}, {"b", std::uint64_t{1} << 63}}),
              "event=n a=-9007199254740993 b=9223372036854775808");
}

TEST(log, quotes_what_would_break_a_line_into_wrong_pairs) {
    struct row {
        const char* value;
        const char* printed;
    };
    const row table[] = {
        {"plain", "plain"},
        {"a/b:c?d,e", "a/b:c?d,e"},
        {"päth", "päth"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"key=value", "\"key=value\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"forged\nlevel=error", "\"forged\\nlevel=error\""},
        {"carriage\rreturn", "\"carriage\\u000dreturn\""},
        {"tab\tstop", "\"tab\\u0009stop\""},
        {"\x1b[31mred", "\"\\u001b[31mred\""},
        {"del\x7F", "\"del\\u007f\""},
        {"c1\u009b31m", "\"c1\\u009b31m\""},
        {"bidi\u202e", "\"bidi\\u202e\""},
        {"forged\u2028level=error", "\"forged\\u2028level=error\""},
        {"\xff", "\"\\xff\""},
    };
    for (const auto& row : table)
        EXPECT_EQ(log::format("e", {{"v", row.value}}), std::string("event=e v=") + row.printed);
}

TEST(log, hides_a_zero_byte) {
    const std::string_view value("a\0b", 3);
    EXPECT_EQ(log::format("e", {{"v", value}}), "event=e v=\"a\\u0000b\"");
}

// What `action` prints to standard error with the level set to `minimum`.
template <class Action>
std::string printed(log::level minimum, Action action) {
    testing::internal::CaptureStderr();
    log::set_level(minimum);
    action();
    log::set_level(log::level::off);
    log::flush();
    return testing::internal::GetCapturedStderr();
}

TEST(log, writes_one_line_with_time_and_level) {
    const auto line = printed(log::level::info, [] { log::warning("odd", {{"n", 1}}); });
    const std::regex form(R"(ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=warning event=odd n=1\n)");
    EXPECT_TRUE(std::regex_match(line, form)) << line;
}

TEST(log, writes_nothing_below_its_level) {
    const auto lines = printed(log::level::warning, [] {
        log::debug("a");
        log::info("b");
        log::warning("c");
        log::error("d");
    });
    EXPECT_EQ(lines.find("event=a"), std::string::npos);
    EXPECT_EQ(lines.find("event=b"), std::string::npos);
    EXPECT_NE(lines.find("level=warning event=c"), std::string::npos);
    EXPECT_NE(lines.find("level=error event=d"), std::string::npos);
}

TEST(log, prints_braces_as_they_are) {
    EXPECT_NE(printed(log::level::info,
                      [] {
                          log::info("e", {{"v", "{}{0}"}});
                      })
                  .find("v={}{0}"),
              std::string::npos);
}

// ---- the form json ----------------------------------------------------------------------------------------

TEST(log, has_numbers_and_truth_values_as_such_in_json) {
    EXPECT_EQ(
        log::format_json("bound", {{{"port", 3000}, {"tls", false}, {"cost", 0.5}, {"name", "public"}}}),
        R"("event":"bound","port":3000,"tls":false,"cost":0.5,"name":"public")");
}

TEST(log, has_no_number_in_json_that_is_none) {
    const std::array odd = {log::field("a", std::nan("")), log::field("b", -HUGE_VAL)};
    EXPECT_EQ(log::format_json("e", odd), R"("event":"e","a":"nan","b":"-inf")");
}

TEST(log, names_the_worker_in_each_line_of_json) {
    EXPECT_EQ(log::format_json("e", {}, 7), R"("event":"e","worker_id":7)");
}

TEST(log, has_some_fields_in_json_alone) {
    const std::array fields = {log::field("reason", "ended"), log::also("request_idx", 9)};
    EXPECT_EQ(log::format("e", fields), "event=e reason=ended");
    EXPECT_EQ(log::format_json("e", fields), R"("event":"e","reason":"ended","request_idx":9)");
}

TEST(log, writes_an_object_a_line_whatever_a_stranger_sent) {
    const std::string hostile = "\"},{\n\x1b[31m\u202e\xff\\ </script> \U0001F600";
    log::set_form(log::form::json, 7);
    const auto line = printed(log::level::info, [&] { log::warning("odd", {{"v", hostile}, {"n", 1}}); });
    log::set_form(log::form::text);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
    EXPECT_TRUE(std::all_of(line.begin(), line.end() - 1, [](char c) { return c >= ' ' && c < 0x7F; }))
        << line;
    const auto read = nlohmann::json::parse(line);
    EXPECT_EQ(read["level"], "warning");
    EXPECT_EQ(read["event"], "odd");
    EXPECT_EQ(read["worker_id"], 7);
    EXPECT_EQ(read["v"], "\"},{\n\x1b[31m\u202e\ufffd\\ </script> \U0001F600");
    EXPECT_EQ(read["n"], 1);
    const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
    EXPECT_TRUE(std::regex_match(read["time"].get<std::string>(), form)) << line;
}

TEST(log, knows_which_levels_it_writes) {
    log::set_level(log::level::info);
    EXPECT_FALSE(log::writes(log::level::debug));
    EXPECT_TRUE(log::writes(log::level::info));
    log::set_level(log::level::off);
    EXPECT_FALSE(log::writes(log::level::error));
}

}  // namespace
}  // namespace nullworker
