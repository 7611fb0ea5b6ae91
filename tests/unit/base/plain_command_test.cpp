#include <nullworker/base/plain_command.hpp>

#include <gtest/gtest.h>

namespace nullworker {
namespace {

using words = std::vector<std::string>;

TEST(plain_command, is_a_program_and_its_words) {
    EXPECT_EQ(plain_command("true"), words({"true"}));
    EXPECT_EQ(plain_command(" /bin/pgrep\t-x  consumer "), words({"/bin/pgrep", "-x", "consumer"}));
    EXPECT_EQ(plain_command("curl -fsS http://127.0.0.1:8000/health,a=b"),
              words({"curl", "-fsS", "http://127.0.0.1:8000/health,a=b"}));
}

TEST(plain_command, is_nothing_that_a_shell_would_change) {
    for (const char* line :
         {"",        "  ",    "a b; c",  "a | b", "a && b", "a &",   "a > b",   "a < b", "a $b",
          "a `b`",   "a 'b'", "a \"b\"", "a \\b", "a *",    "a ?",   "a [b]",   "a ~",   "a # b",
          "a {b,c}", "a (b)", "! a",     "a\nb",  "A=b",    "A=b c", "\xc3\xa4"})
        EXPECT_FALSE(plain_command(line).has_value()) << line;
}

}  // namespace
}  // namespace nullworker
