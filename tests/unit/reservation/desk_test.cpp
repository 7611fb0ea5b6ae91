#include <nullworker/reservation/desk.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::reservation {
namespace {

using namespace std::chrono_literals;
using outcome = desk::reserve_outcome;
using lookup = desk::lookup_outcome;

// The clock of these tests: it stands still until it is moved.
struct manual_clock {
    instant time{std::chrono::steady_clock::time_point(1000s),
                 std::chrono::system_clock::time_point(1790000000s)};
    void advance(std::chrono::milliseconds span) { time = time.after(span); }
};

struct recorder final : desk_observer {
    int changes = 0;
    int settled = 0;  // or worth saving otherwise
    int later = 0;
    int loads = 0;
    std::vector<closed_session> closed;

    void desk_changed() override { ++changes; }
    void desk_worth_saving() override { ++settled; }
    void desk_worth_saving_soon() override { ++later; }
    void load_passed() override { ++loads; }
    void session_closed(const closed_session& session) override { closed.push_back(session); }
};

wire::json_value parsed(const std::string& text) {
    return wire::json_value::parse(text).value();
}

wire::create_request request(std::int64_t request_idx, double cost = 100, double lifetime = 60) {
    wire::create_request out;
    out.grant.url = "http://127.0.0.1:3000";
    out.grant.cost = cost;
    out.grant.reqnum = request_idx + 1000;
    out.grant.request_idx = request_idx;
    out.grant.document = parsed(R"({"request_idx":)" + std::to_string(request_idx) + "}");
    out.lifetime = seconds(lifetime);
    return out;
}

std::uint64_t fingerprint_of(const wire::json_value& grant) {
    return std::hash<std::string>{}(grant.canonical());
}

class desk_test : public testing::Test {
protected:
    desk::reservation_result reserve(const wire::create_request& wanted,
                                     grant_trust trust = grant_trust::verified) {
        return front.reserve(wanted, trust, clock.time);
    }

    std::vector<wire::completion> owed() { return front.outbox().next(1000).entries; }

    manual_clock clock;
    recorder observer;
    int ids = 0;
    [[nodiscard]] desk_means means() {
        return {[this] { return "session-" + std::to_string(++ids); }, fingerprint_of};
    }

    desk front{{.max_lifetime = seconds(3600)}, means(), &observer};
};

TEST_F(desk_test, a_free_slot_is_given_to_the_first_who_asks) {
    const auto made = reserve(request(7));
    EXPECT_EQ(made.outcome, outcome::granted);
    EXPECT_EQ(made.holder->session_id, "session-1");
    EXPECT_EQ(made.holder->expires.monotonic, clock.time.monotonic + 60s);
    EXPECT_EQ(made.holder->expires.wall, clock.time.wall + 60s);
    EXPECT_EQ(observer.changes, 1);
}

TEST_F(desk_test, a_second_reservation_is_refused_and_booked_as_rejected) {
    reserve(request(7));
    EXPECT_EQ(reserve(request(8, 150)).outcome, outcome::slot_taken);
    ASSERT_EQ(owed().size(), 1u);
    EXPECT_EQ(owed()[0].request_idx, 8);
    EXPECT_EQ(owed()[0].status, wire::completion_status::rejected);
    EXPECT_FALSE(owed()[0].success());
    EXPECT_EQ(owed()[0].entered_queue_at, 1790000000.0);
    EXPECT_EQ(owed()[0].work_started_at, 0.0);
    EXPECT_EQ(owed()[0].work_completed_at, 0.0);
    EXPECT_EQ(front.take_snapshot().figures.rej_load, 150);
}

TEST_F(desk_test, a_lost_reply_is_answered_with_the_same_session_and_no_second_load) {
    reserve(request(7));
    auto again = request(7);
    again.grant.document = parsed(R"({"request_idx":7,"reqnum":2})");
    const auto reissued = reserve(again);
    EXPECT_EQ(reissued.outcome, outcome::reissued);
    EXPECT_EQ(reissued.holder->session_id, "session-1");
    EXPECT_EQ(front.take_snapshot().figures.new_load, 100);
    EXPECT_TRUE(owed().empty());
    EXPECT_EQ(front.find("session-1", request(7).grant.document, clock.time).outcome, lookup::found);
    EXPECT_EQ(front.find("session-1", again.grant.document, clock.time).outcome, lookup::found);
}

wire::create_request retry(std::int64_t request_idx) {
    auto out = request(request_idx);
    out.grant.document = parsed(R"({"request_idx":)" + std::to_string(request_idx) + R"(,"reqnum":2})");
    return out;
}

TEST_F(desk_test, a_session_is_given_out_again_for_a_minute_at_most) {
    reserve(request(7, 100, 600));
    clock.advance(59999ms);
    EXPECT_EQ(reserve(retry(7)).outcome, outcome::reissued);
    clock.advance(1ms);
    EXPECT_EQ(reserve(retry(7)).outcome, outcome::slot_taken);
}

TEST_F(desk_test, a_session_whose_id_was_used_is_not_given_out_again) {
    const auto use_it = [this](int how) {
        const auto auth = request(7).grant.document;
        if (how == 0)
            EXPECT_EQ(front.find("session-1", auth, clock.time).outcome, lookup::found);
        else
            EXPECT_EQ(front.renew("session-1", auth, clock.time).outcome, lookup::found);
    };
    for (const int how : {0, 1}) {
        ids = 0;
        desk fresh{{.max_lifetime = seconds(3600)}, means(), &observer};
        std::swap(front, fresh);
        reserve(request(7));
        use_it(how);
        EXPECT_EQ(reserve(retry(7)).outcome, outcome::slot_taken) << how;
    }
}

TEST_F(desk_test, a_wrong_grant_and_the_consumer_use_nothing) {
    reserve(request(7));
    front.find("session-1", request(8).grant.document, clock.time);
    front.renew("session-1", request(8).grant.document, clock.time);
    front.renew(std::nullopt, seconds(60), clock.time);
    EXPECT_EQ(reserve(retry(7)).outcome, outcome::reissued);
}

TEST_F(desk_test, the_first_use_is_worth_saving) {
    reserve(request(7));
    front.find("session-1", request(7).grant.document, clock.time);
    front.find("session-1", request(7).grant.document, clock.time);
    EXPECT_EQ(observer.settled, 1);
}

TEST_F(desk_test, a_refused_retry_says_nothing_of_the_live_request) {
    reserve(request(7));
    front.find("session-1", request(7).grant.document, clock.time);
    EXPECT_EQ(reserve(retry(7)).outcome, outcome::slot_taken);
    EXPECT_TRUE(owed().empty());
    EXPECT_EQ(front.take_snapshot().figures.rej_load, 100);
}

TEST_F(desk_test, a_grant_whose_session_has_ended_opens_nothing_more) {
    reserve(request(7));
    front.release(clock.time);
    EXPECT_EQ(reserve(request(7)).outcome, outcome::spent);
    EXPECT_EQ(front.holder(), nullptr);
    EXPECT_EQ(owed().size(), 1u);
    reserve(request(8));
    EXPECT_EQ(reserve(request(7)).outcome, outcome::spent);
    EXPECT_EQ(front.take_snapshot().figures, (load_figures{.new_load = 200, .cur_perf = 100}));
}

TEST_F(desk_test, every_grant_of_a_session_ends_with_it) {
    reserve(request(7));
    reserve(retry(7));
    clock.advance(60s);
    EXPECT_EQ(reserve(retry(7)).outcome, outcome::spent);
    EXPECT_EQ(reserve(request(7)).outcome, outcome::spent);
}

TEST_F(desk_test, another_grant_for_the_same_request_is_another_grant) {
    reserve(request(7));
    front.release(clock.time);
    EXPECT_EQ(reserve(retry(7)).outcome, outcome::granted);
}

TEST_F(desk_test, an_unverified_grant_may_come_again) {
    reserve(request(7), grant_trust::unverified);
    front.release(clock.time);
    EXPECT_EQ(reserve(request(7), grant_trust::unverified).outcome, outcome::granted);
}

TEST_F(desk_test, spent_grants_are_remembered_over_a_restart) {
    reserve(request(7));
    front.release(clock.time);
    desk next{{.max_lifetime = seconds(3600)}, means(), &observer};
    next.restore({.state = front.save(), .undelivered = {}, .saved_at = clock.time},
                 clock_continuity::same_boot, clock.time);
    EXPECT_EQ(next.reserve(request(7), grant_trust::verified, clock.time).outcome, outcome::spent);
}

TEST_F(desk_test, a_held_slot_is_reported_as_taken_whole) {
    desk whole{{.least_load = 100}, means(), &observer};
    EXPECT_EQ(whole.load(), 0);
    whole.reserve(request(7, 0.001), grant_trust::verified, clock.time);
    EXPECT_EQ(whole.take_snapshot().cur_load, 100);
    whole.release(clock.time);
    whole.reserve(request(8, 250), grant_trust::verified, clock.time);
    EXPECT_EQ(whole.take_snapshot().cur_load, 250);
}

TEST_F(desk_test, a_ping_that_names_the_live_request_leaves_no_completion) {
    reserve(request(7));
    front.count_ping(request(7).grant, false, clock.time);
    EXPECT_TRUE(owed().empty());
}

TEST_F(desk_test, a_completion_ends_when_it_did_whatever_became_of_the_wall_clock) {
    reserve(request(7));
    clock.advance(8s);
    clock.time.wall -= 24h;
    front.release(clock.time);
    EXPECT_EQ(owed()[0].work_completed_at, 1790000008.0);
}

TEST_F(desk_test, a_session_is_as_old_after_a_reboot_as_it_is) {
    reserve(request(7, 100, 600));
    clock.advance(10s);
    desk next{{.max_lifetime = seconds(3600)}, means(), nullptr};
    const auto saved_at = clock.time;
    const instant later{std::chrono::steady_clock::time_point(5s), saved_at.wall + 20s};
    next.restore({.state = front.save(), .undelivered = {}, .saved_at = saved_at}, clock_continuity::rebooted,
                 later);
    next.release(later.after(1s));
    EXPECT_EQ(next.outbox().next(1).entries[0].work_completed_at, 1790000031.0);
}

TEST_F(desk_test, only_a_verified_request_gets_a_session_again) {
    reserve(request(7), grant_trust::unverified);
    EXPECT_EQ(reserve(request(7), grant_trust::unverified).outcome, outcome::slot_taken);
    EXPECT_EQ(reserve(request(7), grant_trust::verified).outcome, outcome::slot_taken);
}

TEST_F(desk_test, request_idx_zero_names_no_request) {
    reserve(request(0));
    EXPECT_EQ(reserve(request(0)).outcome, outcome::slot_taken);
}

TEST_F(desk_test, remembered_grants_are_bounded_and_the_first_one_stays) {
    reserve(request(7));
    for (int i = 0; i < 100; ++i) {
        auto again = request(7);
        again.grant.document = parsed(R"({"n":)" + std::to_string(i) + "}");
        reserve(again);
    }
    EXPECT_LE(front.holder()->grants.size(), 8u);
    EXPECT_EQ(front.find("session-1", request(7).grant.document, clock.time).outcome, lookup::found);
    EXPECT_EQ(front.find("session-1", parsed(R"({"n":99})"), clock.time).outcome, lookup::found);
}

TEST_F(desk_test, a_session_is_found_by_its_id_and_the_grant_it_was_made_with) {
    reserve(request(7));
    EXPECT_EQ(front.find("session-1", parsed(R"({"request_idx":7.0})"), clock.time).outcome, lookup::found);
    EXPECT_EQ(front.find("session-2", request(7).grant.document, clock.time).outcome, lookup::unknown);
    EXPECT_EQ(front.find("session-1", request(8).grant.document, clock.time).outcome, lookup::unauthorised);
    EXPECT_EQ(front.find("session-1", {}, clock.time).outcome, lookup::unauthorised);
}

TEST_F(desk_test, ending_frees_the_slot_and_owes_a_success) {
    reserve(request(7));
    clock.advance(1500ms);
    EXPECT_EQ(front.end("session-1", request(7).grant.document, clock.time), lookup::found);
    EXPECT_EQ(front.holder(), nullptr);
    ASSERT_EQ(owed().size(), 1u);
    EXPECT_EQ(owed()[0].status, wire::completion_status::success);
    EXPECT_EQ(owed()[0].entered_queue_at, 1790000000.0);
    EXPECT_EQ(owed()[0].work_started_at, 1790000000.0);
    EXPECT_EQ(owed()[0].work_completed_at, 1790000001.5);
    ASSERT_EQ(observer.closed.size(), 1u);
    EXPECT_EQ(observer.closed[0].reason, close_reason::ended);
    EXPECT_EQ(reserve(request(8)).outcome, outcome::granted);
}

TEST_F(desk_test, a_wrong_grant_does_not_end_a_session) {
    reserve(request(7));
    EXPECT_EQ(front.end("session-1", request(8).grant.document, clock.time), lookup::unauthorised);
    EXPECT_NE(front.holder(), nullptr);
    EXPECT_TRUE(observer.closed.empty());
}

TEST_F(desk_test, release_frees_the_slot_whoever_holds_it) {
    EXPECT_EQ(front.release(clock.time), std::nullopt);
    reserve(request(7));
    EXPECT_EQ(front.release(clock.time), "session-1");
    EXPECT_EQ(front.release(clock.time), std::nullopt);
    EXPECT_EQ(observer.closed.size(), 1u);
}

TEST_F(desk_test, a_session_expires_exactly_when_its_time_is_up) {
    reserve(request(7, 100, 60));
    EXPECT_EQ(front.next_expiry(), clock.time.monotonic + 60s);
    clock.advance(59999ms);
    front.expire(clock.time);
    EXPECT_NE(front.holder(), nullptr);
    clock.advance(1ms);
    front.expire(clock.time);
    EXPECT_EQ(front.holder(), nullptr);
    EXPECT_EQ(front.next_expiry(), std::nullopt);
    ASSERT_EQ(observer.closed.size(), 1u);
    EXPECT_EQ(observer.closed[0].reason, close_reason::expired);
    EXPECT_EQ(owed()[0].status, wire::completion_status::success);
}

TEST_F(desk_test, an_overdue_session_does_not_keep_the_slot_from_the_next) {
    reserve(request(7, 100, 60));
    clock.advance(61s);
    EXPECT_EQ(reserve(request(8)).outcome, outcome::granted);
    EXPECT_EQ(observer.closed.size(), 1u);
}

TEST_F(desk_test, an_expired_holder_cannot_end_its_successor) {
    reserve(request(7, 100, 60));
    clock.advance(61s);
    reserve(request(8));
    EXPECT_EQ(front.end("session-1", request(7).grant.document, clock.time), lookup::unknown);
    EXPECT_EQ(front.holder()->session_id, "session-2");
    EXPECT_EQ(front.holder()->generation, 2u);
}

TEST_F(desk_test, renewal_adds_the_lifetime_to_the_expiration) {
    reserve(request(7, 100, 60));
    clock.advance(10s);
    EXPECT_EQ(front.renew("session-1", request(7).grant.document, clock.time).outcome, lookup::found);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 110s);
}

TEST_F(desk_test, renewal_never_reaches_further_than_the_maximum) {
    reserve(request(7, 100, 3600));
    clock.advance(10s);
    front.renew("session-1", request(7).grant.document, clock.time);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 3600s);
    EXPECT_EQ(front.holder()->expires.wall, clock.time.wall + 3600s);
}

TEST_F(desk_test, renewal_wants_the_sessions_own_grant) {
    reserve(request(7, 100, 60));
    EXPECT_EQ(front.renew("session-1", request(8).grant.document, clock.time).outcome, lookup::unauthorised);
    EXPECT_EQ(front.renew("nosuch", request(7).grant.document, clock.time).outcome, lookup::unknown);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 60s);
}

TEST_F(desk_test, a_renewal_from_inside_counts_from_now_and_is_never_additive) {
    reserve(request(7, 100, 60));
    clock.advance(10s);
    const lease* renewed = front.renew(std::nullopt, seconds(90), clock.time);
    ASSERT_EQ(renewed, front.holder());
    EXPECT_EQ(renewed->expires.monotonic, clock.time.monotonic + 90s);
    front.renew("session-1", seconds(90), clock.time);
    EXPECT_EQ(renewed->expires.monotonic, clock.time.monotonic + 90s);
    EXPECT_EQ(renewed->expires.wall, clock.time.wall + 90s);
}

TEST_F(desk_test, a_renewal_from_inside_never_shortens) {
    reserve(request(7, 100, 60));
    const auto before = front.holder()->expires;
    front.renew("session-1", seconds(30), clock.time);
    EXPECT_EQ(front.holder()->expires.monotonic, before.monotonic);
    front.protect("session-1", seconds(50), clock.time);
    front.renew("session-1", seconds(30), clock.time);
    EXPECT_EQ(front.holder()->protected_until->monotonic, clock.time.monotonic + 50s);
}

TEST_F(desk_test, a_renewal_from_inside_protects_only_where_it_names_the_session) {
    reserve(request(7, 100, 60));
    front.renew(std::nullopt, seconds(30), clock.time);
    EXPECT_FALSE(front.holder()->protected_until);
    front.renew("session-1", seconds(30), clock.time);
    EXPECT_EQ(front.holder()->protected_until->monotonic, clock.time.monotonic + 30s);
}

// ---- a job runs -------------------------------------------------------------------------------------------

TEST_F(desk_test, a_session_ends_at_the_later_one_of_expiry_and_protection) {
    reserve(request(7, 100, 1));
    front.protect(std::nullopt, seconds(1.5), clock.time);
    clock.advance(1s);
    front.expire(clock.time);
    EXPECT_NE(front.holder(), nullptr);
    clock.advance(500ms);
    front.expire(clock.time);
    ASSERT_EQ(observer.closed.size(), 1u);
    EXPECT_EQ(observer.closed[0].reason, close_reason::expired);
}

TEST_F(desk_test, a_protection_that_is_lifted_leaves_the_clients_expiry) {
    reserve(request(7, 100, 60));
    front.protect("session-1", seconds(600), clock.time);
    EXPECT_EQ(front.lift("session-1", clock.time), "session-1");
    EXPECT_EQ(front.next_expiry(), clock.time.monotonic + 60s);
    front.protect("session-1", seconds(600), clock.time);
    clock.advance(60s);
    EXPECT_EQ(front.lift(std::nullopt, clock.time), "session-1");
    EXPECT_EQ(front.holder(), nullptr);
}

TEST_F(desk_test, only_the_holder_is_protected) {
    EXPECT_EQ(front.protect(std::nullopt, seconds(30), clock.time), nullptr);
    EXPECT_EQ(front.lift(std::nullopt, clock.time), std::nullopt);
    reserve(request(7));
    EXPECT_EQ(front.protect("another", seconds(30), clock.time), nullptr);
    EXPECT_EQ(front.lift("another", clock.time), std::nullopt);
}

TEST_F(desk_test, a_ping_counts_from_now_where_the_clients_expiry_is_past) {
    reserve(request(7, 100, 1));
    front.protect(std::nullopt, seconds(600), clock.time);
    clock.advance(500s);
    front.renew("session-1", request(7).grant.document, clock.time);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 1s);
}

TEST_F(desk_test, a_protection_that_nobody_could_lengthen_meanwhile_lasts_a_while) {
    reserve(request(7, 100, 1));
    front.protect(std::nullopt, seconds(10), clock.time);
    clock.advance(60s);
    front.expire(clock.time);
    ASSERT_NE(front.holder(), nullptr);
    EXPECT_EQ(front.holder()->protected_until->monotonic, clock.time.monotonic + 30s);
}

// ---- retirement -------------------------------------------------------------------------------------------

TEST_F(desk_test, a_session_without_a_job_retires_at_once) {
    using outcomes = desk::retire_outcome;
    for (const auto when : {wire::retire_when::idle, wire::retire_when::done}) {
        const auto wanted = request(static_cast<int>(when) + 7);
        const auto id = reserve(wanted).holder->session_id;
        EXPECT_EQ(front.retire(id, wanted.grant.document, when, clock.time).outcome, outcomes::ended);
        EXPECT_EQ(observer.closed.back().reason, close_reason::ended);
    }
}

TEST_F(desk_test, a_session_with_a_job_retires_with_its_protection) {
    using outcomes = desk::retire_outcome;
    const auto& grant = request(7).grant.document;
    reserve(request(7, 100, 600));
    front.protect(std::nullopt, seconds(30), clock.time);
    EXPECT_EQ(front.retire("session-1", grant, wire::retire_when::idle, clock.time).outcome, outcomes::busy);
    EXPECT_FALSE(front.holder()->retiring);
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(front.retire("session-1", grant, wire::retire_when::done, clock.time).outcome,
                  outcomes::retiring);
    front.protect(std::nullopt, seconds(40), clock.time);
    front.renew("session-1", grant, clock.time);
    EXPECT_EQ(end_of(*front.holder()).monotonic, clock.time.monotonic + 40s);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 600s);
    front.lift("session-1", clock.time);
    ASSERT_EQ(observer.closed.size(), 1u);
    EXPECT_EQ(observer.closed[0].reason, close_reason::ended);
    EXPECT_EQ(front.protect("session-1", seconds(30), clock.time), nullptr);
}

TEST_F(desk_test, a_retirement_can_be_taken_back) {
    const auto& grant = request(7).grant.document;
    reserve(request(7, 100, 600));
    front.protect(std::nullopt, seconds(30), clock.time);
    front.retire("session-1", grant, wire::retire_when::done, clock.time);
    EXPECT_EQ(front.retire("session-1", grant, wire::retire_when::never, clock.time).outcome,
              desk::retire_outcome::kept);
    front.lift("session-1", clock.time);
    EXPECT_NE(front.holder(), nullptr);
}

// ---- claims -----------------------------------------------------------------------------------------------

TEST_F(desk_test, a_claim_gets_the_live_session_at_any_age_and_after_its_end_none) {
    for (const auto trust : {grant_trust::verified, grant_trust::unverified}) {
        auto wanted = request(trust == grant_trust::verified ? 7 : 8, 100, 600);
        wanted.claim = "claim" + std::to_string(wanted.grant.request_idx);
        const auto id = reserve(wanted, trust).holder->session_id;
        front.find(id, wanted.grant.document, clock.time);
        clock.advance(120s);
        const auto again = reserve(wanted, trust);
        EXPECT_EQ(again.outcome, outcome::reissued);
        EXPECT_EQ(again.holder, front.holder());
        front.end(id, wanted.grant.document, clock.time);
        EXPECT_EQ(reserve(wanted, trust).outcome, outcome::spent);
    }
}

TEST_F(desk_test, without_its_claim_a_request_does_not_get_the_session_of_one_that_had_it) {
    auto wanted = request(7, 100, 600);
    wanted.claim = "a";
    reserve(wanted);
    EXPECT_EQ(reserve(request(7, 100, 600)).outcome, outcome::slot_taken);
    wanted.claim = "b";
    EXPECT_EQ(reserve(wanted).outcome, outcome::slot_taken);
}

TEST_F(desk_test, a_renewal_from_inside_never_reaches_further_than_the_maximum) {
    reserve(request(7));
    front.renew(std::nullopt, seconds(3601), clock.time);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 3600s);
}

TEST_F(desk_test, only_the_holder_is_renewed_from_inside) {
    EXPECT_EQ(front.renew(std::nullopt, seconds(30), clock.time), nullptr);
    reserve(request(7, 100, 60));
    EXPECT_EQ(front.renew("another", seconds(30), clock.time), nullptr);
    EXPECT_EQ(front.holder()->expires.monotonic, clock.time.monotonic + 60s);
    clock.advance(60s);
    EXPECT_EQ(front.renew("session-1", seconds(30), clock.time), nullptr);
    EXPECT_EQ(front.holder(), nullptr);
}

TEST_F(desk_test, a_late_release_never_frees_the_next_holder) {
    reserve(request(7));
    EXPECT_EQ(front.release("session-1", clock.time), "session-1");
    reserve(request(8));
    EXPECT_EQ(front.release("session-1", clock.time), std::nullopt);
    EXPECT_EQ(front.holder()->session_id, "session-2");
    EXPECT_EQ(front.release("session-2", clock.time), "session-2");
}

TEST_F(desk_test, a_report_names_what_is_open_and_what_came_and_went) {
    reserve(request(7, 100));
    const auto busy = front.take_snapshot();
    EXPECT_EQ(busy.cur_load, 100);
    EXPECT_EQ(busy.working_request_idxs, std::vector<std::int64_t>{7});
    EXPECT_EQ(busy.requests_received, 1);
    EXPECT_EQ(busy.figures, (load_figures{.new_load = 100}));
    front.acknowledge(busy);
    front.release(clock.time);
    const auto free = front.take_snapshot();
    EXPECT_EQ(free.cur_load, 0);
    EXPECT_TRUE(free.working_request_idxs.empty());
    EXPECT_EQ(free.figures, (load_figures{.cur_perf = 100}));
}

TEST_F(desk_test, figures_of_a_report_that_failed_are_in_the_next_one) {
    reserve(request(7));
    (void)front.take_snapshot();
    front.release(clock.time);
    EXPECT_EQ(front.take_snapshot().figures, (load_figures{.new_load = 100, .cur_perf = 100}));
}

TEST_F(desk_test, what_changes_while_a_report_is_under_way_is_in_the_next_one) {
    reserve(request(7));
    const auto under_way = front.take_snapshot();
    front.release(clock.time);
    front.acknowledge(under_way);
    EXPECT_EQ(front.take_snapshot().figures, (load_figures{.cur_perf = 100}));
}

TEST_F(desk_test, an_old_report_acknowledges_nothing_once_a_newer_one_is_under_way) {
    reserve(request(7));
    const auto old = front.take_snapshot();
    (void)front.take_snapshot();
    front.acknowledge(old);
    EXPECT_EQ(front.take_snapshot().figures.new_load, 100);
}

TEST_F(desk_test, figures_stay_exact_for_costs_that_have_no_exact_double) {
    for (int i = 0; i < 1000; ++i) {
        reserve(request(i + 1, 0.1));
        front.acknowledge(front.take_snapshot());
        front.release(clock.time);
        front.acknowledge(front.take_snapshot());
    }
    EXPECT_EQ(front.take_snapshot().figures, load_figures{});
    EXPECT_EQ(front.take_snapshot().cur_load, 0);
}

TEST_F(desk_test, requests_are_counted_once_however_often_they_ask) {
    reserve(request(7));
    reserve(request(8));
    reserve(request(8));
    EXPECT_EQ(front.take_snapshot().requests_received, 2);
}

TEST_F(desk_test, a_ping_counts_as_load_that_came_and_went) {
    front.count_ping(request(9).grant, false, clock.time);
    EXPECT_EQ(front.take_snapshot().figures, (load_figures{.new_load = 100, .cur_perf = 100}));
    ASSERT_EQ(owed().size(), 1u);
    EXPECT_EQ(owed()[0].request_idx, 9);
    EXPECT_EQ(owed()[0].status, wire::completion_status::success);
}

TEST_F(desk_test, a_ping_in_a_session_is_to_be_saved_soon_and_nobody_waits_for_that) {
    reserve(request(7));
    const auto& grant = request(7).grant;
    front.find("session-1", grant.document, clock.time);  // its first use, which is waited for
    const auto before = observer;
    ASSERT_TRUE(front.holds_proof("session-1", grant.document, clock.time));
    ASSERT_EQ(front.renew("session-1", grant.document, clock.time).outcome, lookup::found);
    front.count_ping(grant, true, clock.time);
    EXPECT_EQ(observer.changes, before.changes);
    EXPECT_EQ(observer.settled, before.settled);
    EXPECT_EQ(observer.later, before.later + 1);
    EXPECT_EQ(observer.loads, before.loads + 1);
}

TEST_F(desk_test, a_renewal_never_brings_the_expiry_nearer) {
    reserve(request(7, 100, 3000));
    for (int i = 0; i < 5; ++i) {
        const auto before = front.next_expiry();
        front.renew("session-1", request(7).grant.document, clock.time);
        EXPECT_GE(front.next_expiry(), before);
        clock.advance(100s);
    }
}

TEST_F(desk_test, a_ping_in_a_session_leaves_no_completion_of_its_own) {
    reserve(request(7));
    front.count_ping(request(7).grant, true, clock.time);
    EXPECT_TRUE(owed().empty());
}

TEST_F(desk_test, what_the_consumer_found_is_told_to_the_client_whose_session_it_was) {
    using wire::session_outcome;
    reserve(request(7));
    EXPECT_EQ(front.outcome_of("session-1", request(7).grant.document), std::nullopt);
    front.release("session-1", clock.time, session_outcome::idle);
    ASSERT_EQ(observer.closed.size(), 1U);
    EXPECT_EQ(observer.closed[0].outcome, session_outcome::idle);
    EXPECT_EQ(front.outcome_of("session-1", request(7).grant.document), session_outcome::idle);
    EXPECT_EQ(front.outcome_of("session-1", request(8).grant.document), std::nullopt);
    EXPECT_EQ(front.outcome_of("session-2", request(7).grant.document), std::nullopt);
}

TEST_F(desk_test, the_last_outcome_that_was_said_is_remembered_whoever_holds_the_slot_since) {
    using wire::session_outcome;
    reserve(request(7), grant_trust::unverified);
    front.release(clock.time, session_outcome::idle);
    reserve(request(8));
    EXPECT_EQ(front.outcome_of("session-1", request(7).grant.document), session_outcome::idle);
    front.release(clock.time);
    EXPECT_EQ(observer.closed.back().outcome, std::nullopt);
    EXPECT_EQ(front.outcome_of("session-1", request(7).grant.document), session_outcome::idle);
    EXPECT_EQ(front.outcome_of("session-2", request(8).grant.document), std::nullopt);
    reserve(request(9));
    front.release(clock.time, session_outcome::done);
    EXPECT_EQ(front.outcome_of("session-1", request(7).grant.document), std::nullopt);
    EXPECT_EQ(front.outcome_of("session-3", request(9).grant.document), session_outcome::done);
}

TEST_F(desk_test, a_close_request_is_handed_on_with_the_closed_session) {
    auto wanted = request(7);
    wanted.on_close_route = "/closed";
    wanted.on_close_payload = parsed(R"({"job":1})");
    reserve(wanted);
    front.release(clock.time);
    ASSERT_TRUE(observer.closed.at(0).on_close);
    EXPECT_EQ(observer.closed[0].on_close->route, "/closed");
    EXPECT_EQ(observer.closed[0].on_close->payload, parsed(R"({"job":1})"));
}

// ---- figures ----------------------------------------------------------------------------------------------

TEST_F(desk_test, counts_its_ends_by_cause_and_by_what_the_consumer_said) {
    reserve(request(1));
    front.release(clock.time, wire::session_outcome::idle);
    reserve(request(2));
    front.release(clock.time);
    reserve(request(3));
    clock.advance(61s);
    front.expire(clock.time);
    const auto& went = front.figures();
    EXPECT_EQ(went.closed_by(close_reason::released).of(told_outcome::idle), 1u);
    EXPECT_EQ(went.closed_by(close_reason::released).of(told_outcome::none), 1u);
    EXPECT_EQ(went.closed_by(close_reason::released).of(told_outcome::done), 0u);
    EXPECT_EQ(went.closed_by(close_reason::expired).of(told_outcome::none), 1u);
    EXPECT_EQ(went.hold().sum(), 61.0);
}

TEST_F(desk_test, measures_the_wait_of_a_session_for_its_first_job_once) {
    reserve(request(1));
    clock.advance(4s);
    front.protect(std::nullopt, 10s, clock.time);
    clock.advance(1s);
    front.lift(std::nullopt, clock.time);
    front.protect(std::nullopt, 10s, clock.time);
    EXPECT_EQ(front.figures().wait().sum(), 4.0);
    front.release(clock.time);
    reserve(request(2));
    clock.advance(2s);
    front.protect(std::nullopt, 10s, clock.time);
    EXPECT_EQ(front.figures().wait().sum(), 6.0);
}

TEST_F(desk_test, knows_no_wait_of_a_session_that_it_got_from_a_former_process) {
    reserve(request(1));
    const former_desk left{front.save(), {}, clock.time};
    desk next({.max_lifetime = seconds(3600)}, means(), nullptr);
    next.restore(left, clock_continuity::same_boot, clock.time);
    clock.advance(2s);
    next.protect(std::nullopt, 10s, clock.time);
    EXPECT_EQ(next.figures().wait().sum(), 0.0);
    next.release(clock.time);
    EXPECT_EQ(next.figures().hold().sum(), 2.0);
}

}  // namespace
}  // namespace nullworker::reservation
