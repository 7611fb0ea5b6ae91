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

TEST_F(reservation_plan_test, two_clients_do_not_ask_at_the_same_times) {
    plan other(60s, start, 2);
    (void)way.routed(waiting(7), now);
    (void)other.routed(waiting(8), now);
    EXPECT_NE(as<plan::queue>(way.routed(waiting(7), now)).until,
              as<plan::queue>(other.routed(waiting(8), now)).until);
}

TEST_F(reservation_plan_test, a_route_that_is_refused_for_good_ends_it_with_the_autoscalers_words) {
    const outcome<wire::route_reply> refusal = failure{"cannot route: HTTP status 401, wrong key"};
    EXPECT_EQ(as<plan::give_up>(way.routed(refusal, now)).why.message,
              "cannot route: HTTP status 401, wrong key");
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
    const auto session = as<plan::hold>(way.created(offered(3), answer(201, made), now)).session;
    EXPECT_EQ(session.session_id, "abc");
    EXPECT_EQ(session.grant, grant_number(3));
    EXPECT_EQ(session.worker.host, "203.0.113.7");
    EXPECT_EQ(session.worker_url, worker_url);
    EXPECT_EQ(session.request_idx, 7);
    EXPECT_EQ(session.expiration, 1234.5);
}

TEST_F(reservation_plan_test, a_session_that_is_made_in_words_that_nobody_understands_ends_it) {
    const auto end = as<plan::give_up>(way.created(offered(3), answer(201, "{}"), now));
    EXPECT_NE(end.why.message.find("cannot read the worker's reply: "), std::string::npos);
}

TEST_F(reservation_plan_test, a_create_whose_reply_is_lost_is_sent_again_at_once_with_the_same_grant) {
    const auto again = as<plan::create>(way.created(offered(3), lost(), now));
    EXPECT_EQ(again.attempt, 2);
    EXPECT_EQ(again.grant, grant_number(3));
    EXPECT_EQ(again.worker_url, worker_url);
    EXPECT_EQ(as<plan::hold>(way.created(again, answer(201, made), now)).session.session_id, "abc");
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
    for (const unsigned status : {408u, 429u, 500u, 503u, 599u}) {
        plan fresh(60s, start, 1);
        const auto offer = as<plan::create>(fresh.routed(ready(3), now));
        const auto next = as<plan::retry>(fresh.created(offer, answer(status, "busy"), now));
        EXPECT_EQ(next.why, std::string(worker_url) + " answered " + std::to_string(status));
        EXPECT_EQ(as<plan::ask_route>(fresh.after_waiting(next.until)).request_idx, 7);
    }
}

TEST_F(reservation_plan_test, a_worker_that_refuses_for_good_ends_it_with_the_workers_words) {
    for (const unsigned status : {200u, 302u, 400u, 401u, 403u, 404u}) {
        const auto end =
            as<plan::give_up>(way.created(offered(3), answer(status, R"({"error": "no"})"), now));
        EXPECT_EQ(end.why.message, std::string(worker_url) + " refused the session: HTTP status " +
                                       std::to_string(status) + ", no");
    }
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
    const plan hasty(0s, start, 1);
    EXPECT_EQ(as<plan::give_up>(hasty.after_waiting(start)).why.message,
              "no worker within 0 s; the last obstacle: no worker became free");
}

TEST_F(reservation_plan_test, a_worker_that_is_found_late_is_still_asked) {
    now = start + 61s;
    const auto offer = offered(3);
    EXPECT_EQ(offer.attempt, 1);
    const auto again = as<plan::create>(way.created(offer, lost(), now));
    EXPECT_EQ(again.attempt, 2);
    (void)as<plan::hold>(way.created(again, answer(201, made), now));
}

TEST_F(reservation_plan_test, an_interruption_ends_it) {
    EXPECT_EQ(as<plan::give_up>(plan::interrupted()).why.message, "interrupted before a worker was held");
}

}  // namespace
}  // namespace nullworker::client
