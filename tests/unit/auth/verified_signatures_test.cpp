#include <nullworker/auth/verified_signatures.hpp>

#include <gtest/gtest.h>

#include <cstddef>

namespace nullworker::auth {
namespace {

signature_digest numbered(unsigned char number) {
    signature_digest out{};
    out.back() = number;
    return out;
}

TEST(verified_signatures, knows_what_was_added_and_nothing_else) {
    verified_signatures known;
    EXPECT_FALSE(known.contains(numbered(0)));
    known.add(numbered(1));
    EXPECT_TRUE(known.contains(numbered(1)));
    EXPECT_FALSE(known.contains(numbered(0)));
    EXPECT_FALSE(known.contains(numbered(2)));
}

TEST(verified_signatures, forgets_the_first_where_there_are_too_many) {
    verified_signatures known;
    for (std::size_t i = 0; i <= verified_signatures::most; ++i)
        known.add(numbered(static_cast<unsigned char>(i)));
    EXPECT_FALSE(known.contains(numbered(0)));
    for (std::size_t i = 1; i <= verified_signatures::most; ++i)
        EXPECT_TRUE(known.contains(numbered(static_cast<unsigned char>(i)))) << i;
}

TEST(verified_signatures, knows_none_once_it_is_cleared) {
    verified_signatures known;
    known.add(numbered(1));
    known.clear();
    EXPECT_FALSE(known.contains(numbered(1)));
    known.add(numbered(2));
    EXPECT_TRUE(known.contains(numbered(2)));
    EXPECT_FALSE(known.contains(numbered(1)));
}

}  // namespace
}  // namespace nullworker::auth
