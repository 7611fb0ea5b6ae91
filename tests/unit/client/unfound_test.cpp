#include <follow/roster.hpp>

#include <gtest/gtest.h>

#include <vector>

// Work that is counted, and that no worker finds.
namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using deed = roster::deed;

constexpr seconds whole_lifetime{600.0};
constexpr auto usual_interval = 2s;
constexpr auto longest_recheck = 60s;

class unfound_test : public testing::Test {
protected:
    roster it{
        {.least = 0, .most = 8, .hysteresis = 30s, .interval = usual_interval, .recheck = longest_recheck},
        10s};
    roster::time_point now{1000s};

    // What is opened for the work, all of which is held at once.
    int opened(std::int64_t depth) {
        const auto wanted = it.decide(depth, now);
        for (int i = 0; i < wanted.open; ++i)
            it.held(it.open(), whole_lifetime, now);
        if (wanted.probe)
            it.held(it.open_probe(), whole_lifetime, now);
        return wanted.open + (wanted.probe ? 1 : 0);
    }

    void end(int number, ending how) {
        it.ended(number, how, now);
        it.gone(number);
    }

    // A protection that was asked for now; and one that has lasted for a while.
    void protect(int number) { it.heard(number, {whole_lifetime, seconds(60), false}, now); }
    void find_job(int number) {
        protect(number);
        now += usual_interval;
        it.heard(number, {whole_lifetime, seconds(60) - usual_interval, false}, now);
    }

    // After how many seconds sessions were opened for so much work, each of which found nothing at once.
    std::vector<int> openings(std::int64_t depth, int until) {
        std::vector<int> out;
        const auto begin = now;
        for (int second = 0; second <= until; ++second) {
            now = begin + std::chrono::seconds(second);
            for (int count = opened(depth); count > 0; --count)
                out.push_back(second);
            while (!it.entries().empty())
                end(it.entries().begin()->first, ending::idle);
        }
        return out;
    }
};

TEST_F(unfound_test, where_nothing_is_found_one_session_looks_again_less_and_less_often) {
    EXPECT_EQ(openings(1, 190), (std::vector<int>{0, 2, 6, 14, 30, 62, 122, 182}));
    EXPECT_EQ(it.unfound_sessions(), 1);
}

TEST_F(unfound_test, several_that_find_nothing_together_are_one_look) {
    EXPECT_EQ(openings(3, 31), (std::vector<int>{0, 0, 0, 2, 6, 14, 30}));
    EXPECT_EQ(it.unfound_sessions(), 3);
}

TEST_F(unfound_test, what_others_still_look_for_is_not_unfound) {
    EXPECT_EQ(opened(3), 3);
    end(3, ending::idle);
    EXPECT_EQ(it.unfound_sessions(), 1);
    end(2, ending::idle);
    EXPECT_EQ(it.unfound_sessions(), 2);
    EXPECT_EQ(opened(3), 0);
}

TEST_F(unfound_test, no_more_is_unfound_than_is_counted) {
    (void)openings(3, 1);
    EXPECT_EQ(opened(1), 0);
    EXPECT_EQ(it.unfound_sessions(), 1);
    EXPECT_EQ(opened(0), 0);
    EXPECT_EQ(it.unfound_sessions(), 0);
    EXPECT_EQ(opened(3), 3);
}

TEST_F(unfound_test, more_work_opens_sessions_at_once) {
    (void)openings(3, 1);
    EXPECT_EQ(opened(5), 2);
}

TEST_F(unfound_test, one_done_and_one_new_open_a_session_at_once) {
    EXPECT_EQ(opened(2), 2);
    protect(1);
    end(2, ending::idle);
    EXPECT_EQ(it.unfound_sessions(), 1);
    EXPECT_EQ(opened(2), 0);
    end(1, ending::done);
    EXPECT_GE(opened(2), 1);
}

TEST_F(unfound_test, a_probe_that_finds_a_job_brings_the_others_at_once) {
    (void)openings(5, 2);
    now += 4s;
    EXPECT_EQ(opened(5), 1);
    EXPECT_EQ(opened(5), 0);
    find_job(1);
    EXPECT_EQ(it.unfound_sessions(), 0);
    EXPECT_EQ(opened(5), 4);
}

TEST_F(unfound_test, after_a_find_the_pauses_begin_anew) {
    (void)openings(1, 62);
    now += 60s;
    EXPECT_EQ(opened(1), 1);
    end(1, ending::done);
    EXPECT_EQ(openings(1, 14), (std::vector<int>{0, 2, 6, 14}));
}

TEST_F(unfound_test, a_job_that_runs_on_is_no_find) {
    EXPECT_EQ(opened(2), 2);
    find_job(1);
    end(2, ending::idle);
    EXPECT_EQ(opened(2), 0);
    find_job(1);
    EXPECT_EQ(opened(2), 1);  // the probe
    find_job(1);
    EXPECT_EQ(it.unfound_sessions(), 1);
}

TEST_F(unfound_test, who_protects_anew_for_each_look_at_the_queue_has_found_nothing_yet) {
    (void)openings(3, 1);
    now += 1s;
    EXPECT_EQ(opened(3), 1);
    for (int looks = 0; looks < 10; ++looks) {
        protect(1);
        EXPECT_EQ(opened(3), 0);
        now += 2s;
    }
    find_job(1);
    EXPECT_EQ(opened(3), 2);
}

TEST_F(unfound_test, a_protection_under_which_others_found_nothing_is_no_find_before_it_lasts_longer) {
    EXPECT_EQ(opened(3), 3);
    now += 10s;
    for (int number : {1, 2, 3}) {
        protect(number);
        end(number, ending::idle);
    }
    now += 2s;
    EXPECT_EQ(opened(3), 1);
    now += 14s;
    find_job(1);
    EXPECT_EQ(opened(3), 0);
    find_job(1);
    EXPECT_EQ(opened(3), 2);
}

TEST_F(unfound_test, a_job_is_counted_by_the_session_that_does_it) {
    EXPECT_EQ(opened(2), 2);
    protect(1);
    end(2, ending::idle);
    now += 2s;
    protect(1);
    const auto wanted = it.decide(1, now);  // the job that nobody found is gone
    EXPECT_EQ(wanted.open, 0);
    EXPECT_FALSE(wanted.probe);
    now += 300s;
    EXPECT_TRUE(it.decide(1, now).given.empty());
}

TEST_F(unfound_test, one_probe_at_a_time) {
    (void)openings(3, 1);
    now += 1s;
    EXPECT_EQ(opened(3), 1);
    now += 59s;
    EXPECT_EQ(opened(3), 0);
    now += 1s;
    EXPECT_EQ(opened(3), 1);  // since the first one stays
    EXPECT_EQ(it.unfound_sessions(), 2);
    EXPECT_EQ(opened(3), 0);
}

TEST_F(unfound_test, a_probe_is_opened_when_its_time_comes_and_not_at_the_look_after_it) {
    EXPECT_EQ(opened(1), 1);
    now += 500ms;
    end(1, ending::idle);
    now += 1s;
    const auto wanted = it.decide(1, now);
    EXPECT_FALSE(wanted.probe);
    EXPECT_EQ(wanted.look_again, now + 1s);
}

TEST_F(unfound_test, what_we_give_back_ourselves_says_nothing_about_the_work) {
    (void)openings(1, 1);
    now += 1s;
    EXPECT_EQ(opened(1), 1);
    end(1, ending::given);
    EXPECT_EQ(it.unfound_sessions(), 1);
    EXPECT_EQ(opened(1), 1);  // the pause counts from the last idle end
}

TEST_F(unfound_test, a_worker_that_is_lost_may_have_found_something) {
    (void)openings(2, 1);
    now += 1s;
    EXPECT_EQ(opened(2), 1);
    it.silent(1, now);
    now += 600s;
    EXPECT_EQ(opened(2), 2);
}

TEST_F(unfound_test, there_is_no_probe_beyond_the_most) {
    EXPECT_EQ(opened(20), 8);
    end(8, ending::idle);
    EXPECT_EQ(it.unfound_sessions(), 13);
    now += 2s;
    EXPECT_EQ(opened(20), 1);
    now += 60s;
    EXPECT_EQ(opened(20), 0);
}

TEST_F(unfound_test, several_jobs_may_be_one_session) {
    it = roster({.least = 0, .most = 8, .jobs_per_session = 10}, 10s);
    EXPECT_EQ(opened(0), 0);
    EXPECT_EQ(opened(1), 1);
    EXPECT_EQ(opened(10), 0);
    EXPECT_EQ(opened(11), 1);
    EXPECT_EQ(opened(1'000'000'000'000), 6);
}

class unfound_least_test : public unfound_test {
protected:
    unfound_least_test() {
        it = roster({.least = 2,
                     .most = 8,
                     .hysteresis = 30s,
                     .interval = usual_interval,
                     .recheck = longest_recheck},
                    10s);
    }
};

TEST_F(unfound_least_test, sessions_that_only_the_least_wants_are_opened_again_with_the_same_pauses) {
    EXPECT_EQ(openings(0, 130), (std::vector<int>{0, 0, 2, 6, 14, 30, 62, 122}));
    EXPECT_EQ(it.unfound_sessions(), 0);
}

TEST_F(unfound_least_test, who_ends_without_a_word_where_there_never_was_work_found_none) {
    EXPECT_EQ(opened(0), 2);
    end(1, ending::done);
    EXPECT_EQ(opened(0), 0);
    now += 2s;
    EXPECT_EQ(opened(0), 1);
    protect(2);
    end(2, ending::done);
    EXPECT_EQ(opened(0), 1);
}

TEST_F(unfound_least_test, work_opens_them_at_once) {
    (void)openings(0, 10);
    EXPECT_EQ(opened(1), 1);
    EXPECT_EQ(opened(4), 3);
}

TEST_F(unfound_least_test, where_they_stay_they_are_as_many_as_are_wanted) {
    (void)openings(0, 1);
    now += 1s;
    EXPECT_EQ(opened(0), 1);
    EXPECT_EQ(opened(0), 0);
    now += 60s;
    EXPECT_EQ(opened(0), 1);
    now += 60s;
    EXPECT_EQ(opened(0), 0);
}

}  // namespace
}  // namespace nullworker::client
