#include "support/temporary_directory.hpp"

#include <nullworker/wire/route_grant.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nullworker::wire {
namespace {

TEST(signed_message, is_the_text_of_every_recorded_signature) {
    const auto recorded = nlohmann::json::parse(test::recorded("signatures.json"));
    int compared = 0;
    for (const auto& vector : recorded["vectors"]) {
        if (!vector["valid"].get<bool>())
            continue;
        EXPECT_EQ(signed_message(vector["url"].get<std::string>()), vector["message"].get<std::string>());
        ++compared;
    }
    EXPECT_GE(compared, 4);
}

TEST(signed_message, escapes_as_python_does) {
    struct row {
        const char* url;
        const char* escaped;
    };
    const row table[] = {
        {"http://h/a/b", "http://h/a/b"},
        {"a\"b\\c", R"(a\"b\\c)"},
        {"tab\tline\n", R"(tab\tline\n)"},
        {"\x1f", R"(\u001f)"},
        {"\x7f", R"(\u007f)"},
        {"ä", R"(\u00e4)"},
        {"\xf0\x9f\x98\x80", R"(\ud83d\ude00)"},
    };
    for (const auto& row : table)
        EXPECT_EQ(signed_message(row.url), std::string("{\n    \"url\": \"") + row.escaped + "\"\n}");
}

}  // namespace
}  // namespace nullworker::wire
