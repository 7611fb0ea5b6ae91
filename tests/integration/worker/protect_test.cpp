#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <nullworker/wire/control_messages.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

// A job that runs in a session: how it is protected from inside, and how the session is retired from outside.
namespace nullworker::test {
namespace {

using nlohmann::json;

std::string protection(double span) {
    return json{{"seconds", span}}.dump();
}
std::string protection(double span, const std::string& id) {
    return json{{"seconds", span}, {"session_id", id}}.dump();
}
json retirement(const std::string& id, const json& grant, const char* when) {
    auto out = reference(id, grant);
    out["when"] = when;
    return out;
}
asio::awaitable<void> until_metric(test_worker& worker, std::string line) {
    std::string metrics;
    while (metrics.find(line + '\n') == std::string::npos) {
        const auto answer = co_await control_get(worker, "/metrics");
        metrics = answer.body;
    }
}

// ---- /protect ---------------------------------------------------------------------------------------------

TEST(protect, is_shown_and_outlives_the_clients_expiry) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        json short_life = {{"lifetime", 0.1}};
        const auto id = co_await worker.create(grant, short_life);
        const auto told = co_await control_post(worker, "/protect", protection(60, id));
        EXPECT_EQ(told.status, 200u) << told.body;
        EXPECT_EQ(body_of(told)["session_id"], id);
        EXPECT_NEAR(body_of(told)["remaining"].get<double>(), 60, 1);
        EXPECT_GT(body_of(told)["protected_until"].get<double>(), 1.7e9);
        auto status = reference(id, grant);
        double remaining = 1;
        while (remaining > 0) {
            const auto answer = co_await worker.post("/session/status", status);
            const auto standing = body_of(answer);
            remaining = standing["remaining"].get<double>();
            EXPECT_GT(standing["protected"].get<double>(), 50);
            EXPECT_EQ(standing["retiring"], false);
            EXPECT_EQ(standing["session_id"], id);
            EXPECT_EQ(standing["worker_id"], 4242);
            EXPECT_EQ(standing.size(), 5u);
        }
        const auto held = co_await control_get(worker, "/session");
        EXPECT_EQ(body_of(held)["protected_until"], body_of(told)["protected_until"]);
        EXPECT_EQ(body_of(held)["retiring"], false);
        const auto all = co_await control_get(worker, "/status");
        EXPECT_EQ(body_of(all)["session"]["retiring"], false);
        co_await until_metric(worker, "nullworker_session_protected 1");
        const auto before = worker.reports();
        const auto lifted = co_await control_post(worker, "/protect", protection(0, id));
        EXPECT_EQ(lifted.status, 200u) << lifted.body;
        EXPECT_EQ(body_of(lifted)["remaining"], 0.0);
        (void)co_await worker.report(is_free, before);
    });
}

TEST(protect, of_nobody_or_of_another_holder_is_refused) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        for (const double span : {0.0, 60.0}) {
            const auto none = co_await control_post(worker, "/protect", protection(span));
            EXPECT_EQ(none.status, 409u);
            EXPECT_EQ(body_of(none)["session_id"], nullptr);
            EXPECT_EQ(body_of(none)["protected"], false);
        }
        const auto id = co_await worker.create(worker.grant(11));
        for (const double span : {0.0, 60.0}) {
            const auto other = co_await control_post(worker, "/protect", protection(span, "another"));
            EXPECT_EQ(other.status, 409u);
            EXPECT_EQ(body_of(other)["session_id"], id);
            EXPECT_EQ(body_of(other)["reason"], "not the holder");
        }
        for (const std::string body :
             {"", "{}", "nonsense", "[]", R"({"seconds": -1})", R"({"seconds": "60"})",
              R"({"seconds": null})", R"({"seconds": 1e999})", R"({"seconds": 60, "session_id": 7})",
              R"({"seconds": 60, "session_id": ""})", R"({"seconds": 1, "seconds": 2})"}) {
            const auto answer = co_await control_post(worker, "/protect", body);
            EXPECT_EQ(answer.status, 422u) << body;
        }
        const auto wrong = co_await control_get(worker, "/protect");
        EXPECT_EQ(wrong.status, 405u);
        const auto outside =
            co_await worker.send(test_worker::listener::open, net::verb::post, "/protect", protection(60));
        EXPECT_EQ(outside.status, 404u);
        co_await until_metric(worker, "nullworker_session_protected 0");
    });
}

TEST(protect, is_not_additive_and_at_most_the_maximum) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await worker.create(worker.grant(11));
        for (const double span : {1e12, 60.0, 60.0}) {
            const auto told = co_await control_post(worker, "/protect", protection(span));
            EXPECT_NEAR(body_of(told)["remaining"].get<double>(), std::min(span, 86400.0), 1);
        }
    });
}

TEST(protect, is_lifted_without_an_id_only_where_releases_need_none) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            const auto set = co_await control_post(worker, "/protect", protection(60));
            EXPECT_EQ(set.status, 200u);
            const auto refused = co_await control_post(worker, "/protect", protection(0));
            EXPECT_EQ(refused.status, 422u);
            EXPECT_NE(refused.body.find("session_id"), std::string::npos);
            const auto named = co_await control_post(worker, "/protect", protection(0, id));
            EXPECT_EQ(named.status, 200u);
        },
        [](app::settings& config) { config.strict_release = true; });
}

TEST(protect, holds_verdicts_on_the_consumer_back_until_it_is_over) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            (void)co_await control_post(worker, "/protect", protection(3600, id));
            co_await until_metric(worker, "nullworker_consumer_dead 1");
            const auto health = co_await control_get(worker, "/health");
            EXPECT_EQ(health.status, 503u);
            const auto held = co_await control_get(worker, "/session");
            EXPECT_EQ(body_of(held)["session_id"], id);
            const auto before = worker.reports();
            (void)co_await control_post(worker, "/protect", protection(0.05, id));
            (void)co_await worker.report(is_errored, before);
            (void)co_await worker.report(is_free, before);
            for (const auto& request : worker.autoscaler().requests("/worker_status/")) {
                const auto report = json::parse(request.body);
                EXPECT_TRUE(is_well(report) || is_errored(report));
            }
        },
        [](app::settings& config) {
            config.heartbeat = {.timeout = seconds(0.05),
                                .grace = seconds(0.05),
                                .policy = reservation::dead_consumer_policy::release};
        });
}

TEST(protect, makes_a_stop_wait_for_the_job) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) { config.drain_timeout.reset(); });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const auto id = co_await subject.create(subject.grant(11));
        (void)co_await control_post(subject, "/protect", protection(3600, id));
        subject.daemon().stop();
        const auto longer = co_await control_post(subject, "/protect", protection(3600, id));
        EXPECT_EQ(longer.status, 200u);
        const auto held = co_await control_get(subject, "/session");
        EXPECT_EQ(body_of(held)["session_id"], id);
        const auto before = subject.reports();
        (void)co_await control_post(subject, "/protect", protection(0, id));
        (void)co_await subject.report(is_free, before);
        co_await subject.stop();
    };
    drive(loop, told(worker));
}

TEST(protect, makes_a_stop_wait_no_longer_than_the_drain_time_out) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) { config.drain_timeout = seconds(0.05); });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const auto id = co_await subject.create(subject.grant(11));
        (void)co_await control_post(subject, "/protect", protection(3600, id));
        co_await subject.stop();
    };
    drive(loop, told(worker));
}

TEST(protect, is_what_a_stop_waits_for_and_a_session_without_ends_at_once) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) { config.drain_timeout = seconds(3600); });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        (void)co_await subject.create(subject.grant(11));
        co_await subject.stop();
    };
    drive(loop, told(worker));
}

TEST(protect, ends_by_whatever_ends_a_session_on_purpose) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        (void)co_await control_post(worker, "/protect", protection(3600, id));
        auto named = reference(id, grant);
        const auto ended = co_await worker.post("/session/end", named);
        EXPECT_EQ(ended.status, 200u);
        const auto second = co_await worker.create(worker.grant(12));
        (void)co_await control_post(worker, "/protect", protection(3600, second));
        const auto released = co_await control_post(worker, "/release");
        EXPECT_EQ(body_of(released)["released"], true);
    });
}

TEST(protect, is_given_by_a_renewal_that_names_the_session) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        json renewal = {{"lifetime", 90}};
        (void)co_await control_post(worker, "/renew", renewal.dump());
        auto named = reference(id, grant);
        const auto before = co_await worker.post("/session/status", named);
        EXPECT_EQ(body_of(before)["protected"], 0.0);
        renewal["session_id"] = id;
        (void)co_await control_post(worker, "/renew", renewal.dump());
        const auto after = co_await worker.post("/session/status", named);
        EXPECT_NEAR(body_of(after)["protected"].get<double>(), 90, 1);
    });
}

// ---- /session/retire and /session/status ------------------------------------------------------------------

TEST(session_status, names_the_worker_as_its_reports_do) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        auto named = reference(id, grant);
        const auto told = co_await worker.post("/session/status", named);
        const auto report = co_await worker.report(test::is_busy);
        EXPECT_EQ(body_of(told)["worker_id"], report["id"]);
    });
}

TEST(retire, of_an_idle_session_ends_it) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        for (const std::string when : {"idle", "done"}) {
            const auto grant = worker.grant(when[0]);
            const auto id = co_await worker.create(grant);
            auto body = retirement(id, grant, when.c_str());
            const auto told = co_await worker.post("/session/retire", body);
            EXPECT_EQ(told.status, 200u);
            json wanted = {{"ended", true}, {"removed_session", id}};
            EXPECT_EQ(body_of(told), wanted);
            const auto again = co_await worker.post("/session/retire", body);
            EXPECT_EQ(again.status, 400u);
        }
    });
}

TEST(retire, of_a_protected_session_waits_for_the_job) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        (void)co_await control_post(worker, "/protect", protection(60, id));
        auto body = retirement(id, grant, "idle");
        const auto busy = co_await worker.post("/session/retire", body);
        EXPECT_EQ(busy.status, 409u);
        EXPECT_NEAR(body_of(busy)["protected"].get<double>(), 60, 1);
        auto by_default = reference(id, grant);
        for (int i = 0; i < 2; ++i) {
            const auto retiring = co_await worker.post("/session/retire", by_default);
            EXPECT_EQ(retiring.status, 202u) << retiring.body;
            EXPECT_EQ(body_of(retiring)["ended"], false);
            EXPECT_NEAR(body_of(retiring)["remaining"].get<double>(), 60, 1);
            EXPECT_TRUE(body_of(retiring)["protected_until"].is_number());
        }
        const auto held = co_await control_get(worker, "/session");
        EXPECT_EQ(body_of(held)["retiring"], true);
        co_await until_metric(worker, "nullworker_session_retiring 1");
        json ping = {{"auth_data", grant}, {"session_id", id}, {"payload", json::object()}};
        const auto pinged = co_await worker.post("/ping", ping);
        EXPECT_EQ(pinged.body, R"({"result":{"ok":true}})");
        const auto longer = co_await control_post(worker, "/protect", protection(90, id));
        EXPECT_NEAR(body_of(longer)["remaining"].get<double>(), 90, 1);
        const auto lifted = co_await control_post(worker, "/protect", protection(0, id));
        EXPECT_EQ(lifted.status, 200u);
        const auto late = co_await control_post(worker, "/protect", protection(60, id));
        EXPECT_EQ(late.status, 409u);
        const auto entry = co_await worker.completion(1);
        EXPECT_EQ(entry["status"], "Success");
    });
}

TEST(retire, is_taken_back) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        (void)co_await control_post(worker, "/protect", protection(60, id));
        auto body = retirement(id, grant, "done");
        (void)co_await worker.post("/session/retire", body);
        body["when"] = "never";
        const auto kept = co_await worker.post("/session/retire", body);
        EXPECT_EQ(kept.status, 200u);
        EXPECT_EQ(body_of(kept)["ended"], false);
        (void)co_await control_post(worker, "/protect", protection(0, id));
        const auto held = co_await control_get(worker, "/session");
        EXPECT_EQ(body_of(held)["session_id"], id);
    });
}

TEST(retire, and_status_are_checked_like_an_end) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        for (const std::string path : {"/session/retire", "/session/status"}) {
            for (const std::string body :
                 {"", "nonsense", "[]", "{}", R"({"session_id": ""})", R"({"session_id": 7})",
                  R"({"session_id": "a", "session_id": "b"})"}) {
                const auto answer =
                    co_await worker.send(test_worker::listener::open, net::verb::post, path, body);
                EXPECT_EQ(answer.status, 422u) << path << ' ' << body;
            }
            auto unknown = reference("another", grant);
            const auto none = co_await worker.post(path, unknown);
            EXPECT_EQ(none.status, 400u);
            auto stranger = reference(id, worker.grant(12));
            const auto refused = co_await worker.post(path, stranger);
            EXPECT_EQ(refused.status, 401u);
            const auto wrong = co_await worker.send(test_worker::listener::open, net::verb::get, path);
            EXPECT_EQ(wrong.status, 405u);
            const auto inside = co_await worker.send(test_worker::listener::webhook, net::verb::post, path);
            EXPECT_EQ(inside.status, 404u);
        }
        for (const json& when : {json("soon"), json(7), json("")}) {
            auto body = reference(id, grant);
            body["when"] = when;
            const auto answer = co_await worker.post("/session/retire", body);
            EXPECT_EQ(answer.status, 422u) << when;
        }
    });
}

TEST(retire, wakes_those_who_wait_for_it_and_nobody_else) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        (void)co_await control_post(worker, "/protect", protection(60, id));
        task_group waiting(co_await asio::this_coro::executor);
        std::vector<std::string> heard;
        const auto wait = [](test_worker& subject, std::string path,
                             std::vector<std::string>& to) -> asio::awaitable<void> {
            const auto answer = co_await control_get(subject, path);
            to.push_back(path + ' ' + body_of(answer).dump());
        };
        waiting.spawn(wait(worker, "/session?wait=60&since=1&retiring=false", heard));
        waiting.spawn(wait(worker, "/session?wait=60&since=1", heard));
        co_await until_metric(worker, "nullworker_waiters 2");
        auto body = retirement(id, grant, "done");
        (void)co_await worker.post("/session/retire", body);
        co_await until_metric(worker, "nullworker_waiters 1");
        const auto first = heard.empty() ? std::string("nobody") : heard[0];
        EXPECT_EQ(heard.size(), 1u);
        EXPECT_NE(first.find("\"retiring\":true"), std::string::npos) << first;
        (void)co_await control_post(worker, "/protect", protection(0, id));
        co_await waiting.join();
        EXPECT_EQ(heard.size(), 2u);
        const auto wrong = co_await control_get(worker, "/session?retiring=true");
        EXPECT_EQ(wrong.status, 422u);
    });
}

// ---- claims -----------------------------------------------------------------------------------------------

TEST(claim, gets_the_live_session_again_and_401_after_its_end) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto grant = worker.grant(11);
        json payload = {{"lifetime", 60.0}, {"claim", std::string(64, 'a')}};
        const auto id = co_await worker.create(grant, payload);
        auto named = reference(id, grant);
        (void)co_await worker.post("/session/health", named);
        const auto again = co_await worker.create(grant, payload);
        EXPECT_EQ(again, id);
        const auto ended = co_await worker.post("/session/end", named);
        EXPECT_EQ(ended.status, 200u);
        auto body = worker.create_body(worker.grant(11), payload);
        const auto over = co_await worker.post("/session/create", body);
        EXPECT_EQ(over.status, 401u);
        for (const json& wrong : {json("short"), json(7), json(std::string(64, 'x'))}) {
            payload["claim"] = wrong;
            auto bad = worker.create_body(worker.grant(12), payload);
            const auto answer = co_await worker.post("/session/create", bad);
            EXPECT_EQ(answer.status, 422u) << wrong;
        }
    });
}

}  // namespace
}  // namespace nullworker::test
