#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <nullworker/base/log.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// What somebody can do with a grant that is not his, or not his any more: only its URL is signed, so whoever
// has had one can make any other for the same worker.
namespace nullworker::test {
namespace {

using nlohmann::json;

// A grant as somebody makes it who has had another one.
json forged_from(json old, std::int64_t request_idx) {
    old["request_idx"] = request_idx;
    old["reqnum"] = 99999;
    return old;
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

std::vector<std::string> outcomes_told(test_worker& worker) {
    std::vector<std::string> out;
    for (const auto& sent : worker.autoscaler().requests("/delete_requests/")) {
        const auto batch = json::parse(sent.body);
        for (const auto& row : batch.at("requests"))
            out.push_back(row.at("status").get<std::string>() + " " +
                          std::to_string(row.at("request_idx").get<std::int64_t>()));
    }
    return out;
}

TEST(an_old_grant, with_a_guessed_index_does_not_get_a_session_that_is_used) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json victim = worker.grant(41);
        const json old = worker.grant(3);
        const auto id = co_await worker.create(victim);
        const auto used = co_await worker.post("/session/get", reference(id, victim));
        EXPECT_EQ(used.status, 200U);
        for (std::int64_t guess = 38; guess < 45; ++guess) {
            const json forged = forged_from(old, guess);
            const auto answer = co_await worker.post("/session/create", worker.create_body(forged));
            EXPECT_EQ(answer.status, 429U) << guess << answer.body;
            const auto ended = co_await worker.post("/session/end", reference(id, forged));
            EXPECT_EQ(ended.status, 401U) << guess;
        }
        const auto health = co_await worker.post("/session/health", reference(id, victim));
        EXPECT_EQ(json::parse(health.body).at("ok"), true);
        const auto ended = co_await worker.post("/session/end", reference(id, victim));
        EXPECT_EQ(ended.status, 200U);
        (void)co_await worker.completion(7);  // of six wrong guesses and the session
        const auto told = outcomes_told(worker);
        EXPECT_EQ(std::count(told.begin(), told.end(), "Rejected 41"), 0);
        EXPECT_EQ(std::count(told.begin(), told.end(), "Success 41"), 1);
    });
}

TEST(an_old_grant, whose_session_has_ended_opens_no_second_one) {
    std::string written;
    with_worker([&written](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(5);
        const auto id = co_await worker.create(grant);
        (void)co_await worker.post("/session/end", reference(id, grant));
        testing::internal::CaptureStderr();
        log::set_level(log::level::info);
        for (int i = 0; i < 5; ++i) {
            const auto answer = co_await worker.post("/session/create", worker.create_body(grant));
            EXPECT_EQ(answer.status, 401U);
            EXPECT_EQ(answer.body, "");
        }
        log::set_level(log::level::off);
        log::flush();
        written = testing::internal::GetCapturedStderr();
        // Which a lost reply or a restarted autoscaler may lead to: another grant for the same request.
        const json other = worker.grant(5);
        (void)co_await worker.create(other);
    });
    EXPECT_EQ(count_of(written, "event=grant_replayed"), 1U) << written;
}

TEST(an_old_grant, may_come_again_where_nobody_checks_any) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const json debugging = {{"url", worker.url()}, {"request_idx", 1}};
            for (int i = 0; i < 3; ++i) {
                const auto id = co_await worker.create(debugging);
                const auto ended = co_await worker.post("/session/end", reference(id, debugging));
                EXPECT_EQ(ended.status, 200U);
            }
        },
        [](app::settings& config) { config.unsecured = true; });
}

TEST(an_old_grant, in_a_ping_that_names_the_live_request_completes_nothing) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json victim = worker.grant(41);
        const auto id = co_await worker.create(victim);
        json ping;
        ping["auth_data"] = forged_from(worker.grant(3), 41);
        ping["session_id"] = nullptr;
        ping["payload"] = json::object();
        const auto answer = co_await worker.post("/ping", ping);
        EXPECT_EQ(answer.status, 200U);
        (void)co_await worker.post("/session/end", reference(id, victim));
        const auto told = co_await worker.completion(1);
        EXPECT_GE(told.at("work_completed_at"), told.at("work_started_at"));
        EXPECT_EQ(outcomes_told(worker), std::vector<std::string>{"Success 41"});
    });
}

TEST(an_old_grant, with_a_small_cost_does_not_make_a_taken_worker_look_free) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json cheap = worker.grant(41, 0.001);
        (void)co_await worker.create(cheap);
        const auto told = co_await worker.report(is_busy);
        EXPECT_EQ(told.at("cur_load"), 100.0);
    });
}

TEST(an_old_grant, with_a_small_cost_is_reported_as_it_is_where_that_is_asked_for) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const json cheap = worker.grant(41, 10);
            (void)co_await worker.create(cheap);
            std::function<bool(const json&)> loaded = [](const json& report) {
                return report.at("cur_load") != 0.0;
            };
            const auto told = co_await worker.report(std::move(loaded));
            EXPECT_EQ(told.at("cur_load"), 10.0);
        },
        [](app::settings& config) { config.partial_load = true; });
}

TEST(a_session_that_costs_less_than_the_worker, is_worth_one_warning) {
    for (const bool partial : {false, true}) {
        log::set_level(log::level::warning);
        testing::internal::CaptureStderr();
        with_worker(
            [](test_worker& worker) -> asio::awaitable<void> {
                for (const std::int64_t index : {41, 42}) {
                    const json cheap = worker.grant(index, 30);
                    (void)co_await worker.create(cheap);
                    (void)co_await control_post(worker, "/release");
                }
            },
            [&](app::settings& config) { config.partial_load = partial; });
        log::flush();
        log::set_level(log::level::off);
        const auto written = testing::internal::GetCapturedStderr();
        const auto first = written.find("event=session_costs_less cost=30 max_perf=100");
        EXPECT_NE(first, std::string::npos) << written;
        EXPECT_EQ(written.find("event=session_costs_less", first + 1), std::string::npos) << written;
    }
}

TEST(a_stranger, writes_one_line_into_the_log_however_often_he_tries) {
    std::string written;
    with_worker([&written](test_worker& worker) -> asio::awaitable<void> {
        json forged = worker.grant(5);
        forged["signature"] = "AAAA";
        const json held = worker.grant(6);
        (void)co_await worker.create(held);
        const json late = worker.grant(7);
        testing::internal::CaptureStderr();
        log::set_level(log::level::info);
        for (int i = 0; i < 20; ++i) {
            (void)co_await worker.post("/session/create", worker.create_body(forged));
            (void)co_await worker.post("/session/create", worker.create_body(late));
        }
        log::set_level(log::level::off);
        log::flush();
        written = testing::internal::GetCapturedStderr();
    });
    EXPECT_EQ(count_of(written, "event=grant_refused"), 1U) << written;
    EXPECT_EQ(count_of(written, "event=session_rejected"), 1U) << written;
    EXPECT_LE(count_of(written, "\n"), 5U) << written;
}

}  // namespace
}  // namespace nullworker::test
