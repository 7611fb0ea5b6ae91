#include <vast/reservation_plan.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using plan = reservation_plan;

constexpr const char* worker_url = "https://203.0.113.7:40001";

outcome<wire::route_reply> waiting(std::int64_t request_idx, std::string status = "no worker is ready") {
    return wire::route_reply{.worker = {}, .status = std::move(status), .request_idx = request_idx};
}

wire::json_value grant_number(int number) {
    return wire::json_value::parse(R"({"reqnum": )" + std::to_string(number) + "}").value();
}

outcome<wire::route_reply> ready(int number, std::int64_t request_idx = 7, std::string url = worker_url) {
    return wire::route_reply{.worker = wire::route_reply::ready{std::move(url), grant_number(number)},
                             .status = {},
                             .request_idx = request_idx};
}

outcome<net::reply> answer(unsigned status, std::string body = {}) {
    return net::reply{.status = status, .body = std::move(body)};
}

outcome<net::reply> lost() {
    return failure{"https://203.0.113.7:40001: timed out"};
}

constexpr const char* made = R"({"session_id": "abc", "expiration": 1234.5})";

class reservation_plan_test : public testing::Test {
protected:
    plan::time_point start{1000s};
    plan::time_point now = start;
    plan way{60s, start, 1};

    // `next` as the step that it is expected to be.
    template <class Step>
    static Step as(const plan::step& next) {
        EXPECT_TRUE(std::holds_alternative<Step>(next)) << "step number " << next.index();
        return std::holds_alternative<Step>(next) ? std::get<Step>(next) : Step{};
    }

    // The worker that is ready with grant `number`, as it is to be asked.
    plan::create offered(int number) { return as<plan::create>(way.routed(ready(number), now)); }

    // The session that a 201 tells of, once its id was used.
    held_session held(const plan::step& next) {
        const auto use = as<plan::use>(next);
        EXPECT_LE(use.limit, 2s);
        return as<plan::hold>(way.used(use, true, now)).session;
    }

    // The step after a wait of `pause`.
    plan::step after(plan::time_point::duration pause) {
        now += pause;
        return way.after_waiting(now);
    }
};

TEST_F(reservation_plan_test, it_begins_with_a_new_request) {
    EXPECT_EQ(as<plan::ask_route>(way.after_waiting(now)).request_idx, 0);
}

TEST_F(reservation_plan_test, while_no_worker_is_ready_it_waits_in_the_queue_and_keeps_its_number_there) {
    const auto queued = as<plan::queue>(way.routed(waiting(7, "starting"), now));
    EXPECT_EQ(queued.request_idx, 7);
    EXPECT_EQ(queued.status, "starting");
    EXPECT_EQ(as<plan::ask_route>(after(1s)).request_idx, 7);
    const auto without_number = as<plan::queue>(way.routed(waiting(0), now));
    EXPECT_EQ(without_number.request_idx, 7);
    EXPECT_EQ(as<plan::ask_route>(after(1s)).request_idx, 7);
}

TEST_F(reservation_plan_test, it_asks_again_after_one_second_then_at_random_times_of_at_most_five) {
    EXPECT_EQ(as<plan::queue>(way.routed(waiting(7), now)).until, now + 1s);
    for (const auto most : {3s, 5s, 5s, 5s, 5s}) {
        const auto pause = as<plan::queue>(way.routed(waiting(7), now)).until - now;
        EXPECT_GE(pause, 100ms);
        EXPECT_LE(pause, most);
    }
}

TEST_F(reservation_plan_test, no_pause_is_longer_than_the_user_wants) {
    plan hasty(60s, start, 1, seconds(0.05));
    for (int i = 0; i < 5; ++i)
        EXPECT_LE(as<plan::queue>(hasty.routed(waiting(7), now)).until - now, 50ms);
    const auto offer = as<plan::create>(hasty.routed(ready(3), now));
    EXPECT_LE(as<plan::retry>(hasty.created(offer, answer(429), now)).until - now, 50ms);
}

TEST_F(reservation_plan_test, two_clients_do_not_ask_at_the_same_times) {
    plan other(60s, start, 2);
    (void)way.routed(waiting(7), now);
    (void)other.routed(waiting(8), now);
    EXPECT_NE(as<plan::queue>(way.routed(waiting(7), now)).until,
              as<plan::queue>(other.routed(waiting(8), now)).until);
}

TEST_F(reservation_plan_test, a_route_that_is_refused_for_good_ends_it_with_the_autoscalers_words) {
    const outcome<wire::route_reply> refusal = failure{"cannot route: HTTP status 422, no such endpoint"};
    EXPECT_EQ(as<plan::give_up>(way.routed(refusal, now)).why.message,
              "cannot route: HTTP status 422, no such endpoint");
}

outcome<wire::route_reply> key_refused(unsigned status = 401) {
    return failure{"cannot route: HTTP status " + std::to_string(status), false, status};
}

TEST_F(reservation_plan_test, a_key_that_is_refused_has_the_endpoint_looked_up_anew) {
    (void)way.routed(waiting(7), now);
    for (const unsigned status : {401u, 403u}) {
        const auto next = as<plan::look_up>(way.routed(key_refused(status), now));
        EXPECT_EQ(next.why, "cannot route: HTTP status " + std::to_string(status));
        EXPECT_EQ(next.not_before, now);
        EXPECT_EQ(as<plan::ask_route>(way.looked_up({}, now)).request_idx, 7);
        EXPECT_EQ(offered(3).attempt, 1);
    }
}

TEST_F(reservation_plan_test,
       a_key_that_stays_refused_is_looked_up_with_longer_and_longer_pauses_then_it_ends) {
    for (const auto pause : {0s, 1s, 2s, 4s, 8s}) {
        EXPECT_EQ(as<plan::look_up>(way.routed(key_refused(), now)).not_before, now + pause);
        (void)as<plan::ask_route>(way.looked_up({}, now));
    }
    EXPECT_EQ(as<plan::give_up>(way.routed(key_refused(), now)).why.message,
              "cannot route: HTTP status 401; the endpoint was looked up anew 5 times");
}

TEST_F(reservation_plan_test, a_console_that_fails_then_costs_a_pause_and_one_that_refuses_ends_it) {
    (void)way.routed(key_refused(), now);
    const outcome<void> lost_call = failure{"cannot list the endpoints: timed out", /*retryable=*/true};
    EXPECT_EQ(as<plan::retry>(way.looked_up(lost_call, now)).why, "cannot list the endpoints: timed out");
    const outcome<void> none = failure{"there is no endpoint 'x'"};
    EXPECT_EQ(as<plan::give_up>(way.looked_up(none, now)).why.message, "there is no endpoint 'x'");
}

TEST_F(reservation_plan_test, a_look_up_does_not_outlast_the_time_for_the_whole) {
    (void)way.routed(key_refused(), now);
    now = start + 60s;
    (void)as<plan::give_up>(way.looked_up({}, now));
}

TEST_F(reservation_plan_test, a_route_that_is_lost_costs_a_pause_but_not_the_place_in_the_queue) {
    (void)way.routed(waiting(7), now);
    const outcome<wire::route_reply> lost_route = failure{"cannot route: timed out", /*retryable=*/true};
    const auto next = as<plan::retry>(way.routed(lost_route, now));
    EXPECT_EQ(next.why, "cannot route: timed out");
    EXPECT_GE(next.until, now + 2s);
    EXPECT_LE(next.until, now + 3s);
    EXPECT_EQ(as<plan::ask_route>(after(3s)).request_idx, 7);
}

TEST_F(reservation_plan_test, a_worker_that_is_ready_is_asked_for_a_session_with_its_grant) {
    const auto offer = as<plan::create>(way.routed(ready(3), now));
    EXPECT_EQ(offer.request_idx, 7);
    EXPECT_EQ(offer.worker.host, "203.0.113.7");
    EXPECT_EQ(offer.worker_url, worker_url);
    EXPECT_EQ(offer.grant, grant_number(3));
    EXPECT_EQ(offer.attempt, 1);
}

TEST_F(reservation_plan_test, a_worker_whose_address_is_none_ends_it_and_is_named) {
    const auto end = as<plan::give_up>(way.routed(ready(3, 7, "nowhere"), now));
    EXPECT_NE(end.why.message.find("the autoscaler named the worker 'nowhere': "), std::string::npos)
        << end.why.message;
}

TEST_F(reservation_plan_test, a_session_that_is_made_is_held) {
    const auto session = held(way.created(offered(3), answer(201, made), now));
    EXPECT_EQ(session.session_id, "abc");
    EXPECT_EQ(session.grant, grant_number(3));
    EXPECT_EQ(session.worker.host, "203.0.113.7");
    EXPECT_EQ(session.worker_url, worker_url);
    EXPECT_EQ(session.request_idx, 7);
    EXPECT_EQ(session.expiration, 1234.5);
}

TEST_F(reservation_plan_test,
       a_session_whose_worker_is_out_of_reach_at_once_is_held_and_one_that_is_gone_is_not) {
    const auto use = as<plan::use>(way.created(offered(3), answer(201, made), now));
    EXPECT_EQ(as<plan::hold>(way.used(use, failure{"timed out"}, now)).session.session_id, "abc");
    EXPECT_EQ(as<plan::retry>(way.used(use, false, now)).why,
              std::string(worker_url) + " lost the session that it had just made");
}

constexpr const char* unreadable[] = {"",
                                      "{}",
                                      "[]",
                                      "no JSON",
                                      R"({"session_id": 5, "expiration": 1234.5})",
                                      R"({"session_id": "", "expiration": "soon"})",
                                      R"({"session_id": null})",
                                      R"({"session_id": "abc", "expi)"};

TEST_F(reservation_plan_test, a_201_without_an_id_that_can_be_read_is_asked_for_once_more) {
    for (const auto* body : unreadable) {
        const auto again = as<plan::create>(way.created(offered(3), answer(201, body), now));
        EXPECT_EQ(again.attempt, 2) << body;
        EXPECT_EQ(again.grant, grant_number(3));
        EXPECT_EQ(held(way.created(again, answer(201, made), now)).session_id, "abc");
    }
}

TEST_F(reservation_plan_test, a_201_that_can_never_be_read_ends_it_and_tells_what_is_left) {
    for (const auto* body : unreadable) {
        plan fresh(60s, start, 1);
        const auto offer = as<plan::create>(fresh.routed(ready(3), now));
        const auto again = as<plan::create>(fresh.created(offer, answer(201, body), now));
        const auto end = as<plan::give_up>(fresh.created(again, answer(201, body), now));
        EXPECT_NE(end.why.message.find("cannot read the worker's reply: "), std::string::npos) << body;
        EXPECT_NE(end.why.message.find("lasts for its lifetime"), std::string::npos) << body;
    }
}

TEST_F(reservation_plan_test, a_201_of_which_only_the_id_can_be_read_is_ended) {
    for (const auto* body : {R"({"session_id": "abc"})", R"({"session_id": "abc", "expiration": "soon"})"}) {
        const auto left = as<plan::abandon>(way.created(offered(3), answer(201, body), now));
        EXPECT_EQ(left.session.session_id, "abc");
        EXPECT_EQ(left.session.grant, grant_number(3));
        EXPECT_EQ(left.session.worker.host, "203.0.113.7");
        EXPECT_NE(left.why.message.find("cannot read the worker's reply: "), std::string::npos);
    }
}

TEST_F(reservation_plan_test, any_success_that_tells_of_a_session_is_one) {
    for (const unsigned status : {200u, 201u, 202u})
        EXPECT_EQ(held(way.created(offered(3), answer(status, made), now)).session_id, "abc") << status;
}

TEST_F(reservation_plan_test,
       an_answer_that_leaves_it_open_whether_there_is_a_session_is_followed_by_an_end) {
    for (const unsigned status : {200u, 202u, 302u, 500u, 502u, 504u, 599u}) {
        const auto* body = R"({"session_id": "abc", "error": "half done"})";
        const auto left = as<plan::abandon>(way.created(offered(3), answer(status, body), now));
        EXPECT_EQ(left.session.session_id, "abc") << status;
        EXPECT_EQ(left.session.grant, grant_number(3)) << status;
    }
}

TEST_F(reservation_plan_test, without_an_id_such_an_answer_is_followed_by_the_same_create_once_more) {
    for (const unsigned status : {200u, 204u, 302u, 500u, 502u, 504u, 599u}) {
        plan fresh(60s, start, 1);
        const auto offer = as<plan::create>(fresh.routed(ready(3), now));
        const auto again = as<plan::create>(fresh.created(offer, answer(status), now));
        EXPECT_EQ(again.attempt, 2) << status;
        EXPECT_EQ(again.grant, grant_number(3)) << status;
        auto copy = fresh;
        EXPECT_EQ(as<plan::use>(copy.created(again, answer(201, made), now)).session.session_id, "abc");
        const auto next = fresh.created(again, answer(status), now);
        if (status >= 500)
            EXPECT_EQ(as<plan::retry>(next).why,
                      std::string(worker_url) + " answered " + std::to_string(status));
        else
            EXPECT_NE(as<plan::give_up>(next).why.message.find("lasts for its lifetime"), std::string::npos);
    }
}

TEST_F(reservation_plan_test, a_create_whose_reply_is_lost_is_sent_again_at_once_with_the_same_grant) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    EXPECT_EQ(again.attempt, 2);
    EXPECT_EQ(again.grant, grant_number(3));
    EXPECT_EQ(again.worker_url, worker_url);
    EXPECT_EQ(held(way.created(again, answer(201, made), now)).session_id, "abc");
}

TEST_F(reservation_plan_test, a_create_that_is_lost_twice_goes_back_to_the_autoscaler) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    const auto next = as<plan::retry>(way.created(again, lost(), now));
    EXPECT_EQ(next.why, lost().error().message);
    EXPECT_EQ(as<plan::ask_route>(after(3s)).request_idx, 7);
    EXPECT_EQ(offered(4).attempt, 1);
    EXPECT_EQ(as<plan::create>(way.created(offered(4), lost(), now)).grant, grant_number(4));
}

TEST_F(reservation_plan_test, a_worker_that_is_busy_is_left_for_another_route_of_the_same_request) {
    for (const unsigned status : {408u, 429u, 503u}) {
        plan fresh(60s, start, 1);
        const auto offer = as<plan::create>(fresh.routed(ready(3), now));
        const auto next = as<plan::retry>(fresh.created(offer, answer(status, "busy"), now));
        EXPECT_EQ(next.why, std::string(worker_url) + " answered " + std::to_string(status));
        EXPECT_EQ(as<plan::ask_route>(fresh.after_waiting(next.until)).request_idx, 7);
    }
}

TEST_F(reservation_plan_test, a_worker_that_refuses_for_good_ends_it_with_the_workers_words) {
    for (const unsigned status : {400u, 401u, 403u, 404u}) {
        const auto end =
            as<plan::give_up>(way.created(offered(3), answer(status, R"({"error": "no"})"), now));
        EXPECT_EQ(end.why.message, std::string(worker_url) + " refused the session: HTTP status " +
                                       std::to_string(status) + ", no");
    }
}

TEST_F(reservation_plan_test, a_401_to_a_create_that_was_lost_means_that_its_session_is_over) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    EXPECT_EQ(as<plan::retry>(way.created(again, answer(401), now)).why,
              std::string(worker_url) + " answered 401");
    EXPECT_EQ(as<plan::ask_route>(after(3s)).request_idx, 7);
}

TEST_F(reservation_plan_test, a_create_that_was_lost_may_still_be_refused) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    (void)as<plan::give_up>(way.created(again, answer(403), now));
}

TEST_F(reservation_plan_test, refusals_make_the_pauses_longer_up_to_five_seconds) {
    const std::pair<seconds, seconds> bounds[] = {{2s, 3s}, {4s, 5s}, {5s, 5s}, {5s, 5s}};
    for (const auto& [least, most] : bounds) {
        const seconds pause = as<plan::retry>(way.created(offered(3), answer(429), now)).until - now;
        EXPECT_GE(pause, least);
        EXPECT_LE(pause, most);
    }
}

TEST_F(reservation_plan_test, after_a_refusal_the_first_wait_in_the_queue_is_short_again) {
    for (int i = 0; i < 3; ++i)
        (void)way.routed(waiting(7), now);
    (void)way.created(offered(3), answer(429), now);
    EXPECT_EQ(as<plan::queue>(way.routed(waiting(7), now)).until, now + 1s);
}

TEST_F(reservation_plan_test, no_wait_lasts_longer_than_the_time_for_the_whole) {
    now = start + 59s + 900ms;
    EXPECT_EQ(as<plan::queue>(way.routed(waiting(7), now)).until, start + 60s);
    EXPECT_EQ(as<plan::retry>(way.created(offered(3), answer(429), now)).until, start + 60s);
}

TEST_F(reservation_plan_test, when_the_time_is_up_it_ends_and_tells_the_last_obstacle) {
    (void)way.routed(waiting(7, "all workers are busy"), now);
    EXPECT_EQ(as<plan::ask_route>(after(59s)).request_idx, 7);
    EXPECT_EQ(as<plan::give_up>(after(1s)).why.message,
              "no worker within 60 s; the last obstacle: all workers are busy");
    (void)way.created(offered(3), answer(503), now);
    EXPECT_EQ(as<plan::give_up>(after(0s)).why.message,
              "no worker within 60 s; the last obstacle: " + std::string(worker_url) + " answered 503");
}

TEST_F(reservation_plan_test, without_any_time_it_asks_nobody) {
    plan hasty(0s, start, 1);
    EXPECT_EQ(as<plan::give_up>(hasty.after_waiting(start)).why.message,
              "no worker within 0 s; the last obstacle: no worker became free");
}

TEST_F(reservation_plan_test, a_worker_that_is_found_late_is_still_asked) {
    now = start + 61s;
    const auto offer = offered(3);
    EXPECT_EQ(offer.attempt, 1);
    (void)as<plan::retry>(way.created(offer, lost(), now));
    const auto again = as<plan::create>(after(0s));
    EXPECT_EQ(again.attempt, 2);
    EXPECT_EQ(held(way.created(again, answer(201, made), now)).session_id, "abc");
}

TEST_F(reservation_plan_test, no_call_takes_longer_than_what_is_left_of_the_time_or_two_seconds) {
    EXPECT_EQ(as<plan::ask_route>(way.after_waiting(now)).limit, 60s);
    now = start + 57s;
    EXPECT_EQ(as<plan::ask_route>(way.after_waiting(now)).limit, 3s);
    const auto offer = offered(3);
    EXPECT_EQ(offer.limit, 3s);
    now = start + 59s;
    EXPECT_EQ(as<plan::ask_route>(way.after_waiting(now)).limit, 2s);
    EXPECT_EQ(as<plan::create>(way.created(offer, lost(), now)).limit, 2s);
}

TEST_F(reservation_plan_test, an_interruption_ends_it) {
    EXPECT_EQ(as<plan::give_up>(way.interrupted()).why.message, "interrupted before a worker was held");
}

TEST_F(reservation_plan_test, an_end_asks_once_more_for_a_session_of_which_nobody_heard) {
    for (const bool in_time : {true, false}) {
        plan fresh(60s, start, 1);
        const auto offer = as<plan::create>(fresh.routed(ready(3), now));
        const auto again = as<plan::create>(fresh.created(offer, lost(), now));
        (void)as<plan::retry>(fresh.created(again, lost(), now));
        const auto last = as<plan::create>(in_time ? fresh.interrupted() : fresh.after_waiting(start + 60s));
        EXPECT_EQ(last.grant, grant_number(3));
        EXPECT_EQ(last.limit, 2s);
        for (const auto& heard : {answer(201, made), answer(429), answer(401), lost()}) {
            auto copy = fresh;
            const auto next = copy.created(last, heard, now);
            if (heard && heard->status == 201)
                EXPECT_EQ(as<plan::use>(next).session.session_id, "abc");
            else
                EXPECT_NE(
                    as<plan::give_up>(next).why.message.find(in_time ? "interrupted" : "no worker within"),
                    std::string::npos);
        }
    }
}

TEST_F(reservation_plan_test, a_route_that_is_refused_asks_for_that_session_too) {
    const outcome<wire::route_reply> refusal = failure{"cannot route: HTTP status 422, no such endpoint"};
    for (const auto& answer : {refusal, ready(4, 7, "nowhere")}) {
        plan fresh(60s, start, 1);
        const auto offer = as<plan::create>(fresh.routed(ready(3), now));
        const auto again = as<plan::create>(fresh.created(offer, lost(), now));
        (void)as<plan::retry>(fresh.created(again, lost(), now));
        const auto last = as<plan::create>(fresh.routed(answer, now));
        EXPECT_EQ(last.grant, grant_number(3));
        (void)as<plan::give_up>(fresh.created(last, lost(), now));
    }
}

TEST_F(reservation_plan_test, a_session_that_is_found_at_the_end_and_lost_at_once_is_not_held) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    (void)as<plan::retry>(way.created(again, lost(), now));
    const auto last = as<plan::create>(after(60s));
    const auto use = as<plan::use>(way.created(last, answer(201, made), now));
    (void)as<plan::give_up>(way.used(use, false, now));
}

TEST_F(reservation_plan_test, a_create_that_was_answered_is_not_asked_for_at_the_end) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    (void)as<plan::retry>(way.created(again, answer(429), now));
    (void)as<plan::give_up>(way.interrupted());
}

TEST_F(reservation_plan_test, before_another_worker_is_asked_the_one_that_was_not_heard_is) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    (void)as<plan::retry>(way.created(again, lost(), now));
    const auto last = as<plan::create>(way.routed(ready(4, 7, "https://203.0.113.8:40001"), now));
    EXPECT_EQ(last.grant, grant_number(3));
    EXPECT_EQ(last.worker.host, "203.0.113.7");
    for (const auto& heard : {lost(), answer(401)}) {
        auto copy = way;
        const auto next = as<plan::create>(copy.created(last, heard, now));
        EXPECT_EQ(next.grant, grant_number(4));
        EXPECT_EQ(next.worker.host, "203.0.113.8");
        EXPECT_EQ(next.attempt, 1);
    }
    EXPECT_EQ(held(way.created(last, answer(201, made), now)).grant, grant_number(3));
}

class reservation_plan_claim_test : public reservation_plan_test {
protected:
    void SetUp() override {
        way = plan(60s, start, 1, usual_longest_pause,
                   [made = 0]() mutable { return "claim " + std::to_string(++made); });
    }
};

TEST_F(reservation_plan_claim_test, each_create_that_may_make_a_session_of_its_own_has_a_claim_of_its_own) {
    const auto first = offered(3);
    EXPECT_EQ(first.claim, "claim 1");
    (void)way.created(first, answer(429), now);
    EXPECT_EQ(offered(4).claim, "claim 2");
}

TEST_F(reservation_plan_claim_test,
       a_create_of_which_nobody_heard_is_asked_for_with_its_claim_under_any_grant) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    EXPECT_EQ(again.claim, "claim 1");
    (void)as<plan::retry>(way.created(again, lost(), now));
    EXPECT_EQ(offered(4).claim, "claim 1");
    const auto last = as<plan::create>(way.routed(ready(5, 7, "https://203.0.113.8:40001"), now));
    EXPECT_EQ(last.claim, "claim 1");
    EXPECT_EQ(as<plan::create>(way.created(last, answer(401), now)).claim, "claim 2");
}

TEST_F(reservation_plan_test, a_create_of_which_nobody_ever_heard_is_told_when_it_is_left) {
    (void)as<plan::retry>(way.created(as<plan::create>(way.created(offered(3), lost(), now)), lost(), now));
    EXPECT_FALSE(way.take_doubtful());
    auto ended = way;
    const auto last = as<plan::create>(way.routed(ready(4, 7, "https://203.0.113.8:40001"), now));
    EXPECT_FALSE(way.take_doubtful());
    for (const auto& heard : {lost(), answer(401), answer(201, made)}) {
        auto copy = way;
        (void)copy.created(last, heard, now);
        const auto left = copy.take_doubtful();
        EXPECT_EQ(left.has_value(), !heard.has_value());
        EXPECT_TRUE(!left || left->grant == grant_number(3));
        EXPECT_FALSE(copy.take_doubtful());
    }
    const auto at_the_end = as<plan::create>(ended.interrupted());
    (void)as<plan::give_up>(ended.created(at_the_end, lost(), now));
    EXPECT_TRUE(ended.take_doubtful());
}

// What a former process left: a request, and a create that it may have sent.
class reservation_plan_resumed_test : public reservation_plan_test {
protected:
    void SetUp() override {
        way.resume(7, plan::create{.request_idx = 7,
                                   .worker = parse_url(worker_url).value(),
                                   .worker_url = worker_url,
                                   .grant = grant_number(3),
                                   .attempt = 1,
                                   .limit = {},
                                   .claim = "old"});
    }

    plan::create sent_again() { return as<plan::create>(way.after_waiting(now)); }
};

TEST_F(reservation_plan_resumed_test, it_sends_the_create_again_with_the_grant_and_the_claim) {
    const auto again = sent_again();
    EXPECT_EQ(again.claim, "old");
    EXPECT_EQ(again.grant, grant_number(3));
    EXPECT_EQ(held(way.created(again, answer(201, made), now)).session_id, "abc");
}

TEST_F(reservation_plan_resumed_test, a_401_means_that_the_session_came_and_went) {
    EXPECT_EQ(as<plan::give_up>(way.created(sent_again(), answer(401), now)).why.message,
              std::string(worker_url) + " says that its session came and went");
}

TEST_F(reservation_plan_resumed_test, a_worker_that_is_taken_is_left_for_another_route_of_the_request) {
    (void)as<plan::retry>(way.created(sent_again(), answer(429), now));
    EXPECT_EQ(as<plan::ask_route>(after(3s)).request_idx, 7);
    (void)as<plan::give_up>(way.created(offered(4), answer(401), now));
}

TEST_F(reservation_plan_resumed_test, a_worker_out_of_reach_costs_a_pause_and_the_request_is_asked_on) {
    (void)as<plan::retry>(way.created(sent_again(), lost(), now));
    EXPECT_EQ(as<plan::ask_route>(after(3s)).request_idx, 7);
    const auto offer = offered(4);
    EXPECT_EQ(offer.grant, grant_number(4));
    EXPECT_EQ(offer.claim, "old");
}

TEST_F(reservation_plan_resumed_test, the_create_is_sent_again_even_where_nobody_wants_it_any_more) {
    const auto last = as<plan::create>(way.interrupted());
    EXPECT_EQ(last.claim, "old");
    (void)as<plan::use>(way.created(last, answer(201, made), now));
}

TEST_F(reservation_plan_test, a_request_of_a_former_process_is_asked_on) {
    way.resume(7, std::nullopt);
    EXPECT_EQ(as<plan::ask_route>(way.after_waiting(now)).request_idx, 7);
}

TEST_F(reservation_plan_test, a_request_no_longer_wanted_is_asked_for_once_more_and_soon_forgotten) {
    way.withdraw_at_the_end();
    (void)way.routed(waiting(7), now);
    const auto last = as<plan::ask_route>(way.interrupted());
    EXPECT_EQ(last.request_idx, 7);
    EXPECT_EQ(last.replay_timeout, seconds(1));
    EXPECT_LE(last.limit, 2s);
    const outcome<wire::route_reply> lost_route = failure{"cannot route: timed out", /*retryable=*/true};
    for (const auto& heard : {waiting(7), lost_route, key_refused()}) {
        auto copy = way;
        EXPECT_EQ(as<plan::give_up>(copy.routed(heard, now)).why.message,
                  "interrupted before a worker was held");
    }
    auto copy = way;
    (void)as<plan::give_up>(copy.interrupted());  // a stop that does not wait for the answer
}

TEST_F(reservation_plan_test, a_worker_that_it_brings_then_is_reserved_and_refusals_end_it) {
    way.withdraw_at_the_end();
    (void)way.routed(waiting(7), now);
    (void)as<plan::ask_route>(way.interrupted());
    const auto offer = offered(3);
    for (const auto& heard : {answer(429), answer(401), lost()}) {
        auto copy = way;
        (void)as<plan::give_up>(copy.created(offer, heard, now));
    }
    EXPECT_EQ(held(way.created(offer, answer(201, made), now)).session_id, "abc");
}

TEST_F(reservation_plan_test, a_request_whose_number_is_not_known_cannot_be_taken_back) {
    way.withdraw_at_the_end();
    (void)as<plan::give_up>(way.interrupted());
}

TEST_F(reservation_plan_test, a_request_whose_time_is_up_is_taken_back_too) {
    way.withdraw_at_the_end();
    (void)way.routed(waiting(7), now);
    EXPECT_EQ(as<plan::ask_route>(after(60s)).replay_timeout, seconds(1));
    EXPECT_TRUE(way.is_leaving());
}

TEST_F(reservation_plan_test, what_cannot_be_remembered_ends_it) {
    (void)as<plan::give_up>(way.unkept());
}

TEST_F(reservation_plan_test, no_secret_of_a_workers_address_is_told) {
    const auto end = as<plan::give_up>(way.routed(ready(3, 7, "http://admin:secret@203.0.113.7/"), now));
    EXPECT_EQ(end.why.message.find("secret"), std::string::npos) << end.why.message;
}

}  // namespace
}  // namespace nullworker::client
