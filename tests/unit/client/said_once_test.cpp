#include <follow/said_once.hpp>

#include <gtest/gtest.h>

namespace nullworker::client {
namespace {

using words_said = std::vector<std::string>;

TEST(said_once, each_line_is_told_when_it_is_said_for_the_first_time) {
    said_once said;
    EXPECT_EQ(said.news(""), words_said());
    EXPECT_EQ(said.news("a\nb\n"), (words_said{"a", "b"}));
    EXPECT_EQ(said.news("b\n\nc"), (words_said{"c"}));
    EXPECT_EQ(said.news("a\nb\nc"), words_said());
}

TEST(said_once, is_bounded) {
    said_once said;
    EXPECT_EQ(said.news(std::string(1000, 'x')).at(0).size(), said_once::longest);
    std::size_t told = 1;
    for (int i = 0; i < 100; ++i)
        told += said.news(std::to_string(i)).size();
    EXPECT_EQ(told, said_once::most_lines);
}

}  // namespace
}  // namespace nullworker::client
