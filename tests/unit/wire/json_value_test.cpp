#include <nullworker/wire/json_value.hpp>

#include <gtest/gtest.h>

namespace nullworker::wire {
namespace {

std::string nested(int depth, const char* open, const char* close, const char* inside = "") {
    std::string out = inside;
    for (int i = 0; i < depth; ++i)
        out = open + out + close;
    return out;
}

TEST(json_value, is_null_by_default) {
    EXPECT_TRUE(json_value().is_null());
    EXPECT_EQ(json_value().dump(), "null");
    EXPECT_EQ(json_value(), json_value::parse("null").value());
}

TEST(json_value, refuses_what_is_no_json) {
    const std::string_view table[] = {
        "",
        " ",
        "{nope",
        "]",
        "{}x",
        "{} {}",
        "[1,]",
        "{\"a\":1,}",
        "'a'",
        "// comment\n1",
        "NaN",
        "Infinity",
        "-Infinity",
        "[nan]",
        "1e400",
        "-1e400",
        "[1e999]",
        "01",
        "+1",
        ".5",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\\ud800\"",
        "{\"\xff\":1}",
        std::string_view("{}\0", 3),
        std::string_view("{}\0garbage", 10),
    };
    for (const auto text : table) {
        const auto value = json_value::parse(text);
        ASSERT_FALSE(value.has_value()) << text;
        EXPECT_EQ(value.error(), errc::invalid_json) << text;
    }
}

TEST(json_value, bounds_the_depth) {
    EXPECT_TRUE(json_value::parse(nested(max_json_depth, "[", "]")).has_value());
    EXPECT_FALSE(json_value::parse(nested(max_json_depth + 1, "[", "]")).has_value());
    EXPECT_TRUE(json_value::parse(nested(max_json_depth, "{\"a\":", "}", "1")).has_value());
    EXPECT_FALSE(json_value::parse(nested(max_json_depth + 1, "{\"a\":", "}", "1")).has_value());
    EXPECT_FALSE(json_value::parse(std::string(60'000, '[')).has_value());
}

TEST(json_value, counts_only_brackets_that_nest) {
    EXPECT_TRUE(json_value::parse("\"" + std::string(100, '[') + "\"").has_value());
    EXPECT_TRUE(json_value::parse("\"\\\"" + std::string(100, '{') + "\\\\\"").has_value());
    std::string siblings = "[[]";
    for (int i = 0; i < 100; ++i)
        siblings += ",[]";
    EXPECT_TRUE(json_value::parse(siblings + "]").has_value());
    // Closing brackets buy no depth.
    EXPECT_FALSE(json_value::parse(std::string(50, ']') + nested(60, "[", "]")).has_value());
}

TEST(json_value, compares_deeply) {
    struct row {
        const char* a;
        const char* b;
        bool equal;
    };
    const row table[] = {
        {R"({"a":1,"b":2})", R"({"b":2,"a":1})", true},
        {R"({"a":{"x":[1,2]}})", R"({"a":{"x":[1.0,2.0]}})", true},
        {"1", "1.0", true},
        {"100.0", "1e2", true},
        {"[1,2]", "[2,1]", false},
        {R"({"a":1})", R"({"a":1,"b":null})", false},
        {R"({"a":1})", R"({"a":"1"})", false},
        {"1", "true", false},
        {"null", "false", false},
        {R"("a")", R"("A")", false},
    };
    for (const auto& row : table)
        EXPECT_EQ(json_value::parse(row.a).value() == json_value::parse(row.b).value(), row.equal)
            << row.a << " and " << row.b;
}

TEST(json_value, prints_without_blanks) {
    EXPECT_EQ(json_value::parse(R"( { "a" : [ 1 , "\u00e4" ] } )")->dump(), "{\"a\":[1,\"ä\"]}");
}

TEST(json_value, keeps_large_integers_exact) {
    EXPECT_EQ(json_value::parse("9007199254740993")->dump(), "9007199254740993");
}

}  // namespace
}  // namespace nullworker::wire
