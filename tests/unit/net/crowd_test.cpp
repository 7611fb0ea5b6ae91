#include <nullworker/net/crowd.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::net {
namespace {

// One who notes what it is told.
class guest final : public crowd::member {
public:
    guest(crowd& among, stage begins_at) : member(among) { enter(begins_at); }

    std::string heard;

private:
    void make_room() override { heard += "make room;"; }
    void wake() override { heard += is_hurried() ? "hurry;" : "wake;"; }
    void finish() override { heard += "finish;"; }
};

class crowd_test : public testing::Test {
protected:
    int rooms = 0;
    crowd all{3, [this] { ++rooms; }};
};

TEST_F(crowd_test, it_is_full_with_as_many_as_fit) {
    const guest first(all, stage::idle);
    const guest second(all, stage::idle);
    EXPECT_FALSE(all.is_full());
    const guest third(all, stage::answering);
    EXPECT_TRUE(all.is_full());
    EXPECT_EQ(all.size(), 3U);
}

TEST_F(crowd_test, who_leaves_makes_room) {
    {
        const guest only(all, stage::idle);
        EXPECT_EQ(rooms, 0);
    }
    EXPECT_EQ(rooms, 1);
    EXPECT_EQ(all.size(), 0U);
}

TEST_F(crowd_test, who_was_answered_can_make_room_and_that_is_told) {
    guest busy(all, stage::answering);
    EXPECT_FALSE(all.evict_one());
    busy.enter(stage::idle);
    EXPECT_EQ(rooms, 1);
    EXPECT_TRUE(all.evict_one());
}

TEST_F(crowd_test, the_one_that_waited_longest_makes_room) {
    guest first(all, stage::idle);
    guest second(all, stage::idle);
    first.enter(stage::reading_head);
    first.enter(stage::idle);
    EXPECT_TRUE(all.evict_one());
    EXPECT_EQ(second.heard, "make room;");
    EXPECT_EQ(first.heard, "");
}

TEST_F(crowd_test, each_stage_makes_room_before_the_next_one) {
    guest in_the_body(all, stage::reading_body);
    guest in_the_head(all, stage::reading_head);
    guest idle(all, stage::idle);
    guest leaving(all, stage::leaving);
    for (const guest* next : {&leaving, &idle, &in_the_head, &in_the_body}) {
        EXPECT_FALSE(next->is_evicted());
        EXPECT_TRUE(all.evict_one());
        EXPECT_TRUE(next->is_evicted());
    }
    EXPECT_FALSE(all.evict_one());
}

TEST_F(crowd_test, nobody_whose_request_is_whole_makes_room) {
    const guest waiting(all, stage::waiting);
    const guest answering(all, stage::answering);
    EXPECT_FALSE(all.evict_one());
    EXPECT_EQ(waiting.heard + answering.heard, "");
    EXPECT_EQ(all.evicted(), 0U);
}

TEST_F(crowd_test, who_was_evicted_counts_no_longer_and_stays_that) {
    guest gone(all, stage::idle);
    EXPECT_TRUE(all.evict_one());
    EXPECT_EQ(all.size(), 0U);
    EXPECT_EQ(all.evicted(), 1U);
    gone.enter(stage::answering);
    EXPECT_TRUE(gone.is_evicted());
    EXPECT_FALSE(all.evict_one());
}

TEST_F(crowd_test, who_was_evicted_is_not_counted_again_when_it_ends) {
    const guest stays(all, stage::answering);
    {
        const guest gone(all, stage::idle);
        EXPECT_TRUE(all.evict_one());
    }
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(rooms, 1);
}

TEST_F(crowd_test, the_one_that_waits_longest_is_hurried_and_then_the_next) {
    const guest first(all, stage::waiting);
    const guest second(all, stage::waiting);
    all.hurry_one();
    EXPECT_EQ(first.heard, "hurry;");
    EXPECT_EQ(second.heard, "");
    all.hurry_one();
    all.hurry_one();
    EXPECT_EQ(first.heard, "hurry;");
    EXPECT_EQ(second.heard, "hurry;");
}

TEST_F(crowd_test, a_hurry_lasts_until_the_request_waits_no_longer) {
    guest hurried(all, stage::waiting);
    all.hurry_one();
    EXPECT_TRUE(hurried.is_hurried());
    hurried.enter(stage::answering);
    EXPECT_FALSE(hurried.is_hurried());
    hurried.enter(stage::waiting);
    EXPECT_FALSE(hurried.is_hurried());
}

TEST_F(crowd_test, a_change_wakes_all_that_wait_and_nobody_else) {
    const guest first(all, stage::waiting);
    const guest busy(all, stage::answering);
    const guest second(all, stage::waiting);
    EXPECT_EQ(all.waiting(), 2U);
    all.wake_all();
    EXPECT_EQ(first.heard, "wake;");
    EXPECT_EQ(second.heard, "wake;");
    EXPECT_EQ(busy.heard, "");
}

TEST_F(crowd_test, a_drain_hurries_those_that_wait_and_tells_everybody_to_finish) {
    const guest waiting(all, stage::waiting);
    const guest idle(all, stage::idle);
    const guest busy(all, stage::answering);
    all.drain();
    EXPECT_EQ(waiting.heard, "hurry;finish;");
    EXPECT_EQ(idle.heard, "finish;");
    EXPECT_EQ(busy.heard, "finish;");
}

}  // namespace
}  // namespace nullworker::net
