#include <nullworker/reservation/completion_outbox.hpp>

#include <gtest/gtest.h>

namespace nullworker::reservation {
namespace {

wire::completion completed(std::int64_t idx) {
    return {.request_idx = idx};
}

TEST(completion_outbox, completions_leave_in_the_order_in_which_they_came) {
    completion_outbox box;
    for (int i = 1; i <= 5; ++i)
        box.add(completed(i));
    const auto first = box.next(3);
    ASSERT_EQ(first.entries.size(), 3u);
    EXPECT_EQ(first.entries[0].request_idx, 1);
    box.delivered(first);
    EXPECT_EQ(box.next(10).entries[0].request_idx, 4);
}

TEST(completion_outbox, completions_stay_until_they_are_delivered) {
    completion_outbox box;
    box.add(completed(1));
    (void)box.next(10);
    EXPECT_EQ(box.size(), 1u);
}

TEST(completion_outbox, what_comes_while_a_parcel_is_under_way_stays) {
    completion_outbox box;
    box.add(completed(1));
    const auto sent = box.next(10);
    box.add(completed(2));
    box.delivered(sent);
    ASSERT_EQ(box.size(), 1u);
    EXPECT_EQ(box.next(10).entries[0].request_idx, 2);
}

TEST(completion_outbox, beyond_its_capacity_the_oldest_is_dropped_and_counted) {
    completion_outbox box(2);
    for (int i = 1; i <= 5; ++i)
        box.add(completed(i));
    EXPECT_EQ(box.size(), 2u);
    EXPECT_EQ(box.dropped(), 3u);
    EXPECT_EQ(box.next(10).entries[0].request_idx, 4);
}

TEST(completion_outbox, a_parcel_whose_completions_were_dropped_meanwhile_removes_no_others) {
    completion_outbox box(2);
    box.add(completed(1));
    box.add(completed(2));
    const auto sent = box.next(10);
    box.add(completed(3));  // drops 1
    box.delivered(sent);
    ASSERT_EQ(box.size(), 1u);
    EXPECT_EQ(box.next(10).entries[0].request_idx, 3);
}

TEST(completion_outbox, has_but_a_tenth_of_its_places_for_incidental_ones) {
    completion_outbox box(20);
    for (int i = 1; i <= 100; ++i)
        box.add_incidental(completed(-i));
    for (int i = 1; i <= 18; ++i)
        box.add(completed(i));
    EXPECT_EQ(box.size(), 20u);
    EXPECT_EQ(box.dropped(), 98u);
    box.delivered(box.next(1));
    box.add_incidental(completed(-200));
    EXPECT_EQ(box.next(20).entries.back().request_idx, -200);
    box.add_incidental(completed(-201));
    EXPECT_EQ(box.next(20).entries.back().request_idx, -200);
}

}  // namespace
}  // namespace nullworker::reservation
