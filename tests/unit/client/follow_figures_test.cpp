#include <follow/follow_figures.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr follow_limits up_to_four{.least = 0, .most = 4};

class follow_figures_test : public testing::Test {
protected:
    [[nodiscard]] std::string page() const { return to_text(figures.measure(sessions, now)); }

    void expect(const std::string& line) const {
        EXPECT_NE(page().find("\nnullworker_" + line + '\n'), std::string::npos) << line << " is not in\n"
                                                                                 << page();
    }
    void expect_nothing_of(const std::string& name) const {
        EXPECT_EQ(page().find("nullworker_" + name), std::string::npos) << page();
    }

    // A held session.
    int held() {
        const int number = sessions.open();
        sessions.offered(number);
        sessions.held(number, seconds(60), now);
        return number;
    }

    roster_entry::time_point now{1000s};
    follow_figures figures{up_to_four};
    roster sessions{up_to_four, 10s};
};

TEST_F(follow_figures_test, say_nothing_of_what_nobody_knows_yet) {
    expect("follow_active 0");
    expect("follow_depth_failing 0");
    for (const char* name :
         {"follow_depth ", "follow_depth_age_seconds", "follow_wanted_sessions", "follow_workers"})
        expect_nothing_of(name);
}

TEST_F(follow_figures_test, tell_the_depth_and_what_it_is_worth) {
    figures.begin();
    figures.told(7, now);
    (void)sessions.decide(7, now);
    now += 3s;
    expect("follow_active 1");
    expect("follow_depth 7");
    expect("follow_depth_age_seconds 3");
    expect("follow_wanted_sessions 4");
    expect("follow_max_sessions 4");
    expect("follow_min_sessions 0");
    expect("follow_unfound_sessions 0");
}

TEST_F(follow_figures_test, keep_the_depth_while_the_command_fails_and_say_so) {
    figures.told(7, now);
    figures.not_told();
    figures.not_told();
    expect("follow_depth 7");
    expect("follow_depth_failing 1");
    expect("follow_depth_failures_total 2");
    figures.told(6, now);
    expect("follow_depth_failing 0");
    expect("follow_depth_failures_total 2");
}

TEST_F(follow_figures_test, count_each_session_in_one_state) {
    sessions.open();
    sessions.offered(sessions.open());
    held();
    sessions.busy(held(), seconds(30), now);
    sessions.retiring(held(), seconds(30), now);
    sessions.silent(held(), now);
    for (const char* one : {"asking", "creating", "idle", "working", "retiring", "unreachable"})
        expect("follow_sessions{state=\"" + std::string(one) + "\"} 1");
    expect("follow_sessions{state=\"lost\"} 0");
    now += 100s;
    (void)sessions.decide(9, now);
    expect("follow_sessions{state=\"lost\"} 1");
    expect("follow_sessions{state=\"unreachable\"} 0");
    expect("follow_sessions{state=\"idle\"} 2");  // whose job's protection is over
}

TEST_F(follow_figures_test, count_reservations_and_measure_the_waits_of_those_that_were_held) {
    figures.reserved(reservation_result::held, 2s);
    figures.reserved(reservation_result::held, std::nullopt);
    figures.reserved(reservation_result::failed, 50s);
    figures.reserved(reservation_result::unknown, 50s);
    expect("follow_reservations_total{result=\"held\"} 2");
    expect("follow_reservations_total{result=\"failed\"} 1");
    expect("follow_reservations_total{result=\"dropped\"} 0");
    expect("follow_reservations_total{result=\"unknown\"} 1");
    expect("follow_wait_seconds_bucket{le=\"1\"} 0");
    expect("follow_wait_seconds_bucket{le=\"2.5\"} 1");
    expect("follow_wait_seconds_sum 2");
    expect("follow_wait_seconds_count 1");
}

TEST_F(follow_figures_test, name_workers_by_what_their_status_means) {
    figures.found(
        {{"error", 2}, {"busy", 3}, {"idle", 1}, {"model_loading", 1}, {"\"}\n# what a peer wrote", 5}});
    expect("follow_workers{state=\"error\"} 2");
    expect("follow_workers{state=\"ready\"} 4");
    expect("follow_workers{state=\"loading\"} 1");
    expect("follow_workers{state=\"unknown\"} 5");
    figures.found({});
    expect("follow_workers{state=\"error\"} 0");
}

}  // namespace
}  // namespace nullworker::client
