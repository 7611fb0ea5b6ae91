#include <nullworker/net/crowd.hpp>
#include <nullworker/net/peak.hpp>

#include <boost/asio/ip/address.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::net {
namespace {

using namespace std::chrono_literals;

constexpr peer alice = 1;
constexpr peer bob = 2;
constexpr peer carol = 3;

// One who notes what it is told.
class guest final : public crowd::member {
public:
    guest(crowd& among, stage begins_at, peer from = alice, crowd::time_point now = {})
        : member(among, from, now) {
        enter(begins_at, now);
    }

    std::string heard;

private:
    void make_room() override { heard += "make room;"; }
    void wake() override { heard += is_hurried() ? "hurry;" : "wake;"; }
    void finish() override { heard += "finish;"; }
};

class crowd_test : public testing::Test {
protected:
    // So much time goes by.
    void pass(crowd::time_point::duration span) { now += span; }
    bool evict_one() { return all.evict_one(now); }
    bool evict_one_for(peer from) { return all.evict_one_for(from, now); }

    int rooms = 0;
    crowd::time_point now = crowd::time_point(1h);
    crowd all{{.most = 3, .grace = 1s, .stall = 500ms}, [this] { ++rooms; }};
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
    guest busy(all, stage::answering, alice, now);
    EXPECT_FALSE(evict_one());
    busy.enter(stage::idle, now);
    EXPECT_EQ(rooms, 1);
    EXPECT_TRUE(evict_one());
}

TEST_F(crowd_test, the_one_that_waited_longest_makes_room) {
    guest first(all, stage::idle);
    const guest second(all, stage::idle);
    first.enter(stage::reading_head, now);
    first.enter(stage::idle, now);
    EXPECT_TRUE(evict_one());
    EXPECT_EQ(second.heard, "make room;");
    EXPECT_EQ(first.heard, "");
}

TEST_F(crowd_test, each_stage_makes_room_before_the_next_one) {
    std::list<guest> order;
    for (const stage each : {stage::reading_body, stage::reading_head, stage::silent, stage::idle})
        order.emplace_front(all, each, alice, now);
    order.emplace_front(all, stage::answering, alice, now - 1s);
    order.emplace_front(all, stage::leaving, alice, now);
    for (const guest& next : order) {
        EXPECT_FALSE(next.is_evicted());
        EXPECT_TRUE(evict_one());
        EXPECT_TRUE(next.is_evicted());
    }
    EXPECT_FALSE(evict_one());
}

TEST_F(crowd_test, a_request_that_takes_long_makes_room_before_one_that_has_just_begun) {
    guest in_the_body(all, stage::reading_head, alice, now);
    in_the_body.enter(stage::reading_body, now + 900ms);
    pass(1s);
    const guest in_the_head(all, stage::reading_head, alice, now);
    EXPECT_TRUE(evict_one());
    EXPECT_TRUE(in_the_body.is_evicted());
    EXPECT_FALSE(in_the_head.is_evicted());
}

TEST_F(crowd_test, nobody_who_waits_or_is_answered_makes_room) {
    const guest waiting(all, stage::waiting, alice, now - 1h);
    const guest answering(all, stage::answering, alice, now);
    EXPECT_FALSE(evict_one());
    EXPECT_EQ(waiting.heard + answering.heard, "");
    EXPECT_EQ(all.evicted(), 0U);
}

TEST_F(crowd_test, an_answer_that_does_not_get_on_makes_room) {
    guest fetching(all, stage::answering, alice, now);
    const guest stalled(all, stage::answering, alice, now);
    pass(499ms);
    EXPECT_FALSE(evict_one());
    fetching.get_on(now);
    pass(1ms);
    EXPECT_TRUE(evict_one());
    EXPECT_TRUE(stalled.is_evicted());
    EXPECT_FALSE(evict_one());
}

TEST_F(crowd_test, the_peer_with_the_most_connections_makes_room) {
    const guest lonely(all, stage::idle, alice, now - 1h);
    const guest older(all, stage::reading_head, bob, now - 2s);
    const guest younger(all, stage::reading_head, bob, now);
    EXPECT_EQ(all.largest_share(), 2U);
    EXPECT_TRUE(evict_one_for(carol));
    EXPECT_TRUE(older.is_evicted());
    EXPECT_EQ(all.largest_share(), 1U);
}

TEST_F(crowd_test, of_peers_with_as_many_connections_the_one_that_can_spare_one_most_easily_makes_room) {
    const guest in_a_head(all, stage::reading_head, alice, now - 1h);
    const guest answering(all, stage::answering, bob, now - 1h);
    const guest idle(all, stage::idle, carol, now);
    constexpr peer newcomer = 4;
    for (const guest* next : {&idle, &in_a_head, &answering}) {
        EXPECT_TRUE(evict_one_for(newcomer));
        EXPECT_TRUE(next->is_evicted());
    }
}

TEST_F(crowd_test, of_peers_alike_the_one_that_is_there_longest_makes_room) {
    const guest young(all, stage::idle, alice, now);
    const guest old(all, stage::idle, bob, now - 1s);
    const guest middle(all, stage::idle, carol, now - 500ms);
    EXPECT_TRUE(evict_one());
    EXPECT_TRUE(old.is_evicted());
}

TEST_F(crowd_test, a_larger_peer_that_can_spare_nobody_leaves_it_to_the_next_one) {
    const guest first(all, stage::answering, alice, now);
    const guest second(all, stage::answering, alice, now);
    const guest idle(all, stage::idle, bob, now);
    EXPECT_TRUE(evict_one_for(carol));
    EXPECT_TRUE(idle.is_evicted());
}

TEST_F(crowd_test, nobody_makes_room_for_a_peer_that_has_as_many) {
    const guest busy(all, stage::answering, alice, now);
    const guest idle(all, stage::idle, bob, now);
    EXPECT_FALSE(evict_one_for(alice));
    EXPECT_FALSE(idle.is_evicted());
    pass(500ms);
    EXPECT_TRUE(evict_one_for(alice));
    EXPECT_TRUE(busy.is_evicted());
}

TEST_F(crowd_test, a_peer_alone_makes_room_for_itself) {
    const guest first(all, stage::idle);
    const guest second(all, stage::idle);
    EXPECT_TRUE(evict_one_for(alice));
    EXPECT_TRUE(first.is_evicted());
}

TEST_F(crowd_test, who_was_evicted_counts_no_longer_and_stays_that) {
    guest gone(all, stage::idle);
    EXPECT_TRUE(evict_one());
    EXPECT_EQ(all.size(), 0U);
    EXPECT_EQ(all.largest_share(), 0U);
    EXPECT_EQ(all.evicted(), 1U);
    gone.enter(stage::answering, now);
    gone.get_on(now);
    EXPECT_TRUE(gone.is_evicted());
    EXPECT_FALSE(evict_one());
}

TEST_F(crowd_test, who_was_evicted_is_not_counted_again_when_it_ends) {
    const guest stays(all, stage::answering, alice, now);
    {
        const guest gone(all, stage::idle);
        EXPECT_TRUE(evict_one());
    }
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(rooms, 1);
}

TEST_F(crowd_test, who_moves_counts_where_it_went) {
    crowd other({.most = 1, .grace = 1s, .stall = 500ms}, [] {});
    guest moving(all, stage::silent);
    moving.move_to(other, now);
    EXPECT_EQ(all.size(), 0U);
    EXPECT_EQ(rooms, 1);
    EXPECT_EQ(other.size(), 1U);
    EXPECT_EQ(moving.at(), stage::reading_head);
    EXPECT_TRUE(other.evict_one(now));
    EXPECT_TRUE(moving.is_evicted());
}

TEST_F(crowd_test, the_one_that_waits_longest_is_hurried_and_then_the_next) {
    const guest first(all, stage::waiting, alice);
    const guest second(all, stage::waiting, bob);
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
    hurried.enter(stage::answering, now);
    EXPECT_FALSE(hurried.is_hurried());
    hurried.enter(stage::waiting, now);
    EXPECT_FALSE(hurried.is_hurried());
}

TEST_F(crowd_test, a_request_that_has_just_begun_stays_as_long_as_another_can_be_hurried) {
    guest waiting(all, stage::waiting, alice, now);
    const guest fresh(all, stage::reading_head, alice, now);
    EXPECT_FALSE(evict_one());
    waiting.enter(stage::answering, now);
    EXPECT_TRUE(evict_one());
    EXPECT_TRUE(fresh.is_evicted());
}

TEST_F(crowd_test, a_request_that_has_just_begun_stays_as_long_as_its_peer_has_one_that_is_answered) {
    guest answering(all, stage::answering, alice, now);
    const guest older(all, stage::reading_head, alice, now);
    const guest younger(all, stage::reading_head, alice, now);
    EXPECT_FALSE(evict_one_for(alice));
    EXPECT_TRUE(evict_one_for(bob));
    EXPECT_TRUE(older.is_evicted());
    answering.enter(stage::waiting, now);
    EXPECT_FALSE(evict_one_for(alice));
    answering.enter(stage::reading_body, now);
    EXPECT_TRUE(evict_one_for(alice));
    EXPECT_TRUE(younger.is_evicted());
}

TEST_F(crowd_test, a_request_that_takes_long_makes_room_before_another_is_hurried) {
    const guest waiting(all, stage::waiting, alice, now);
    const guest slow(all, stage::reading_head, alice, now);
    pass(1s);
    EXPECT_TRUE(evict_one());
    EXPECT_TRUE(slow.is_evicted());
}

TEST_F(crowd_test, a_change_wakes_all_that_wait_and_nobody_else) {
    const guest first(all, stage::waiting, alice);
    const guest busy(all, stage::answering, alice);
    const guest second(all, stage::waiting, bob);
    EXPECT_EQ(all.waiting(), 2U);
    EXPECT_FALSE(all.wake(1, 8));
    EXPECT_EQ(first.heard, "wake;");
    EXPECT_EQ(second.heard, "wake;");
    EXPECT_EQ(busy.heard, "");
}

TEST_F(crowd_test, a_change_wakes_no_more_at_once_than_it_is_told_and_each_of_them_once) {
    const guest first(all, stage::waiting, alice);
    const guest second(all, stage::waiting, bob);
    guest knows(all, stage::waiting, bob);
    knows.has_seen(1);
    EXPECT_TRUE(all.wake(1, 1));
    EXPECT_EQ(first.heard, "wake;");
    EXPECT_EQ(second.heard, "");
    EXPECT_FALSE(all.wake(1, 1));
    EXPECT_FALSE(all.wake(1, 1));
    EXPECT_EQ(first.heard, "wake;");
    EXPECT_EQ(second.heard, "wake;");
    EXPECT_EQ(knows.heard, "");
    EXPECT_FALSE(all.wake(2, 3));
    EXPECT_EQ(first.heard, "wake;wake;");
    EXPECT_EQ(knows.heard, "wake;");
}

TEST_F(crowd_test, a_drain_hurries_those_that_wait_and_tells_everybody_to_finish) {
    const guest waiting(all, stage::waiting);
    const guest idle(all, stage::idle);
    const guest busy(all, stage::answering, bob);
    all.drain();
    EXPECT_EQ(waiting.heard, "hurry;finish;");
    EXPECT_EQ(idle.heard, "finish;");
    EXPECT_EQ(busy.heard, "finish;");
}

// A peer that takes all places and more does not touch the one connection of another.
TEST_F(crowd_test, of_one_peer_leaves_the_others_alone) {
    const guest honest(all, stage::reading_head, bob, now);
    std::list<guest> flood;
    for (int i = 0; i < 1000; ++i) {
        pass(100us);
        const bool has_room = !all.is_full() || evict_one_for(alice);
        EXPECT_TRUE(has_room);
        flood.emplace_back(all, stage::reading_head, alice, now);
    }
    EXPECT_FALSE(honest.is_evicted());
    EXPECT_EQ(all.evicted(), 998U);
}

TEST(peer_of, is_an_address_or_the_first_half_of_one) {
    const auto of = [](const char* text) { return peer_of(boost::asio::ip::make_address(text)); };
    EXPECT_EQ(of("203.0.113.7"), of("::ffff:203.0.113.7"));
    EXPECT_NE(of("203.0.113.7"), of("203.0.113.8"));
    EXPECT_EQ(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::"));
    EXPECT_NE(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
}

TEST(peak, is_over_once_most_are_gone) {
    peak seen(100);
    EXPECT_FALSE(seen.is_over(99));
    EXPECT_FALSE(seen.is_over(0));
    EXPECT_FALSE(seen.is_over(200));
    EXPECT_FALSE(seen.is_over(51));
    EXPECT_TRUE(seen.is_over(50));
    EXPECT_FALSE(seen.is_over(0));
}

}  // namespace
}  // namespace nullworker::net
