#include "support/drive.hpp"
#include "support/test_certificate.hpp"
#include "support/test_worker.hpp"

#include <nullworker/app/process.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

// The life of a daemon: becoming ready, being ill, draining, and failing to start.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using listener = test_worker::listener;

// Runs one worker and, where the story has one, a consumer beside it.
using story_with_consumer = std::function<asio::awaitable<void>(test_worker&, scripted_peer&)>;

void with_consumer(const story_with_consumer& told, const std::function<void(app::settings&)>& adjust,
                   const std::function<void(scripted_peer&)>& prepare) {
    asio::io_context loop;
    scripted_peer consumer(loop.get_executor());
    prepare(consumer);
    test_worker worker(loop, [&](app::settings& config) {
        config.health_target = consumer.at("/health");
        config.health_interval = seconds(0.01);
        adjust(config);
    });
    worker.start();
    const auto whole = [](test_worker& subject, scripted_peer& beside,
                          const story_with_consumer& inner) -> asio::awaitable<void> {
        co_await inner(subject, beside);
        co_await subject.stop();
        co_await beside.stop();
    };
    drive(loop, whole(worker, consumer, told));
}

void run(test_worker& worker, asio::io_context& loop, asio::awaitable<void> told) {
    const auto whole = [](test_worker& subject, asio::awaitable<void> inner) -> asio::awaitable<void> {
        co_await std::move(inner);
        co_await subject.stop();
    };
    drive(loop, whole(worker, std::move(told)));
}

TEST(readiness, the_worker_is_ready_only_once_the_consumer_is_well) {
    with_consumer(
        [](test_worker& worker, scripted_peer& consumer) -> asio::awaitable<void> {
            (void)co_await consumer.received("/health", 3);
            const auto starting = co_await worker.report([](const json&) { return true; });
            EXPECT_EQ(starting["max_perf"], 0.0);
            EXPECT_EQ(starting["error_msg"], "");
            consumer.reply_always("/health", net::text_reply(200, "ok"));
            const auto report = co_await worker.report(is_ready);
            EXPECT_GT(report["loadtime"].get<double>(), 0.0);
        },
        [](app::settings&) {},
        [](scripted_peer& consumer) { consumer.reply_always("/health", net::text_reply(503, "starting")); });
}

TEST(health, a_consumer_that_falls_ill_is_reported_and_the_error_clears_when_it_recovers) {
    with_consumer(
        [](test_worker& worker, scripted_peer& consumer) -> asio::awaitable<void> {
            co_await worker.until_ready();
            consumer.reply_always("/health", net::text_reply(500, "ill"));
            const auto ill = co_await worker.report(is_errored);
            EXPECT_NE(ill["error_msg"].get<std::string>().find("failed: HTTP status 500"), std::string::npos);
            const auto health = co_await worker.send(listener::control, net::verb::get, "/health");
            EXPECT_EQ(health.status, 503u);
            EXPECT_NE(health.body.find("failed: HTTP status 500"), std::string::npos);
            const auto before = worker.reports();
            consumer.reply_always("/health", net::text_reply(200, "ok"));
            (void)co_await worker.report(is_well, before);
            const auto well = co_await worker.send(listener::control, net::verb::get, "/health");
            EXPECT_EQ(well.status, 200u);
        },
        [](app::settings& config) { config.verdict.unhealthy_after = 2; },
        [](scripted_peer& consumer) { consumer.reply_always("/health", net::text_reply(200, "ok")); });
}

TEST(health, a_single_failure_is_forgiven) {
    with_consumer(
        [](test_worker& worker, scripted_peer& consumer) -> asio::awaitable<void> {
            co_await worker.until_ready();
            consumer.reply_once("/health", net::text_reply(500, "hiccup"));
            const auto so_far = consumer.requests("/health").size();
            (void)co_await consumer.received("/health", so_far + 3);
            const auto health = co_await worker.send(listener::control, net::verb::get, "/health");
            EXPECT_EQ(health.status, 200u);
        },
        [](app::settings&) {},
        [](scripted_peer& consumer) { consumer.reply_always("/health", net::text_reply(200, "ok")); });
}

TEST(drain, the_live_session_is_ended_and_its_completion_delivered) {
    asio::io_context loop;
    test_worker worker(loop);
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        (void)co_await subject.create(subject.grant(11));
        const auto before = subject.reports();
        subject.daemon().stop();
        const auto entry = co_await subject.completion(1);
        EXPECT_EQ(entry["request_idx"], 11);
        EXPECT_EQ(entry["status"], "Success");
        const auto last = co_await subject.report(is_free, before);
        EXPECT_EQ(last["cur_perf"], 100.0);
    };
    run(worker, loop, told(worker));
}

TEST(drain, creates_are_refused_and_the_rest_answered_until_the_session_ends) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) { config.drain_timeout = seconds(3600); });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const json grant = subject.grant(11);
        const auto id = co_await subject.create(grant);
        (void)co_await control_post(subject, "/protect", R"({"seconds": 3600})");
        subject.daemon().stop();
        const json other = subject.create_body(subject.grant(12));
        const auto refused = co_await subject.post("/session/create", other);
        EXPECT_EQ(refused.status, 503u);
        json reference;
        reference["session_id"] = id;
        reference["session_auth"] = grant;
        const auto open = co_await subject.post("/session/health", reference);
        EXPECT_EQ(open.body, R"({"ok":true})");
        const auto ended = co_await subject.post("/session/end", reference);
        EXPECT_EQ(ended.status, 200u);
        (void)co_await subject.completion(1);
    };
    run(worker, loop, told(worker));
}

TEST(drain, an_unreachable_autoscaler_does_not_keep_the_worker_from_stopping) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) { config.flush_timeout = seconds(0.05); });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        (void)co_await subject.create(subject.grant(11));
        subject.autoscaler().reply_always("/worker_status/", net::text_reply(500, "out"));
        subject.autoscaler().reply_always("/delete_requests/", net::text_reply(500, "out"));
    };
    run(worker, loop, told(worker));
}

TEST(reports, what_a_failed_report_held_is_in_the_next_one) {
    asio::io_context loop;
    test_worker worker(loop);
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const auto before = subject.reports();
        subject.autoscaler().reply_once("/worker_status/", net::text_reply(500, "no"));
        (void)co_await subject.create(subject.grant(11));
        const auto failed =
            co_await subject.report([](const json& each) { return each["new_load"] == 100.0; }, before);
        EXPECT_EQ(failed["cur_load"], 100.0);
        const auto first = subject.reports();
        const auto retried = co_await subject.report([](const json&) { return true; }, first);
        EXPECT_EQ(retried["new_load"], 100.0);
    };
    run(worker, loop, told(worker));
}

TEST(reports, a_silent_worker_reports_at_every_interval) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) { config.report_interval = seconds(0.02); });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        (void)co_await subject.autoscaler().received("/worker_status/", subject.reports() + 2);
    };
    run(worker, loop, told(worker));
}

// From the first report to the completion, with all that the autoscaler is asked and told between them.
asio::awaitable<void> told_of_a_session(test_worker& subject) {
    co_await subject.until_ready();
    (void)co_await subject.create(subject.grant(11));
    (void)co_await subject.send(listener::control, net::verb::post, "/release");
    (void)co_await subject.completion(1);
}

TEST(reports, the_second_address_is_used_when_the_first_is_down) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) {
        config.report_addresses.insert(config.report_addresses.begin(),
                                       parse_url("http://127.0.0.1:1").value());
    });
    worker.start();
    run(worker, loop, told_of_a_session(worker));
}

TEST(reports, go_where_the_autoscaler_has_moved_and_so_do_completions_and_the_key) {
    asio::io_context loop;
    test_worker worker(
        loop, [](app::settings& config) { config.report_addresses.front().target = "/moved"; },
        [](scripted_peer& autoscaler) {
            for (const char* path : {"/pubkey/", "/worker_status/", "/delete_requests/"}) {
                auto elsewhere = net::empty_reply(308);
                elsewhere.headers.emplace_back("Location", path);
                autoscaler.reply_always(std::string("/moved") + path, elsewhere);
            }
        });
    worker.start();
    run(worker, loop, told_of_a_session(worker));
}

TEST(key, a_key_that_is_not_there_yet_is_asked_for_again) {
    asio::io_context loop;
    test_worker worker(loop, {}, [](scripted_peer& autoscaler) {
        autoscaler.reply_once("/pubkey/", net::text_reply(200, "no key at all"));
    });
    worker.start();
    const auto told = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        EXPECT_EQ(subject.autoscaler().requests("/pubkey/").size(), 2u);
    };
    run(worker, loop, told(worker));
}

TEST(tls, the_public_listener_serves_the_pair_it_is_given) {
    asio::io_context loop;
    const test_certificate pair;
    test_worker worker(loop, [&](app::settings& config) {
        config.use_ssl = true;
        config.tls_certificate = pair.certificate_file();
        config.tls_key = pair.key_file();
    });
    worker.start();
    const auto told = [](asio::io_context& context, test_worker& subject,
                         std::string root) -> asio::awaitable<void> {
        co_await subject.until_ready();
        EXPECT_EQ(subject.url(), "https://127.0.0.1:" + std::to_string(subject.daemon().public_port()));
        net::http_client client(context.get_executor(), std::make_shared<net::tls_trust>(root));
        net::call request{.method = net::verb::post,
                          .target = parse_url(subject.url() + "/session/create").value()};
        request.body = subject.create_body(subject.grant(11)).dump();
        const auto answer = co_await client.send(std::move(request));
        EXPECT_EQ(answer.value().status, 201u) << answer.value().body;
    };
    run(worker, loop, told(loop, worker, pair.pem()));
}

std::string startup_error_of(const std::function<void(app::settings&)>& adjust) {
    asio::io_context loop;
    auto config = loopback_settings("http://127.0.0.1:1");
    adjust(config);
    try {
        app::daemon worker(loop, config, now());
    } catch (const startup_error& e) {
        return e.what();
    }
    return "it started";
}

TEST(startup, a_port_in_use_is_named_with_its_variable) {
    asio::io_context loop;
    const asio::ip::tcp::acceptor taken(loop, {asio::ip::address_v4::loopback(), 0});
    const auto port = taken.local_endpoint().port();
    const auto error = startup_error_of([&](app::settings& config) { config.control_port = port; });
    EXPECT_NE(error.find(std::to_string(port)), std::string::npos) << error;
    EXPECT_NE(error.find("NULL_CONTROL_PORT"), std::string::npos) << error;
}

TEST(startup, an_error_is_told_to_the_autoscaler) {
    asio::io_context loop;
    scripted_peer autoscaler(loop.get_executor());
    autoscaler.reply_always("/worker_status/", net::json_reply(200, "{}"));
    auto config = loopback_settings(autoscaler.origin());
    config.public_port = 40001;
    config.control_port = 0;
    const auto told = [](scripted_peer& peer, const app::settings& settings) -> asio::awaitable<void> {
        co_await app::startup_error_report(settings, "port 3000 is in use");
        const auto request = co_await peer.received("/worker_status/");
        const auto report = json::parse(request.body);
        EXPECT_EQ(report["error_msg"], "port 3000 is in use");
        EXPECT_EQ(report["id"], 4242);
        EXPECT_EQ(report["max_perf"], 0.0);
        co_await peer.stop();
    };
    drive(loop, told(autoscaler, config));
}

TEST(startup, an_error_is_told_no_more_once_a_worker_of_this_container_answers) {
    asio::io_context loop;
    scripted_peer autoscaler(loop.get_executor());
    autoscaler.reply_always("/worker_status/", net::json_reply(200, "{}"));
    scripted_peer control(loop.get_executor());
    control.reply_once("/status", net::json_reply(200, R"({"version":"1","container_id":7})"));
    control.reply_always("/status", net::json_reply(200, R"({"version":"1","container_id":4242})"));
    auto config = loopback_settings(autoscaler.origin());
    config.control_port = control.port();
    const auto told = [](scripted_peer& vast, scripted_peer& worker,
                         const app::settings& settings) -> asio::awaitable<void> {
        co_await app::startup_error_report(settings, "port 3000 is in use");
        EXPECT_EQ(vast.requests("/worker_status/").size(), 1u);
        co_await app::startup_error_report(settings, "port 3000 is in use");
        EXPECT_EQ(vast.requests("/worker_status/").size(), 1u);
        co_await worker.stop();
        co_await vast.stop();
    };
    drive(loop, told(autoscaler, control, config));
}

}  // namespace
}  // namespace nullworker::test
