#include <gtest/gtest.h>

#include <fleet/fault_plan.hpp>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

TEST(FaultPlanTest, WithoutFaultsAllIsWell) {
    fault_plan faults;
    const auto fate = faults.next("/route/", now());
    EXPECT_FALSE(fate.status);
    EXPECT_FALSE(fate.drop);
    EXPECT_FALSE(fate.lose_reply);
    EXPECT_EQ(fate.delay, 0s);
}

TEST(FaultPlanTest, FaultsAreUsedUpInTheirOrder) {
    fault_plan faults;
    faults.answer_next("/route/", 2, 500);
    faults.drop_next("/route", 1);
    EXPECT_EQ(faults.next("/route/", now()).status, 500u);
    EXPECT_EQ(faults.next("/route", now()).status, 500u);
    EXPECT_TRUE(faults.next("/route/", now()).drop);
    EXPECT_FALSE(faults.next("/route/", now()).drop);
}

TEST(FaultPlanTest, AFaultStaysWithItsPath) {
    fault_plan faults;
    faults.delay_next("/worker_status/", 1, 5s);
    EXPECT_EQ(faults.next("/route/", now()).delay, 0s);
    EXPECT_EQ(faults.next("/worker_status/", now()).delay, 5s);
}

TEST(FaultPlanTest, AnOutageCoversEveryPathUntilItsEnd) {
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
