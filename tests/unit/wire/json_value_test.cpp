#include <nullworker/wire/json_value.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

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
        {"0", "-0", true},
        {"0", "-0.0", true},
        {"0", "false", false},
        {"0", "5e-324", false},
        {"-1", "-1.0", true},
        {"1", "-1", false},
        {"1.5", "1.5000", true},
        {"1.5", "1.5000000000000002", false},
        {"0.1", "0.1000000000000000055", true},
        {"1e15", "1000000000000000", true},
        {"9007199254740992", "9007199254740992.0", true},
        {"9007199254740993", "9007199254740993.0", false},
        {"9223372036854775807", "9223372036854775808", false},
        {"9223372036854775807", "9223372036854775807.0", false},
        {"9223372036854775808", "9223372036854775808.0", true},
        {"-9223372036854775808", "-9223372036854775808.0", true},
        {"18446744073709551615", "18446744073709551615.0", false},
        {"18446744073709551616", "18446744073709551616.0", true},
        {"-9223372036854775809", "-9223372036854775808", true},
        {"1e300", "1e300", true},
        {"1e300", "1.0000000000000002e300", false},
        {"1e300", "-1e300", false},
        {"null", "false", false},
        {"null", "[]", false},
        {"[]", "{}", false},
        {"[[],[]]", "[[[]]]", false},
        {"[1,23]", "[12,3]", false},
        {R"(["a","b"])", R"(["ab"])", false},
        {R"(["","\"0;"])", R"(["\"0;",""])", false},
        {R"("1")", "1", false},
        {R"("null")", "null", false},
        {R"("a")", R"("A")", false},
        {R"("\u00e4")", R"("\u00E4")", true},
        {R"({"a":"b"})", R"(["a","b"])", false},
    };
    for (const auto& row : table)
        EXPECT_EQ(json_value::parse(row.a).value() == json_value::parse(row.b).value(), row.equal)
            << row.a << " and " << row.b;
}

TEST(json_value, refuses_a_key_twice_in_one_object_and_names_it) {
    struct row {
        const char* text;
        const char* key;
    };
    const row table[] = {
        {R"({"a":1,"a":1})", "a"},
        {R"({"a":1,"b":2,"a":3})", "a"},
        {R"({"":1,"":2})", ""},
        {R"({"\u0061":1,"a":2})", "a"},
        {R"({"x":[0,{"y":{"ä":1,"\u00e4":2}}]})", "ä"},
        {R"({"x":{"x":1},"x":{}})", "x"},
        {R"({"x":{"y":1,"z":[{}],"y":1},"x":1})", "y"},
        {R"({"a":1,"a":)", "a"},
    };
    for (const auto& row : table) {
        std::string key = "none";
        const auto value = json_value::parse(row.text, &key);
        ASSERT_FALSE(value.has_value()) << row.text;
        EXPECT_EQ(value.error(), errc::duplicate_key) << row.text;
        EXPECT_EQ(key, row.key) << row.text;
        EXPECT_EQ(json_value::parse(row.text).error(), errc::duplicate_key) << row.text;
    }
}

TEST(json_value, takes_the_same_key_in_different_objects) {
    const char* table[] = {
        R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])", R"({"a":{"b":1},"b":{"a":1}})",
        R"({"a":"a","b":"a"})",   R"({"A":1,"a":1})",
    };
    for (const char* text : table) {
        const auto value = json_value::parse(text);
        ASSERT_TRUE(value.has_value()) << text;
        EXPECT_EQ(value->dump(), text);
    }
}

TEST(json_value, prints_without_blanks) {
    EXPECT_EQ(json_value::parse(R"( { "a" : [ 1 , "\u00e4" ] } )")->dump(), "{\"a\":[1,\"ä\"]}");
}

TEST(json_value, a_number_is_written_as_in_a_document) {
    std::mt19937_64 random(7);
    std::vector<double> table = {0.0,          -0.0,
                                 1.0,          0.5,
                                 1e-9,         -1.5,
                                 100.0,        1790000000.0,
                                 1790000000.1, 999999999999999.9,
                                 1e15,         1e16,
                                 1e300,        std::numeric_limits<double>::infinity(),
                                 std::nan("")};
    for (int i = 0; i < 1000; ++i)
        table.push_back(1.7e9 + static_cast<double>(random() % 1'000'000'000'000) * 1e-3);
    for (const double number : table) {
        std::string written = "x";
        append_json(written, number);
        EXPECT_EQ(written, "x" + compact(nlohmann::json(number)));
    }
}

TEST(json_value, keeps_large_integers_exact) {
    EXPECT_EQ(json_value::parse("9007199254740993")->dump(), "9007199254740993");
}

TEST(json_value, a_path_leads_to_a_member_or_an_element) {
    const auto document =
        json_value::parse(R"({"id": "abc", "n": 1.5, "none": null, "in": {"list": ["a", {"b": true}]}})")
            .value();
    EXPECT_EQ(document.text_at("id"), "abc");
    EXPECT_EQ(document.text_at("n"), "1.5");
    EXPECT_EQ(document.text_at("in.list.0"), "a");
    EXPECT_EQ(document.text_at("in.list.1.b"), "true");
    EXPECT_EQ(document.text_at("in.list"), R"(["a",{"b":true}])");
    EXPECT_EQ(document.text_at(""), document.dump());
    for (const auto* path :
         {"none", "nosuch", "in.list.2", "in.list.x", "in.list.-1", "id.x", "in..list", "n.0"})
        EXPECT_FALSE(document.text_at(path)) << path;
    EXPECT_FALSE(json_value().text_at("session_id"));
    const auto free = json_value::parse(R"({"session": null, "id": "abc"})").value();
    for (const char* path : {"session", "session.session_id"}) {
        EXPECT_TRUE(free.is_null_at(path)) << path;
        EXPECT_FALSE(free.text_at(path)) << path;
    }
    for (const char* path : {"id", "nothing", "id.x", ""})
        EXPECT_FALSE(free.is_null_at(path)) << path;
}

}  // namespace
}  // namespace nullworker::wire
