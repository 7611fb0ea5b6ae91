#include <work/crew.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace nullworker::client {
namespace {

using word = crew::word;

TEST(crew, of_one_says_everything_itself) {
    crew all;
    all.enters(0, "A");
    EXPECT_EQ(all.lifts(0, "A"), word::lift);
    all.enters(0, "A");
    EXPECT_EQ(all.releases(0, "A"), word::release);
    EXPECT_FALSE(all.has_left(0, "A"));
}

TEST(crew, lifts_no_protection_under_which_another_command_runs) {
    crew all;
    all.enters(0, "A");
    all.enters(1, "A");
    EXPECT_EQ(all.lifts(0, "A"), word::nothing);
    EXPECT_FALSE(all.has_left(0, "A"));
    EXPECT_EQ(all.lifts(1, "A"), word::lift);
}

TEST(crew, leaves_the_release_to_the_last_and_does_not_come_back) {
    crew all;
    for (int slot = 0; slot < 3; ++slot)
        all.enters(slot, "A");
    EXPECT_EQ(all.releases(1, "A"), word::nothing);
    EXPECT_TRUE(all.has_left(1, "A"));
    EXPECT_FALSE(all.has_left(1, "B"));
    EXPECT_EQ(all.releases(2, "A"), word::nothing);
    EXPECT_EQ(all.releases(0, "A"), word::release);
}

TEST(crew, releases_what_others_have_left_when_the_last_finds_no_job) {
    crew all;
    all.enters(0, "A");
    all.enters(1, "A");
    EXPECT_EQ(all.releases(0, "A"), word::nothing);
    EXPECT_EQ(all.lifts(1, "A"), word::release);
    all.enters(1, "B");
    EXPECT_EQ(all.lifts(1, "B"), word::lift) << "which nobody has left";
}

TEST(crew, holds_up_no_session_for_a_command_in_another_or_one_that_did_not_come_to_run) {
    crew all;
    all.enters(0, "A");  // lost, and its command goes on
    all.enters(1, "B");
    EXPECT_EQ(all.releases(1, "B"), word::release);
    all.enters(2, "A");
    all.is_gone(2);
    EXPECT_EQ(all.releases(0, "A"), word::release);
}

TEST(crew, knows_while_somebody_gives_up) {
    crew all;
    EXPECT_FALSE(all.is_giving_up());
    {
        const crew::giving_up first(all);
        const crew::giving_up second(all);
        EXPECT_TRUE(all.is_giving_up());
    }
    EXPECT_FALSE(all.is_giving_up());
}

TEST(crew, tells_those_who_wait_for_their_turn_when_the_last_has_given_up) {
    crew all;
    int told = 0;
    std::optional<crew::awaited_turn> turn(std::in_place, all, [&told] { ++told; });
    {
        const crew::giving_up first(all);
        { const crew::giving_up second(all); }
        EXPECT_EQ(told, 0);
    }
    EXPECT_EQ(told, 1);
    turn.reset();
    { const crew::giving_up another(all); }
    EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace nullworker::client
