#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/test_worker.hpp"

#include <nullworker/base/log.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

// Whether the consumer is alive: its own heartbeat, and the probes of a running daemon.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using reservation::dead_consumer_policy;

// Returns once /health answers `status`; its body.
asio::awaitable<std::string> health(test_worker& worker, unsigned status) {
    for (;;) {
        const auto answer = co_await control_get(worker, "/health");
        if (answer.status == status)
            co_return answer.body;
    }
}

// Settings of a worker that expects a heartbeat, in seconds.
std::function<void(app::settings&)> expecting(double timeout, double grace, dead_consumer_policy policy) {
    return [=](app::settings& config) {
        config.heartbeat = {.timeout = seconds(timeout), .grace = seconds(grace), .policy = policy};
    };
}

TEST(heartbeat, is_answered_with_the_holder) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto free = co_await control_post(worker, "/heartbeat");
        EXPECT_EQ(free.status, 200u);
        EXPECT_EQ(free.body, R"({"ok":true,"session_id":null})");
        const auto id = co_await worker.create(worker.grant(11));
        const auto held = co_await control_post(worker, "/heartbeat", "{}");
        EXPECT_EQ(json::parse(held.body)["session_id"], id);
        const auto status = co_await control_get(worker, "/status");
        const auto consumer = json::parse(status.body)["consumer"];
        EXPECT_EQ(consumer["heartbeat"], "off");
        EXPECT_GT(consumer["last_heartbeat"].get<double>(), 0.0);
    });
}

TEST(heartbeat, that_is_missing_is_flagged_first_and_not_reported) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            const auto reasons = co_await health(worker, 503);
            EXPECT_NE(reasons.find("no heartbeat from the consumer for 0.03 s"), std::string::npos)
                << reasons;
            const auto metrics = co_await control_get(worker, "/metrics");
            EXPECT_NE(metrics.body.find("nullworker_consumer_silent 1\n"), std::string::npos);
            EXPECT_NE(metrics.body.find("nullworker_consumer_dead 0\n"), std::string::npos);
            // The next report, which the release causes, says nothing of it.
            const auto before = worker.reports();
            (void)co_await control_post(worker, "/release");
            const auto report = co_await worker.report(is_free, before);
            EXPECT_EQ(report["error_msg"], "");
        },
        expecting(0.03, 3600, dead_consumer_policy::error));
}

TEST(heartbeat, that_stays_missing_is_reported_and_the_slot_is_kept) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            const auto report = co_await worker.report(is_errored);
            EXPECT_EQ(report["error_msg"], "no heartbeat from the consumer for 0.02 s");
            EXPECT_EQ(report["cur_load"], 100.0);
            const auto held = co_await control_get(worker, "/session");
            EXPECT_EQ(json::parse(held.body)["session_id"], id);
            const auto status = co_await control_get(worker, "/status");
            EXPECT_EQ(json::parse(status.body)["consumer"]["heartbeat"], "dead");
        },
        expecting(0.02, 0.02, dead_consumer_policy::error));
}

TEST(heartbeat, that_comes_again_takes_the_error_back) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            (void)co_await worker.report(is_errored);
            const auto before = worker.reports();
            (void)co_await control_post(worker, "/heartbeat");
            (void)co_await worker.report(is_well, before);
        },
        expecting(0.5, 0, dead_consumer_policy::error));
}

TEST(heartbeat, of_a_dead_consumer_frees_the_slot_only_where_that_is_wanted) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto before = worker.reports();
            (void)co_await worker.create(worker.grant(11));
            const auto report = co_await worker.report(
                [](const json& each) { return is_errored(each) && is_free(each); }, before);
            EXPECT_EQ(report["cur_load"], 0.0);
            const auto entry = co_await worker.completion(1);
            EXPECT_EQ(entry["request_idx"], 11);
        },
        expecting(0.02, 0.02, dead_consumer_policy::release));
}

// ---- the first sign of life
// ---------------------------------------------------------------------------------

void awaiting(app::settings& config) {
    config.health_target = consumer::heartbeat_target{};
}

constexpr const char* no_sign = "the consumer has given no sign of life yet";

// What becomes of a worker that waits for its consumer, started with `adjust`.
void with_awaiting(const worker_story& story, const std::function<void(app::settings&)>& adjust = {}) {
    asio::io_context loop;
    test_worker worker(loop, [&](app::settings& config) {
        awaiting(config);
        if (adjust)
            adjust(config);
    });
    worker.start();
    const auto whole = [](test_worker& subject, const worker_story& told) -> asio::awaitable<void> {
        co_await told(subject);
        co_await subject.stop();
    };
    drive(loop, whole(worker, story));
}

TEST(first_sign, makes_the_worker_ready_whichever_it_is) {
    using ask = std::function<asio::awaitable<net::reply>(test_worker&)>;
    const auto posting = [](std::string path, std::string body = {}) -> ask {
        return [path, body](test_worker& worker) { return control_post(worker, path, body); };
    };
    const std::vector<ask> signs = {
        posting("/heartbeat"), posting("/release"), posting("/renew", R"({"lifetime": 5})"),
        posting("/protect", R"({"seconds": 5})"),
        [](test_worker& worker) { return control_get(worker, "/session?wait=0.01"); }};
    for (const auto& sign : signs)
        with_awaiting([&sign](test_worker& worker) -> asio::awaitable<void> {
            for (const std::string path : {"/session", "/status", "/health", "/metrics"})
                (void)co_await control_get(worker, path);  // which anybody asks who looks on
            const auto grant = worker.grant(11);
            const auto early = co_await worker.post("/session/create", worker.create_body(grant));
            EXPECT_EQ(early.status, 503u) << early.body;
            (void)co_await sign(worker);
            co_await worker.until_ready();
            (void)co_await worker.create(grant);
        });
}

TEST(first_sign, is_the_reason_why_the_worker_is_not_ready_which_the_autoscaler_does_not_hear) {
    with_awaiting([](test_worker& worker) -> asio::awaitable<void> {
        const auto reasons = co_await health(worker, 503);
        EXPECT_NE(reasons.find(no_sign), std::string::npos) << reasons;
        EXPECT_NE(reasons.find("waiting for the consumer"), std::string::npos) << reasons;
        const auto status = co_await control_get(worker, "/status");
        EXPECT_EQ(body_of(status)["consumer"]["heartbeat"], "awaited") << status.body;
        const auto metrics = co_await control_get(worker, "/metrics");
        EXPECT_NE(metrics.body.find("\nnullworker_consumer_awaited 1\n"), std::string::npos) << metrics.body;
        const auto report = co_await worker.report([](const json&) { return true; });
        EXPECT_EQ(report["error_msg"], "");
        EXPECT_EQ(report["max_perf"], 0.0);
        (void)co_await control_post(worker, "/heartbeat");
        (void)co_await health(worker, 200);
        const auto later = co_await control_get(worker, "/metrics");
        EXPECT_NE(later.body.find("\nnullworker_consumer_awaited 0\n"), std::string::npos) << later.body;
    });
}

TEST(first_sign, that_does_not_come_is_reported_once_the_patience_is_over_and_taken_back_when_it_comes) {
    with_awaiting(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto report = co_await worker.report(is_errored);
            EXPECT_EQ(report["error_msg"], no_sign);
            EXPECT_EQ(report["max_perf"], 0.0);
            const auto before = worker.reports();
            (void)co_await control_post(worker, "/heartbeat");
            const auto well = co_await worker.report(is_ready, before);
            EXPECT_EQ(well["error_msg"], "");
        },
        [](app::settings& config) { config.consumer_patience = seconds(0.05); });
}

TEST(first_sign, is_said_in_the_log) {
    log::set_level(log::level::info);
    testing::internal::CaptureStderr();
    with_awaiting([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await health(worker, 503);
        (void)co_await control_post(worker, "/heartbeat");
        (void)co_await control_post(worker, "/heartbeat");
        co_await worker.until_ready();
    });
    log::flush();
    log::set_level(log::level::off);
    const auto written = testing::internal::GetCapturedStderr();
    const auto awaited = written.find("event=consumer_awaited");
    EXPECT_NE(awaited, std::string::npos) << written;
    const auto alive = written.find("event=consumer_alive waited=");
    EXPECT_NE(alive, std::string::npos) << written;
    EXPECT_EQ(written.find("event=consumer_alive", alive + 1), std::string::npos) << written;
}

// Stands for a process that was stopped, and goes on.
void stand_still(std::chrono::milliseconds span) {
    for (const auto end = std::chrono::steady_clock::now() + span; std::chrono::steady_clock::now() < end;) {
    }
}

TEST(heartbeat, of_a_consumer_that_was_frozen_together_with_the_worker_has_its_time_anew) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            (void)co_await control_post(worker, "/heartbeat");
            stand_still(900ms);
            const auto alive = co_await control_post(worker, "/heartbeat");
            EXPECT_EQ(json::parse(alive.body)["session_id"], id);
            const auto status = co_await control_get(worker, "/status");
            EXPECT_EQ(json::parse(status.body)["consumer"]["heartbeat"], "alive");
        },
        expecting(0.4, 0.1, dead_consumer_policy::release));
}

TEST(probe, that_was_frozen_together_with_its_consumer_counts_for_nothing) {
    asio::io_context loop;
    scripted_peer consumer(loop.get_executor());
    consumer.reply_once("/health", net::text_reply(200, "ok"));
    consumer.hold_once("/health", net::text_reply(200, "ok"));
    consumer.reply_always("/health", net::text_reply(200, "ok"));
    test_worker worker(loop, [&](app::settings& config) {
        config.health_target = consumer.at("/health");
        config.health_interval = seconds(0.01);
        config.health_timeout = seconds(0.1);
        config.verdict.unhealthy_after = 1;
    });
    worker.start();
    const auto told = [](test_worker& subject, scripted_peer& beside) -> asio::awaitable<void> {
        co_await subject.until_ready();
        (void)co_await beside.received("/health", 2);
        stand_still(800ms);
        (void)co_await beside.received("/health", 4);
        const auto status = co_await control_get(subject, "/status");
        EXPECT_EQ(json::parse(status.body)["consumer"]["probe"], "healthy");
        for (std::size_t i = 0; i < subject.reports(); ++i)
            EXPECT_EQ(json::parse(subject.autoscaler().requests("/worker_status/").at(i).body)["error_msg"],
                      "");
        beside.let_go();
        co_await subject.stop();
        co_await beside.stop();
    };
    drive(loop, told(worker, consumer));
}

TEST(heartbeat, of_a_dead_consumer_stays_a_flag_where_that_is_wanted) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            std::string metrics;
            while (metrics.find("nullworker_consumer_dead 1\n") == std::string::npos) {
                const auto answer = co_await control_get(worker, "/metrics");
                metrics = answer.body;
            }
            (void)co_await health(worker, 503);
            const auto before = worker.reports();
            (void)co_await control_post(worker, "/release");
            const auto report = co_await worker.report(is_free, before);
            EXPECT_EQ(report["error_msg"], "");
        },
        expecting(0.02, 0.02, dead_consumer_policy::flag));
}

TEST(heartbeat, of_a_dead_consumer_frees_each_session_that_comes) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            for (std::int64_t request = 11; request <= 12; ++request) {
                (void)co_await worker.create(worker.grant(request));
                const auto entry = co_await worker.completion(static_cast<std::size_t>(request - 10));
                EXPECT_EQ(entry["request_idx"], request);
            }
        },
        expecting(0.02, 0.02, dead_consumer_policy::release));
}

TEST(heartbeat, that_is_missing_is_flagged_even_without_a_grace_period) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            (void)co_await health(worker, 503);
        },
        expecting(0.02, 0, dead_consumer_policy::flag));
}

TEST(heartbeat, is_shown_by_a_call_that_comes_too_late) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            (void)co_await health(worker, 503);
            const auto late =
                co_await control_post(worker, "/renew", R"({"lifetime": 60, "session_id": "another"})");
            EXPECT_EQ(late.status, 409u);
            (void)co_await health(worker, 200);
        },
        expecting(0.5, 3600, dead_consumer_policy::error));
}

TEST(heartbeat, is_shown_by_a_renewal_and_a_release_too) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            (void)co_await health(worker, 503);
            (void)co_await control_post(worker, "/renew", R"({"lifetime": 60})");
            (void)co_await health(worker, 200);
            (void)co_await health(worker, 503);
            (void)co_await control_post(worker, "/release");
            (void)co_await health(worker, 200);
        },
        expecting(0.5, 3600, dead_consumer_policy::error));
}

// ---- probes
// -------------------------------------------------------------------------------------------------

std::function<void(app::settings&)> probing(const std::string& target) {
    return [target](app::settings& config) {
        config.health_target = consumer::parse_probe_target(target).value();
        config.health_interval = seconds(0.01);
        config.verdict = {.unhealthy_after = 2, .healthy_after = 2};
    };
}

TEST(probe, a_port_that_takes_connections_is_a_healthy_consumer) {
    asio::io_context loop;
    std::optional<raw_listener> consumer(loop.get_executor());
    const auto port = consumer->port();
    test_worker worker(loop, probing("tcp://127.0.0.1:" + std::to_string(port)));
    worker.start();
    const auto story = [](test_worker& subject, std::optional<raw_listener>& open) -> asio::awaitable<void> {
        co_await subject.until_ready();
        (void)co_await health(subject, 200);
        open->close();
        const auto report = co_await subject.report(is_errored);
        const auto reason = report["error_msg"].get<std::string>();
        EXPECT_NE(reason.find("tcp://127.0.0.1:"), std::string::npos) << reason;
        EXPECT_NE(reason.find("Connection refused"), std::string::npos) << reason;
        co_await subject.stop();
    };
    drive(loop, story(worker, consumer));
}

TEST(probe, a_command_that_succeeds_is_a_healthy_consumer_and_recovery_clears_the_error) {
    const temporary_directory directory;
    const auto file = directory.file("well");
    std::ofstream(file) << "well";
    with_worker(
        [&file](test_worker& worker) -> asio::awaitable<void> {
            std::filesystem::remove(file);
            const auto report = co_await worker.report(is_errored);
            const auto reason = report["error_msg"].get<std::string>();
            EXPECT_NE(reason.find("exited with status 1: no file"), std::string::npos) << reason;
            const auto before = worker.reports();
            std::ofstream(file) << "well again";
            (void)co_await worker.report(is_well, before);
            (void)co_await health(worker, 200);
            const auto status = co_await control_get(worker, "/status");
            EXPECT_EQ(json::parse(status.body)["consumer"]["probe"], "healthy");
        },
        probing("exec:test -f " + file + " || { echo no file; exit 1; }"));
}

TEST(probe, a_command_that_hangs_is_a_failure_after_the_timeout) {
    const temporary_directory directory;
    const auto file = directory.file("hang");
    with_worker(
        [&file](test_worker& worker) -> asio::awaitable<void> {
            std::ofstream(file) << "hang";
            const auto report = co_await worker.report(is_errored);
            const auto reason = report["error_msg"].get<std::string>();
            EXPECT_NE(reason.find("failed: "), std::string::npos) << reason;
        },
        [&file](app::settings& config) {
            probing("exec:test ! -f " + file + " || sleep 1000")(config);
            config.health_timeout = seconds(0.1);
        });
}

TEST(probe, a_command_gets_no_master_token_and_is_named_in_no_error) {
    const temporary_directory directory;
    const auto file = directory.file("gone");
    ::setenv("MASTER_TOKEN", "a-token-for-the-worker-alone", 1);
    with_worker(
        [&file](test_worker& worker) -> asio::awaitable<void> {
            std::ofstream(file) << "gone";
            const auto report = co_await worker.report(is_errored);
            const auto reason = report["error_msg"].get<std::string>();
            EXPECT_EQ(reason.find("SECRET123"), std::string::npos) << reason;
            EXPECT_NE(reason.find("exited with status 1: token: none"), std::string::npos) << reason;
            const auto status = co_await control_get(worker, "/status");
            EXPECT_EQ(status.body.find("SECRET123"), std::string::npos) << status.body;
        },
        probing("exec:test ! -f " + file +
                " || { : SECRET123; echo token: ${MASTER_TOKEN:-none}; exit 1; }"));
    ::unsetenv("MASTER_TOKEN");
}

TEST(probe, that_never_succeeded_keeps_the_worker_from_being_ready) {
    asio::io_context loop;
    test_worker worker(loop, probing("exec:echo not yet; false"));
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        json consumer;
        do {
            const auto status = co_await control_get(subject, "/status");
            consumer = json::parse(status.body)["consumer"];
        } while (consumer["probe_failure"] == "");
        EXPECT_EQ(consumer["probe"], "unknown");
        EXPECT_NE(consumer["probe_failure"].get<std::string>().find("not yet"), std::string::npos);
        const auto reasons = co_await health(subject, 503);
        EXPECT_NE(reasons.find("waiting for the consumer"), std::string::npos);
        EXPECT_NE(reasons.find("not yet"), std::string::npos) << reasons;
        const auto metrics = co_await control_get(subject, "/metrics");
        const std::string gauge = "\nnullworker_consumer_probe_failing 1\n";
        EXPECT_NE(metrics.body.find(gauge), std::string::npos) << metrics.body;
        const auto said = co_await subject.report([](const json&) { return true; });
        EXPECT_EQ(said["error_msg"], "");
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

TEST(probe, that_does_not_succeed_is_one_line_in_the_log) {
    log::set_level(log::level::warning);
    testing::internal::CaptureStderr();
    asio::io_context loop;
    test_worker worker(loop, probing("exec:echo not yet; false"));
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        const std::string counter = "\nnullworker_consumer_probe_failures_total ";
        double failures = 0;
        while (failures < 3) {
            const auto answer = co_await control_get(subject, "/metrics");
            failures = std::stod(answer.body.substr(answer.body.find(counter) + counter.size()));
        }
        co_await subject.stop();
    };
    drive(loop, story(worker));
    log::flush();
    log::set_level(log::level::off);
    const auto written = testing::internal::GetCapturedStderr();
    const auto first = written.find(
        "event=consumer_not_ready reason=\"health probe of exec:… exited with status 1: not yet\"");
    EXPECT_NE(first, std::string::npos) << written;
    EXPECT_EQ(written.find("event=consumer_not_ready", first + 1), std::string::npos) << written;
}

TEST(probe, that_never_succeeded_is_reported_once_the_patience_is_over) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) {
        probing("exec:echo not yet; false")(config);
        config.consumer_patience = seconds(0.05);
    });
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        const auto report = co_await subject.report(is_errored);
        EXPECT_EQ(report["error_msg"], "health probe of exec:… exited with status 1: not yet");
        EXPECT_EQ(report["max_perf"], 0.0);
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

TEST(probe, a_first_success_takes_the_reason_back) {
    const temporary_directory directory;
    const auto file = directory.file("well");
    asio::io_context loop;
    test_worker worker(loop, probing("exec:test -f " + file));
    worker.start();
    const auto story = [&file](test_worker& subject) -> asio::awaitable<void> {
        std::string reasons;
        do
            reasons = co_await health(subject, 503);
        while (reasons.find("exited with status 1") == std::string::npos);
        std::ofstream(file) << "well";
        co_await subject.until_ready();
        (void)co_await health(subject, 200);
        const auto metrics = co_await control_get(subject, "/metrics");
        EXPECT_NE(metrics.body.find("\nnullworker_consumer_probe_failing 0\n"), std::string::npos)
            << metrics.body;
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

}  // namespace
}  // namespace nullworker::test
