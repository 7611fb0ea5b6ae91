#include <nullworker/reservation/spent_grants.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::reservation {
namespace {

TEST(spent_grants, are_known_by_their_fingerprints) {
    spent_grants under_test;
    EXPECT_FALSE(under_test.contains(7));
    under_test.add(7);
    EXPECT_TRUE(under_test.contains(7));
    EXPECT_FALSE(under_test.contains(8));
}

TEST(spent_grants, are_forgotten_in_the_order_in_which_they_were_spent) {
    spent_grants under_test;
    for (std::uint64_t i = 0; i < spent_grants::most + 3; ++i)
        under_test.add(i);
    for (std::uint64_t i = 0; i < 3; ++i)
        EXPECT_FALSE(under_test.contains(i)) << i;
    for (std::uint64_t i = 3; i < spent_grants::most + 3; ++i)
        EXPECT_TRUE(under_test.contains(i)) << i;
}

TEST(spent_grants, that_are_spent_again_take_no_place) {
    spent_grants under_test;
    for (int i = 0; i < 2000; ++i)
        under_test.add(5);
    EXPECT_EQ(under_test.text(), "0000000000000005");
}

TEST(spent_grants, come_back_from_their_text_in_their_order) {
    spent_grants before;
    for (std::uint64_t i = 0; i < spent_grants::most + 10; ++i)
        before.add(~i);
    ASSERT_TRUE(spent_grants::is_text(before.text()));
    spent_grants after;
    after.resume(before.text());
    EXPECT_EQ(after.text(), before.text());
    before.add(1);
    after.add(1);
    EXPECT_EQ(after.text(), before.text());
    EXPECT_FALSE(after.contains(~std::uint64_t{10}));
    EXPECT_TRUE(after.contains(~std::uint64_t{11}));
}

TEST(spent_grants, take_no_other_text) {
    EXPECT_TRUE(spent_grants::is_text(""));
    EXPECT_TRUE(spent_grants::is_text("0123456789abcdef"));
    EXPECT_FALSE(spent_grants::is_text("0123456789abcde"));
    EXPECT_FALSE(spent_grants::is_text("0123456789abcdeG"));
    EXPECT_FALSE(spent_grants::is_text(std::string(16 * 1001, '0')));
}

}  // namespace
}  // namespace nullworker::reservation
