#include <depth/beanstalk_talk.hpp>

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace nullworker::client {
namespace {

using reading = beanstalk_reader::state;

std::string told(const std::string& statistics) {
    return "OK " + std::to_string(statistics.size()) + "\r\n" + statistics + "\r\n";
}

const std::string statistics_of_a_tube =
    "---\nname: jobs\ncurrent-jobs-urgent: 9\ncurrent-jobs-ready: 3\ncurrent-jobs-reserved: 20\n"
    "current-jobs-delayed: 100\ncurrent-jobs-buried: 7000\n";

// What is made of an answer that comes in pieces of `size`.
outcome<figure> ask(const std::string& answer, delayed_jobs delayed = delayed_jobs::left_out,
                    std::size_t size = 1000) {
    beanstalk_talk talk({.host = "127.0.0.1", .port = 11300}, "jobs", delayed);
    EXPECT_EQ(talk.begin(), "stats-tube jobs\r\n");
    for (std::size_t at = 0; at < answer.size(); at += size) {
        const auto next = talk.hear(answer.substr(at, size));
        if (const auto* out = std::get_if<outcome<figure>>(&next))
            return *out;
        EXPECT_TRUE(std::holds_alternative<hear_on>(next));
    }
    return failure{"it waits for more"};
}

TEST(beanstalk, is_what_is_ready_and_reserved) {
    EXPECT_EQ(ask(told(statistics_of_a_tube)).value().jobs, 23);
    EXPECT_EQ(ask(told(statistics_of_a_tube), delayed_jobs::left_out, 1).value().jobs, 23);
    EXPECT_EQ(ask(told(statistics_of_a_tube), delayed_jobs::counted).value().jobs, 123);
}

TEST(beanstalk, a_missing_tube_is_0_and_its_name_is_told) {
    const auto missing = ask("NOT_FOUND\r\n");
    ASSERT_TRUE(missing.has_value());
    EXPECT_EQ(missing->jobs, 0);
    ASSERT_EQ(missing->remarks.size(), 1U);
    EXPECT_NE(missing->remarks[0].find("no tube 'jobs'"), std::string::npos);
}

TEST(beanstalk, anything_else_is_an_error) {
    for (const auto* answer :
         {"BAD_FORMAT\r\n", "OUT_OF_MEMORY\r\n", "-ERR unknown command\r\n", "OK x\r\n", "OK -1\r\n",
          "OK \r\n", "OK 1\r\nabc\r\n", "OK 99999999\r\n", "NOT_FOUND\r\nNOT_FOUND\r\n", "OK 0\r\n\r\n"})
        EXPECT_TRUE(ask(answer).has_error() && ask(answer).error().message != "it waits for more") << answer;
    for (const auto* statistics : {"current-jobs-ready: 3\n", "current-jobs-reserved: 3\n",
                                   "current-jobs-ready: x\ncurrent-jobs-reserved: 3\n",
                                   "current-jobs-ready: -1\ncurrent-jobs-reserved: 3\n"})
        EXPECT_TRUE(ask(told(statistics)).has_error()) << statistics;
}

TEST(beanstalk, an_answer_that_never_ends_is_given_up) {
    beanstalk_reader line;
    EXPECT_EQ(line.feed(std::string(beanstalk_reader::longest_line + 1, 'x')), reading::failed);
    beanstalk_reader body;
    EXPECT_EQ(body.feed("OK 65536\r\n"), reading::incomplete);
    EXPECT_EQ(body.feed(std::string(beanstalk_reader::most_bytes, 'x')), reading::failed);
}

TEST(beanstalk, the_name_of_a_tube_is_one_word_of_its_alphabet) {
    for (const auto* good : {"default", "a-b/c;d.e$f_g(h)+9"})
        EXPECT_EQ(fault_of_tube(good), std::nullopt) << good;
    for (const auto& bad : {std::string(), std::string("-a"), std::string("a b"), std::string("a\r\nquit"),
                            std::string(201, 'a'), std::string("\xc3\xa4")})
        EXPECT_NE(fault_of_tube(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace nullworker::client
