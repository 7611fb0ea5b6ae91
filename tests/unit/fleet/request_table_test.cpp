#include <fleet/request_table.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t some_worker = 7;

class request_table_test : public testing::Test {
protected:
    std::int64_t ask(double cost = 100) { return it.ask(0, cost, 60s, x_now)->idx; }

    std::int64_t ask_and_get(std::int64_t worker, double cost = 100) {
        const auto idx = ask(cost);
        it.route(idx, worker, x_now);
        return idx;
    }

    void pass(std::chrono::steady_clock::duration span) { x_now = x_now.after(span); }

    parameters x_values;
    event_log x_log;
    request_table it{x_values, x_log};
    instant x_now = now();
};

TEST_F(request_table_test, each_state_has_its_own_deadline_and_work_has_none) {
    EXPECT_EQ(it.next_deadline(), request_table::time_point::max());
    const auto idx = ask();
    EXPECT_EQ(it.next_deadline(), x_now.monotonic + 60s);
    it.route(idx, some_worker, x_now);
    EXPECT_EQ(it.next_deadline(), x_now.monotonic + 10s);
    it.claim({some_worker, {idx}, 100}, x_now);
    EXPECT_EQ(it.next_deadline(), request_table::time_point::max());
    it.requeue(some_worker, x_now);
    EXPECT_EQ(it.next_deadline(), x_now.monotonic + 5s);
}

TEST_F(request_table_test, what_expires_does_so_at_its_deadline_and_names_its_worker) {
    ask_and_get(some_worker);
    ask();
    pass(10s - 1ns);
    EXPECT_TRUE(it.expire(x_now).empty());
    pass(1ns);
    EXPECT_EQ(it.expire(x_now), std::vector{some_worker});
    pass(50s);
    EXPECT_TRUE(it.expire(x_now).empty());
    EXPECT_EQ(it.size(), 0u);
}

TEST_F(request_table_test, what_could_not_be_heard_has_its_time_anew) {
    ask_and_get(some_worker);
    ask();
    pass(100s);
    it.forgive_silence(x_now);
    pass(10s - 1ns);
    EXPECT_TRUE(it.expire(x_now).empty());
    EXPECT_EQ(it.size(), 2u);
    pass(1ns);
    EXPECT_EQ(it.expire(x_now), std::vector{some_worker});
    pass(50s);
    EXPECT_TRUE(it.expire(x_now).empty());
    EXPECT_EQ(it.size(), 0u);
}

TEST_F(request_table_test, those_before_one_are_older_and_wait_and_still_ask) {
    ask(1);
    pass(7s);
    ask(2);
    ask_and_get(some_worker, 3);
    ask(4);
    const auto idx = ask(5);
    ask(6);
    EXPECT_EQ(it.costs_before(*it.find(idx), x_now), (std::vector<double>{2, 4}));
}

TEST_F(request_table_test, only_the_first_at_a_worker_asks_for_capacity_but_all_are_its_load) {
    ask_and_get(some_worker, 1);
    const auto working = ask_and_get(some_worker, 2);
    ask_and_get(some_worker + 1, 4);
    EXPECT_EQ(it.load(), 5);
    it.claim({some_worker, {working}, 2}, x_now);
    EXPECT_EQ(it.load(), 6);
    EXPECT_EQ(it.load_of(some_worker), 3);
}

TEST_F(request_table_test, a_refused_request_asks_for_capacity_when_its_client_asks_again) {
    const auto idx = ask_and_get(some_worker);
    it.reject(idx, x_now);
    EXPECT_EQ(it.load(), 0);
    EXPECT_EQ(it.load_of(some_worker), 0);
    it.ask(idx, 100, 60s, x_now);
    EXPECT_EQ(it.load(), 100);
}

TEST_F(request_table_test, requests_that_are_taken_up_share_the_load_that_nothing_else_explains) {
    const auto known = ask_and_get(some_worker, 100);
    it.claim({some_worker, {known, 50, 51}, 160}, x_now);
    EXPECT_EQ(it.find(50)->cost, 30);
    EXPECT_EQ(it.find(51)->cost, 30);
    it.claim({some_worker, {known, 50, 51, 52}, 160}, x_now);
    EXPECT_EQ(it.find(52)->cost, x_values.nominal_perf);
}

}  // namespace
}  // namespace nullworker::fleet
