#include <fleet/fault_plan.hpp>

#include <gtest/gtest.h>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

TEST(fault_plan_test, without_faults_all_is_well) {
    fault_plan faults;
    const auto fate = faults.next("/route/", now());
    EXPECT_FALSE(fate.status);
    EXPECT_FALSE(fate.drop);
    EXPECT_FALSE(fate.lose_reply);
    EXPECT_EQ(fate.delay, 0s);
}

TEST(fault_plan_test, faults_are_used_up_in_their_order) {
    fault_plan faults;
    faults.answer_next("/route/", 2, 500);
    faults.drop_next("/route", 1);
    EXPECT_EQ(faults.next("/route/", now()).status, 500u);
    EXPECT_EQ(faults.next("/route", now()).status, 500u);
    EXPECT_TRUE(faults.next("/route/", now()).drop);
    EXPECT_FALSE(faults.next("/route/", now()).drop);
}

TEST(fault_plan_test, a_fault_stays_with_its_path) {
    fault_plan faults;
    faults.delay_next("/worker_status/", 1, 5s);
    EXPECT_EQ(faults.next("/route/", now()).delay, 0s);
    EXPECT_EQ(faults.next("/worker_status/", now()).delay, 5s);
}

TEST(fault_plan_test, an_outage_covers_every_path_until_its_end) {
    fault_plan faults;
    const auto begin = now();
    faults.outage_until(begin.after(5s));
    EXPECT_TRUE(faults.next("/route/", begin).drop);
    EXPECT_TRUE(faults.next("/pubkey/", begin.after(4s)).drop);
    EXPECT_FALSE(faults.next("/route/", begin.after(5s)).drop);
    faults.outage_until(begin.after(5s), 503);
    EXPECT_EQ(faults.next("/route/", begin).status, 503u);
    EXPECT_FALSE(faults.next("/route/", begin).drop);
}

}  // namespace
}  // namespace nullworker::fleet
