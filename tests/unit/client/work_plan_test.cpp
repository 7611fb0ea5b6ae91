#include <work/work_plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

// What `nullworker work` does when, by a clock of our own.
namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using step = work_step::kind;
using news = work_news;

class work_plan_test : public testing::Test {
protected:
    static constexpr double this_run = 1.0;
    static constexpr double next_run = 2.0;

    void with(work_rules rules) { x_plan = work_plan(rules); }

    [[nodiscard]] step next() { return x_plan.next(x_now).what; }
    [[nodiscard]] std::chrono::steady_clock::duration until() { return x_plan.next(x_now).until - x_now; }
    void pass(std::chrono::steady_clock::duration span) { x_now += span; }

    void see(const std::string& id) { x_plan.looked({.heard = true, .session_id = id}, x_now); }
    void see_retiring(const std::string& id) {
        x_plan.looked({.heard = true, .session_id = id, .retiring = true}, x_now);
    }
    void see_nobody() { x_plan.looked({}, x_now); }

    static verdict granted(double by = this_run) { return {.what = verdict::kind::granted, .run = by}; }
    static verdict refused(const std::string& holder = {}, daemon_run by = this_run) {
        return {.what = verdict::kind::refused, .holder = holder, .run = by};
    }
    static verdict unclear() { return {}; }

    // Whether that happened since the last call.
    [[nodiscard]] bool heard_of(news what) {
        const auto told = x_plan.take_news();
        return std::any_of(told.begin(), told.end(), [what](const auto& note) { return note.what == what; });
    }

    // A session is there, and its job runs.
    void begin(const std::string& id = "A") {
        ASSERT_EQ(next(), step::look);
        see(id);
        ASSERT_EQ(next(), step::protect);
        x_plan.asked_to_protect(granted(), x_now);
        run_it();
    }

    void run_it() {
        ASSERT_EQ(next(), step::start);
        x_plan.started(x_now);
        ASSERT_EQ(next(), step::look);
        ASSERT_EQ(next(), step::rest);
    }

    void end(int code) { x_plan.ended(code, x_now); }

    // The quarter of a term passes without news, and the session is protected anew, which is answered so.
    void protect_anew(const verdict& told) {
        pass(15s);
        see(x_plan.session());
        ASSERT_EQ(next(), step::protect);
        x_plan.asked_to_protect(told, x_now);
    }

    void release_it() {
        ASSERT_EQ(next(), step::release);
        x_plan.asked_to_release(granted(), x_now);
    }

    work_plan::time_point x_now = work_plan::time_point{} + 1h;
    work_plan x_plan{work_rules{}};
};

TEST_F(work_plan_test, a_job_is_protected_before_it_is_taken_and_released_when_it_is_done) {
    EXPECT_EQ(next(), step::look);
    EXPECT_EQ(next(), step::rest);
    see("");
    pass(1s);
    EXPECT_EQ(next(), step::look);
    see("A");
    EXPECT_TRUE(heard_of(news::reserved));
    EXPECT_EQ(next(), step::protect);
    EXPECT_EQ(next(), step::rest);
    x_plan.asked_to_protect(granted(), x_now);
    EXPECT_EQ(next(), step::start);
    x_plan.started(x_now);
    EXPECT_EQ(next(), step::look);
    EXPECT_EQ(until(), 15s);
    end(0);
    EXPECT_TRUE(heard_of(news::job_done));
    EXPECT_EQ(next(), step::release);
    x_plan.asked_to_release(granted(), x_now);
    EXPECT_TRUE(heard_of(news::released));
    EXPECT_EQ(next(), step::look);
}

TEST_F(work_plan_test, nothing_is_started_in_a_session_that_is_over) {
    ASSERT_EQ(next(), step::look);
    see("A");
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(refused("B"), x_now);
    EXPECT_TRUE(heard_of(news::taken_away));
    EXPECT_EQ(next(), step::rest);
    pass(1s);
    EXPECT_EQ(next(), step::look);
}

TEST_F(work_plan_test, nothing_is_started_where_it_is_not_known_whether_the_session_is_protected) {
    ASSERT_EQ(next(), step::look);
    see("A");
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(unclear(), x_now);
    EXPECT_EQ(next(), step::rest);
    pass(500ms);
    EXPECT_EQ(next(), step::look);
    see("A");
    EXPECT_EQ(next(), step::protect);
}

TEST_F(work_plan_test, a_session_that_retires_already_is_released_and_not_worked_in) {
    ASSERT_EQ(next(), step::look);
    see_retiring("A");
    EXPECT_TRUE(heard_of(news::passed_over));
    EXPECT_EQ(next(), step::release);
}

TEST_F(work_plan_test, it_protects_anew_every_quarter_of_the_term) {
    begin();
    for (int times = 0; times < 5; ++times) {
        pass(14s);
        EXPECT_EQ(next(), step::rest);
        pass(1s);
        see("A");
        EXPECT_EQ(next(), step::protect);
        x_plan.asked_to_protect(granted(), x_now);
        EXPECT_EQ(next(), step::look);
        EXPECT_EQ(until(), 15s);
    }
}

TEST_F(work_plan_test, a_look_that_is_late_does_not_hold_up_the_protection) {
    begin();
    pass(15s);
    EXPECT_EQ(next(), step::protect);
}

TEST_F(work_plan_test, it_protects_at_once_where_the_slot_has_changed) {
    begin();
    pass(2s);
    see("B");
    EXPECT_EQ(next(), step::protect);
    x_plan.asked_to_protect(refused("B"), x_now);
    EXPECT_TRUE(heard_of(news::lost));
}

// ---- the consumer's exit code -----------------------------------------------------------------------------

TEST_F(work_plan_test, without_a_job_it_asks_again_after_a_pause_in_the_same_session) {
    begin();
    end(75);
    EXPECT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    EXPECT_EQ(until(), 1s);
    pass(1s);
    EXPECT_EQ(next(), step::look);
    see("A");
    EXPECT_EQ(next(), step::protect);
    x_plan.asked_to_protect(granted(), x_now);
    run_it();
    EXPECT_FALSE(heard_of(news::released));
}

TEST_F(work_plan_test, the_code_that_says_no_job_can_be_another_one) {
    with({.no_job = 3});
    begin();
    end(75);
    EXPECT_TRUE(heard_of(news::crashed));
    release_it();
    pass(1min);
    begin();
    end(3);
    EXPECT_TRUE(heard_of(news::no_job));
}

TEST_F(work_plan_test, a_session_that_was_given_back_during_the_pause_is_over) {
    begin();
    end(75);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    pass(1s);
    ASSERT_EQ(next(), step::look);
    see("");
    EXPECT_EQ(next(), step::look);
    see("B");
    EXPECT_TRUE(heard_of(news::reserved));
    EXPECT_EQ(next(), step::protect);
}

TEST_F(work_plan_test, a_session_that_ended_with_its_protection_is_over) {
    begin();
    end(75);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(refused(), x_now);
    EXPECT_EQ(next(), step::look);
}

TEST_F(work_plan_test, it_releases_for_want_of_a_job_only_if_told_to) {
    with({.idle = 3s});
    begin();
    for (int times = 0; times < 3; ++times) {
        end(75);
        ASSERT_EQ(next(), step::lift);
        x_plan.asked_to_lift(granted(), x_now);
        pass(1s);
        if (times == 2)
            break;
        ASSERT_EQ(next(), step::look);
        see("A");
        ASSERT_EQ(next(), step::protect);
        x_plan.asked_to_protect(granted(), x_now);
        run_it();
    }
    EXPECT_FALSE(x_plan.is_idle());
    EXPECT_EQ(next(), step::release);
    EXPECT_TRUE(heard_of(news::idle));
    EXPECT_TRUE(x_plan.is_idle());
    x_plan.asked_to_release(granted(), x_now);
    ASSERT_EQ(next(), step::look);
    see("B");
    EXPECT_FALSE(x_plan.is_idle()) << "which is of the next session";
}

TEST_F(work_plan_test, the_idle_time_counts_from_the_last_job) {
    with({.keep = true, .idle = 3s});
    begin();
    pass(1min);
    end(0);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    ASSERT_EQ(next(), step::look);
    see("A");
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(granted(), x_now);
    run_it();
    end(75);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    pass(1s);
    EXPECT_EQ(next(), step::look);
}

TEST_F(work_plan_test, a_consumer_that_waits_for_jobs_is_named_once) {
    begin();
    pass(7s);
    end(75);
    EXPECT_TRUE(heard_of(news::waits));
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(refused(), x_now);
    begin("B");
    pass(7s);
    end(75);
    EXPECT_FALSE(heard_of(news::waits));
}

TEST_F(work_plan_test, one_that_goes_on_crashing_is_started_less_and_less_often) {
    for (const auto rest : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        begin();
        end(1);
        EXPECT_TRUE(heard_of(news::crashed));
        release_it();
        EXPECT_EQ(until(), rest);
        pass(rest);
    }
    begin();
    end(0);
    release_it();
    begin();
    end(1);
    release_it();
    EXPECT_EQ(until(), 1s);
}

TEST_F(work_plan_test, one_that_ran_for_long_before_it_crashed_is_started_soon) {
    begin();
    end(1);
    release_it();
    pass(1s);
    begin();
    pass(10min);
    end(139);
    release_it();
    EXPECT_EQ(until(), 1s);
}

TEST_F(work_plan_test, one_that_cannot_be_started_counts_as_crashed) {
    ASSERT_EQ(next(), step::look);
    see("A");
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(granted(), x_now);
    ASSERT_EQ(next(), step::start);
    x_plan.started(x_now);
    x_plan.not_started(x_now);
    EXPECT_TRUE(heard_of(news::cannot_start));
    release_it();
    EXPECT_EQ(until(), 1s);
}

// ---- --keep -----------------------------------------------------------------------------------------------

class work_plan_that_keeps : public work_plan_test {
protected:
    work_plan_that_keeps() { with({.keep = true}); }
};

TEST_F(work_plan_that_keeps, the_protection_is_lifted_between_two_jobs_of_a_session) {
    begin();
    end(0);
    EXPECT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    EXPECT_EQ(next(), step::look);
    EXPECT_EQ(until(), work_plan::time_point::max() - x_now);
    see("A");
    EXPECT_EQ(next(), step::protect);
    x_plan.asked_to_protect(granted(), x_now);
    run_it();
}

TEST_F(work_plan_that_keeps, a_session_that_retires_gets_no_further_job) {
    begin();
    end(0);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    ASSERT_EQ(next(), step::look);
    see_retiring("A");
    EXPECT_EQ(next(), step::release);
}

TEST_F(work_plan_that_keeps, a_daemon_that_is_away_between_two_jobs_is_waited_for) {
    begin();
    end(0);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(unclear(), x_now);
    EXPECT_TRUE(heard_of(news::away));
    EXPECT_EQ(until(), 500ms);
    pass(500ms);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    EXPECT_TRUE(heard_of(news::back));
    EXPECT_EQ(next(), step::look);
}

// ---- the session is lost, or seems so ---------------------------------------------------------------------

TEST_F(work_plan_test, a_consumer_whose_session_another_has_is_told_to_end_and_killed_after_the_grace) {
    begin();
    protect_anew(refused("B"));
    EXPECT_TRUE(heard_of(news::lost));
    EXPECT_EQ(next(), step::terminate);
    for (int times = 0; times < 4; ++times) {
        EXPECT_EQ(next(), step::rest);
        pass(2500ms);
    }
    EXPECT_EQ(next(), step::kill);
    EXPECT_EQ(next(), step::rest);
    end(137);
    EXPECT_FALSE(heard_of(news::crashed));
    EXPECT_EQ(next(), step::look);  // and nothing is released, which is another's
}

TEST_F(work_plan_test, the_grace_begins_anew_where_both_stood_still) {
    begin();
    protect_anew(refused("B"));
    ASSERT_EQ(next(), step::terminate);
    ASSERT_EQ(next(), step::rest);
    pass(1h);
    EXPECT_EQ(next(), step::rest);
    pass(2500ms);
    EXPECT_EQ(next(), step::rest);
}

TEST_F(work_plan_test, a_daemon_that_knew_the_session_and_knows_it_no_more_knows_better) {
    begin();
    protect_anew(refused());
    EXPECT_TRUE(heard_of(news::lost));
    EXPECT_EQ(next(), step::terminate);
}

TEST_F(work_plan_test, a_consumer_of_a_lost_session_goes_on_to_its_end_where_it_shall_finish) {
    with({.when_lost = lost_rule::finish});
    begin();
    protect_anew(refused("B"));
    EXPECT_TRUE(heard_of(news::finishes));
    EXPECT_EQ(next(), step::rest);
    pass(10min);
    EXPECT_EQ(next(), step::rest) << "nothing is asked of a session that is another's";
    end(0);
    EXPECT_TRUE(heard_of(news::job_done));
    EXPECT_EQ(next(), step::look) << "and nothing is released";
    see("B");
    EXPECT_EQ(next(), step::protect);
}

TEST_F(work_plan_test, a_stop_is_heeded_in_a_lost_session_too) {
    with({.grace = 5s, .when_lost = lost_rule::finish});
    begin();
    protect_anew(refused("B"));
    x_plan.stop(x_now);
    ASSERT_EQ(next(), step::rest);
    pass(5s);
    EXPECT_EQ(next(), step::terminate);
    end(143);
    EXPECT_TRUE(heard_of(news::ended_by_us));
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, a_protection_is_renewed_by_what_was_granted_where_that_is_less_than_the_term) {
    ASSERT_EQ(next(), step::look);
    see("A");
    ASSERT_EQ(next(), step::protect);
    auto short_one = granted();
    short_one.span = 8s;
    x_plan.asked_to_protect(short_one, x_now);
    run_it();
    EXPECT_EQ(until(), 2s);
    pass(2s);
    see("A");
    ASSERT_EQ(next(), step::protect);
    short_one.span = 4s;
    x_plan.asked_to_protect(short_one, x_now);
    ASSERT_EQ(next(), step::look);
    EXPECT_EQ(until(), 1s);
    pass(1s);
    see("A");
    ASSERT_EQ(next(), step::protect);
    short_one.span = 10min;
    x_plan.asked_to_protect(short_one, x_now);
    ASSERT_EQ(next(), step::look);
    EXPECT_EQ(until(), 15s) << "and no later than by the term";
}

TEST_F(work_plan_test, a_daemon_that_lost_its_memory_does_not_end_the_consumer) {
    begin();
    protect_anew(refused("", next_run));
    EXPECT_TRUE(heard_of(news::forgotten));
    for (int times = 0; times < 3; ++times) {
        EXPECT_EQ(next(), step::rest);
        pass(15s);
        ASSERT_EQ(next(), step::protect);
        x_plan.asked_to_protect(refused("", next_run), x_now);
        EXPECT_FALSE(heard_of(news::forgotten));  // once
    }
    end(0);
    EXPECT_EQ(next(), step::release);
}

TEST_F(work_plan_test, the_consumer_runs_on_in_the_session_that_such_a_daemon_gives_out) {
    begin();
    protect_anew(refused("", next_run));
    ASSERT_EQ(next(), step::rest);
    pass(15s);
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(refused("B", next_run), x_now);
    EXPECT_TRUE(heard_of(news::moved));
    ASSERT_EQ(next(), step::protect);
    EXPECT_EQ(x_plan.session(), "B");
    x_plan.asked_to_protect(granted(next_run), x_now);
    EXPECT_EQ(next(), step::look);
    protect_anew(refused("C", next_run));
    EXPECT_EQ(next(), step::terminate);
}

TEST_F(work_plan_test, it_is_released_then) {
    begin();
    protect_anew(refused("B", next_run));
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(granted(next_run), x_now);
    end(0);
    EXPECT_EQ(x_plan.session(), "B");
    release_it();
}

TEST_F(work_plan_test, a_refusal_of_which_nobody_knows_who_said_it_does_not_end_the_consumer) {
    begin();
    for (const std::string holder : {"", "B"}) {
        protect_anew(refused(holder, std::nullopt));
        EXPECT_EQ(next(), step::rest);
        EXPECT_EQ(x_plan.session(), "A");
        pass(15s);
        ASSERT_EQ(next(), step::protect);
        x_plan.asked_to_protect(granted(), x_now);
        ASSERT_EQ(next(), step::look);
    }
}

TEST_F(work_plan_test, a_restarted_daemon_that_has_granted_once_knows_better) {
    begin();
    protect_anew(granted(next_run));
    ASSERT_EQ(next(), step::look);
    protect_anew(refused("", next_run));
    EXPECT_EQ(next(), step::terminate);
}

TEST_F(work_plan_test, nothing_happens_to_the_consumer_while_the_daemon_is_away) {
    begin();
    see_nobody();
    pass(15s);
    for (int times = 0; times < 20; ++times) {
        ASSERT_EQ(next(), step::protect);
        x_plan.asked_to_protect(unclear(), x_now);
        EXPECT_EQ(heard_of(news::away), times == 0);
        EXPECT_EQ(next(), step::rest);
        EXPECT_LE(until(), 5s);
        pass(until());
    }
    ASSERT_EQ(next(), step::protect);
    x_plan.asked_to_protect(granted(next_run), x_now);
    EXPECT_TRUE(heard_of(news::back));
    EXPECT_EQ(next(), step::look);
}

TEST_F(work_plan_test, an_answer_that_comes_when_the_consumer_has_ended_changes_nothing) {
    for (const auto& answer : {granted(), refused("B"), refused("", next_run), unclear()}) {
        begin();
        pass(15s);
        see("A");
        ASSERT_EQ(next(), step::protect);
        end(0);
        EXPECT_EQ(next(), step::rest);
        x_plan.asked_to_protect(answer, x_now);
        release_it();
        pass(1s);
    }
}

TEST_F(work_plan_test, a_look_that_is_answered_when_the_consumer_has_ended_changes_nothing) {
    begin();
    end(0);
    see("A");
    EXPECT_EQ(next(), step::release);
    see("A");
    EXPECT_EQ(next(), step::rest);
}

TEST_F(work_plan_test, a_daemon_that_is_away_is_asked_for_ever_and_told_of_once) {
    for (int times = 0; times < 100; ++times) {
        ASSERT_EQ(next(), step::look);
        see_nobody();
        EXPECT_EQ(heard_of(news::away), times == 0);
        EXPECT_EQ(next(), step::rest);
        EXPECT_LE(until(), 5s);
        pass(until());
    }
}

TEST_F(work_plan_test, one_that_was_away_is_asked_for_a_sign_of_life_first) {
    EXPECT_EQ(until(), 1min);
    see_nobody();
    pass(500ms);
    EXPECT_EQ(until(), 0s);
    see("");
    EXPECT_TRUE(heard_of(news::back));
    pass(1s);
    EXPECT_EQ(until(), 1min);
}

TEST_F(work_plan_test, answers_before_their_time_do_not_make_it_spin) {
    ASSERT_EQ(next(), step::look);
    see("");
    EXPECT_EQ(next(), step::rest);
    EXPECT_GE(until(), 100ms);
}

TEST_F(work_plan_test, a_release_is_tried_until_it_is_heard) {
    begin();
    end(0);
    for (int times = 0; times < 30; ++times) {
        ASSERT_EQ(next(), step::release);
        x_plan.asked_to_release(unclear(), x_now);
        EXPECT_EQ(next(), step::rest);
        pass(until());
    }
    release_it();
    EXPECT_EQ(next(), step::look);
}

// ---- a stop -----------------------------------------------------------------------------------------------

TEST_F(work_plan_test, without_a_session_a_stop_is_the_end) {
    x_plan.stop(x_now);
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, a_look_is_given_up_for_it) {
    ASSERT_EQ(next(), step::look);
    x_plan.stop(x_now);
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, after_a_stop_the_consumer_goes_on_to_its_end) {
    begin();
    x_plan.stop(x_now);
    EXPECT_TRUE(heard_of(news::stopping));
    for (int times = 0; times < 1000; ++times) {
        protect_anew(granted());
        ASSERT_EQ(next(), step::look);
    }
    end(0);
    release_it();
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, so_it_does_where_the_session_would_be_kept) {
    for (const int code : {0, 75, 1}) {
        with({.keep = true});
        begin();
        x_plan.stop(x_now);
        end(code);
        release_it();
        EXPECT_EQ(next(), step::finish);
    }
}

TEST_F(work_plan_test, within_the_grace_where_there_is_one) {
    with({.grace = 8s});
    begin();
    x_plan.stop(x_now);
    EXPECT_EQ(next(), step::rest);
    pass(8s);
    EXPECT_EQ(next(), step::terminate);
    EXPECT_TRUE(heard_of(news::grace_over));
    for (int times = 0; times < 4; ++times) {
        EXPECT_EQ(next(), step::rest);
        pass(2s);
    }
    EXPECT_EQ(next(), step::kill);
    EXPECT_TRUE(heard_of(news::heedless));
    end(137);
    release_it();
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, a_session_without_a_job_is_released_at_a_stop) {
    begin();
    end(75);
    ASSERT_EQ(next(), step::lift);
    x_plan.asked_to_lift(granted(), x_now);
    ASSERT_EQ(next(), step::rest);
    x_plan.stop(x_now);
    release_it();
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, so_is_one_that_is_just_being_protected) {
    ASSERT_EQ(next(), step::look);
    see("A");
    ASSERT_EQ(next(), step::protect);
    x_plan.stop(x_now);
    ASSERT_EQ(next(), step::rest);
    x_plan.asked_to_protect(granted(), x_now);
    release_it();
    EXPECT_EQ(next(), step::finish);
}

TEST_F(work_plan_test, a_release_that_nobody_hears_does_not_hold_up_a_stop_for_ever) {
    begin();
    x_plan.stop(x_now);
    pass(1h);
    end(0);
    for (int times = 0; next() == step::release; ++times) {
        ASSERT_LT(times, 10);
        x_plan.asked_to_release(unclear(), x_now);
        pass(until());
    }
    EXPECT_EQ(next(), step::finish);
    EXPECT_TRUE(heard_of(news::left));
}

TEST_F(work_plan_test, a_release_that_is_heard_late_leaves_nothing) {
    begin();
    x_plan.stop(x_now);
    end(0);
    ASSERT_EQ(next(), step::release);
    pass(1h);
    x_plan.asked_to_release(granted(), x_now);
    EXPECT_EQ(next(), step::finish);
    EXPECT_FALSE(heard_of(news::left));
}

TEST_F(work_plan_test, a_stop_does_not_wait_for_a_consumer_to_be_started_again) {
    begin();
    end(1);
    release_it();
    EXPECT_EQ(next(), step::rest);
    x_plan.stop(x_now);
    EXPECT_EQ(next(), step::finish);
}

}  // namespace
}  // namespace nullworker::client
