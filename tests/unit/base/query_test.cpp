#include <nullworker/base/query.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace nullworker {
namespace {

TEST(query, is_split_into_parameters_in_order_and_nothing_is_decoded) {
    using parameters = std::vector<std::pair<std::string, std::string>>;
    struct row {
        const char* query;
        parameters expected;
    };
    const row table[] = {
        {"", {}},
        {"a=1", {{"a", "1"}}},
        {"b=2&a=1&b=3", {{"b", "2"}, {"a", "1"}, {"b", "3"}}},
        {"a=&b", {{"a", ""}, {"b", "(none)"}}},
        {"&&a=1&", {{"a", "1"}}},
        {"=1&=&a=2", {{"a", "2"}}},
        {"a=b=c", {{"a", "b=c"}}},
        {"%61=%62+c", {{"%61", "%62+c"}}},
    };
    for (const auto& row : table) {
        parameters found;
        for (const auto& parameter : split_query(row.query))
            found.emplace_back(parameter.name, parameter.value.value_or("(none)"));
        EXPECT_EQ(found, row.expected) << row.query;
    }
}

TEST(query, gives_the_first_value_of_a_name_decoded) {
    struct row {
        const char* query;
        const char* value;
    };
    const row table[] = {
        {"key=a%20b", "a b"},
        {"x=1&key=2", "2"},
        {"key=1&key=2", "1"},
        {"key=&key=2", ""},
        {"key&key=2", "2"},
        {"key", ""},
        {"", ""},
        {"keys=1&api_key=2", ""},
        {"%6Bey=1", ""},
        {"key=a%3Db%26c", "a=b&c"},
    };
    for (const auto& row : table)
        EXPECT_EQ(query_value(row.query, "key"), row.value) << row.query;
}

TEST(query, keeps_malformed_escapes_as_they_are) {
    struct row {
        const char* text;
        const char* decoded;
    };
    const row table[] = {
        {"", ""},       {"%41%62", "Ab"}, {"%4a%4A", "JJ"}, {"a+b", "a+b"}, {"%", "%"},
        {"%4", "%4"},   {"%zz", "%zz"},   {"%4z", "%4z"},   {"%-1", "%-1"}, {"%0x41", "%0x41"},
        {"%%41", "%A"}, {"%2541", "%41"}, {"100%", "100%"},
    };
    for (const auto& row : table)
        EXPECT_EQ(percent_decoded(row.text), row.decoded) << row.text;
}

}  // namespace
}  // namespace nullworker
