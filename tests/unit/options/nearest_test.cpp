#include <nullworker/options/nearest.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nullworker::options {
namespace {

using names = std::vector<std::string>;

TEST(closest, the_likeliest_comes_first) {
    const names known = {"my-endpoint-2", "other", "my-endpoint", "My_Endpiont"};
    EXPECT_EQ(closest("my-endpiont", known, 3), (names{"My_Endpiont", "my-endpoint", "my-endpoint-2"}));
    EXPECT_EQ(closest("my-endpiont", known, 1), (names{"My_Endpiont"}));
}

TEST(closest, a_beginning_is_enough_and_another_word_is_none) {
    EXPECT_EQ(closest("llama", {"llama-3-70b-instruct", "whisper"}, 3), (names{"llama-3-70b-instruct"}));
    EXPECT_EQ(closest("xyz", {"llama", "whisper"}, 3), names());
    EXPECT_EQ(closest("", {"llama"}, 3), names());
    EXPECT_EQ(closest(std::string(65, 'a'), {std::string(64, 'a')}, 3), names()) << "too long to compare";
}

}  // namespace
}  // namespace nullworker::options
