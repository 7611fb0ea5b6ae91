#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

// What the consumer beside a running daemon asks of its control listener.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using listener = test_worker::listener;

std::string claim(const std::string& id) {
    return json{{"session_id", id}}.dump();
}
std::string renewal(double lifetime) {
    return json{{"lifetime", lifetime}}.dump();
}
std::string renewal(double lifetime, const std::string& id) {
    return json{{"lifetime", lifetime}, {"session_id", id}}.dump();
}
json refused(const std::string& action, json holder) {
    return {{action, false}, {"reason", "not the holder"}, {"session_id", std::move(holder)}};
}
double now_epoch() {
    return epoch_seconds(std::chrono::system_clock::now());
}
void strict(app::settings& config) {
    config.strict_release = true;
}

// Returns once somebody waits for the session to change.
asio::awaitable<void> waiter(test_worker& worker) {
    std::string metrics;
    while (metrics.find("nullworker_waiters 1\n") == std::string::npos) {
        const auto answer = co_await control_get(worker, "/metrics");
        metrics = answer.body;
    }
}

// ---- /release ---------------------------------------------------------------------------------------------

TEST(release, of_a_named_session_frees_the_slot_it_holds) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto id = co_await worker.create(worker.grant(11));
        const auto before = worker.reports();
        const auto answer = co_await control_post(worker, "/release", claim(id));
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(body_of(answer)["session_ids"][0], id);
        (void)co_await worker.report(is_free, before);
    });
}

TEST(release, that_comes_late_never_frees_the_next_holder) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto first = co_await worker.create(worker.grant(11));
        (void)co_await control_post(worker, "/release", claim(first));
        const auto none = co_await control_post(worker, "/release", claim(first));
        EXPECT_EQ(none.status, 409u);
        EXPECT_EQ(body_of(none), refused("released", nullptr));
        const auto second = co_await worker.create(worker.grant(12));
        const auto late = co_await control_post(worker, "/release", claim(first));
        EXPECT_EQ(late.status, 409u);
        EXPECT_EQ(body_of(late), refused("released", second));
        const auto held = co_await control_get(worker, "/session");
        EXPECT_EQ(body_of(held)["session_id"], second);
    });
}

TEST(release, that_is_not_understood_frees_nothing) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto id = co_await worker.create(worker.grant(11));
        for (const std::string body :
             {"anything", "[]", R"({"session_id": })", R"({"session_id": 7})", R"({"session_id": ""})",
              R"({"session_id": "a", "session_id": "b"})", R"({"outcome": "lost"})", R"({"outcome": 7})"}) {
            const auto answer = co_await control_post(worker, "/release", body);
            EXPECT_EQ(answer.status, 422u) << body;
            EXPECT_TRUE(body_of(answer).contains("error")) << body;
        }
        const auto held = co_await control_get(worker, "/session");
        EXPECT_EQ(body_of(held)["session_id"], id);
    });
}

// The answers of a worker to the client of a session that it does not hold any more.
asio::awaitable<std::vector<std::string>> told_of(test_worker& worker, json session) {
    std::vector<std::string> out;
    for (const std::string path : {"/session/status", "/session/end", "/session/retire"}) {
        const auto answer = co_await worker.post(path, session);
        EXPECT_EQ(answer.status, 400u) << path;
        out.push_back(answer.body);
    }
    co_return out;
}

std::vector<std::string> thrice(const std::string& body) {
    return {body, body, body};
}

TEST(release, may_say_what_the_consumer_found_which_the_client_hears_when_it_asks) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        for (const std::string outcome : {"idle", "done"}) {
            const json grant = worker.grant(11);
            const auto id = co_await worker.create(grant);
            const json release = {{"session_id", id}, {"outcome", outcome}};
            const auto answer = co_await control_post(worker, "/release", release.dump());
            EXPECT_EQ(answer.status, 200u) << answer.body;
            const auto not_found = R"({"error":"session with id )" + id + " not found\"";
            const auto heard = co_await told_of(worker, reference(id, grant));
            EXPECT_EQ(heard, thrice(not_found + R"(,"outcome":")" + outcome + "\"}"));
            const auto strange = co_await told_of(worker, reference(id, worker.grant(12)));
            EXPECT_EQ(strange, thrice(not_found + "}"));
        }
    });
}

TEST(release, that_says_nothing_leaves_the_answers_as_they_are) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        for (const std::string body : {"", "{}", R"({"outcome": null})"}) {
            const json grant = worker.grant(11);
            const auto id = co_await worker.create(grant);
            (void)co_await control_post(worker, "/release", body);
            const auto heard = co_await told_of(worker, reference(id, grant));
            EXPECT_EQ(heard, thrice(R"({"error":"session with id )" + id + " not found\"}"));
        }
    });
}

TEST(release, in_strict_mode_must_name_the_session) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            for (const std::string body : {"", "{}", R"({"session_id": null})"}) {
                const auto answer = co_await control_post(worker, "/release", body);
                EXPECT_EQ(answer.status, 422u) << body;
                EXPECT_NE(answer.body.find("session_id: missing"), std::string::npos) << answer.body;
            }
            const auto answer = co_await control_post(worker, "/release", claim(id));
            EXPECT_EQ(answer.status, 200u);
        },
        strict);
}

// ---- /renew -----------------------------------------------------------------------------------------------

TEST(renew, sets_the_expiration_to_now_and_the_lifetime_and_says_so) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto id = co_await worker.create(worker.grant(11));
        for (int i = 0; i < 3; ++i) {  // never additive
            const double asked = now_epoch();
            const auto answer = co_await control_post(worker, "/renew", renewal(600, id));
            EXPECT_EQ(answer.status, 200u) << answer.body;
            const auto told = body_of(answer);
            EXPECT_EQ(told["session_id"], id);
            EXPECT_NEAR(told["remaining"].get<double>(), 600, 0.001);
            EXPECT_NEAR(told["expiration"].get<double>(), asked + 600, 5);
        }
        const auto cut = co_await control_post(worker, "/renew", renewal(1e12));
        EXPECT_NEAR(body_of(cut)["remaining"].get<double>(), 86400, 0.001);
    });
}

TEST(renew, never_shortens_the_session) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await worker.create(worker.grant(11));
        const auto answer = co_await control_post(worker, "/renew", renewal(0.05));
        EXPECT_GT(body_of(answer)["remaining"].get<double>(), 50);
    });
}

TEST(renew, of_nobody_or_of_another_holder_is_refused) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto none = co_await control_post(worker, "/renew", renewal(60));
        EXPECT_EQ(none.status, 409u);
        EXPECT_EQ(body_of(none), refused("renewed", nullptr));
        const auto id = co_await worker.create(worker.grant(11));
        const auto other = co_await control_post(worker, "/renew", renewal(600, "another"));
        EXPECT_EQ(other.status, 409u);
        EXPECT_EQ(body_of(other), refused("renewed", id));
        for (const std::string body : {"", "{}", "nonsense", R"({"lifetime": 0})", R"({"lifetime": "60"})"}) {
            const auto answer = co_await control_post(worker, "/renew", body);
            EXPECT_EQ(answer.status, 422u) << body;
        }
        const auto held = co_await control_get(worker, "/session");
        EXPECT_LE(body_of(held)["remaining"].get<double>(), 60.0);
    });
}

// ---- /session ---------------------------------------------------------------------------------------------

TEST(slot, what_holds_it_is_told_or_null) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto empty = co_await control_get(worker, "/session");
        EXPECT_EQ(empty.status, 200u);
        EXPECT_EQ(empty.body, "null");
        const auto id = co_await worker.create(worker.grant(11));
        const auto held = co_await control_get(worker, "/session");
        const auto told = body_of(held);
        EXPECT_EQ(told["session_id"], id);
        EXPECT_EQ(told["request_idx"], 11);
        EXPECT_EQ(told["cost"], 100.0);
        EXPECT_EQ(told["generation"], 1);
        EXPECT_NEAR(told["created_at"].get<double>(), now_epoch(), 5);
        EXPECT_NEAR(told["expiration"].get<double>(), now_epoch() + 60, 5);
        EXPECT_LE(told["remaining"].get<double>(), 60.0);
        EXPECT_GT(told["remaining"].get<double>(), 40.0);
    });
}

TEST(slot, one_who_waits_hears_of_a_session_at_once) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        std::optional<net::reply> answer;
        co_await both(
            [](test_worker& subject, std::optional<net::reply>& out) -> asio::awaitable<void> {
                out = co_await control_get(subject, "/session?wait=3600");
            }(worker, answer),
            [](test_worker& subject) -> asio::awaitable<void> {
                co_await waiter(subject);
                (void)co_await subject.create(subject.grant(11));
            }(worker));
        EXPECT_EQ(body_of(*answer)["request_idx"], 11);
    });
}

TEST(slot, one_who_waits_hears_of_the_sessions_end_at_once) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await worker.create(worker.grant(11));
        std::optional<net::reply> answer;
        co_await both(
            [](test_worker& subject, std::optional<net::reply>& out) -> asio::awaitable<void> {
                out = co_await control_get(subject, "/session?wait=3600&since=1");
            }(worker, answer),
            [](test_worker& subject) -> asio::awaitable<void> {
                co_await waiter(subject);
                (void)co_await control_post(subject, "/release");
            }(worker));
        EXPECT_EQ(answer->body, "null");
    });
}

TEST(slot, one_who_missed_a_change_is_answered_at_once) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto gone = co_await control_get(worker, "/session?wait=3600&since=5");
        EXPECT_EQ(gone.body, "null");
        (void)co_await worker.create(worker.grant(11));
        (void)co_await control_post(worker, "/release");
        (void)co_await worker.create(worker.grant(12));
        const auto next = co_await control_get(worker, "/session?wait=3600&since=1");
        EXPECT_EQ(body_of(next)["generation"], 2);
    });
}

TEST(slot, one_who_waits_in_vain_is_told_the_state_when_the_time_is_up) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto empty = co_await control_get(worker, "/session?wait=0.02");
        EXPECT_EQ(empty.body, "null");
        (void)co_await worker.create(worker.grant(11));
        const auto held = co_await control_get(worker, "/session?wait=0.02&since=1");
        EXPECT_EQ(body_of(held)["generation"], 1);
    });
}

TEST(slot, a_query_that_is_not_understood_is_refused) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        for (const std::string query : {"wait=x", "wait=-1", "wait=1e9", "since=x", "timeout=1"}) {
            const auto answer = co_await control_get(worker, "/session?" + query);
            EXPECT_EQ(answer.status, 422u) << query;
        }
    });
}

TEST(slot, a_stopping_worker_keeps_nobody_waiting) {
    asio::io_context loop;
    test_worker worker(loop);
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        std::optional<net::reply> answer;
        co_await both(
            [](test_worker& asked, std::optional<net::reply>& out) -> asio::awaitable<void> {
                out = co_await control_get(asked, "/session?wait=3600");
            }(subject, answer),
            [](test_worker& stopped) -> asio::awaitable<void> {
                co_await waiter(stopped);
                co_await stopped.stop();
            }(subject));
        EXPECT_EQ(answer->body, "null");
    };
    drive(loop, story(worker));
}

// ---- /status, /health, the Unix socket
// ----------------------------------------------------------------------

TEST(status, tells_everything_an_operator_asks) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto id = co_await worker.create(worker.grant(11));
        (void)co_await worker.report(is_busy);
        // The report is acknowledged once its answer has come back.
        json told;
        do {
            const auto answer = co_await control_get(worker, "/status");
            EXPECT_EQ(answer.status, 200u);
            told = body_of(answer);
        } while (told["last_report"].is_null() || told["last_report"]["cur_load"] != 100.0);
        EXPECT_EQ(told["version"], NULLWORKER_VERSION);
        EXPECT_EQ(told["url"], worker.url());
        EXPECT_EQ(told["container_id"], 4242);
        EXPECT_NEAR(told["ready_since"].get<double>(), now_epoch(), 20);
        EXPECT_EQ(told["session"]["session_id"], id);
        EXPECT_EQ(told["health"]["state"], "healthy");
        EXPECT_EQ(told["health"]["reasons"], json::array());
        EXPECT_NEAR(told["health"]["since"].get<double>(), now_epoch(), 20);
        EXPECT_EQ(told["last_report"]["address"], worker.autoscaler().origin() + "/");
        EXPECT_EQ(told["last_report"]["max_perf"], 100.0);
        EXPECT_NEAR(told["last_report"]["accepted_at"].get<double>(), now_epoch(), 20);
        EXPECT_EQ(told["undelivered_completions"], 0);
        EXPECT_GE(told["public_key"]["age"].get<double>(), 0.0);
        EXPECT_EQ(told["draining"], false);
    });
}

TEST(control, answers_on_the_ipv6_loopback_address_too) {
    asio::io_context loop;
    error_code none;
    asio::ip::tcp::acceptor has_ipv6(loop);
    has_ipv6.open(asio::ip::tcp::v6(), none);
    if (!none)
        has_ipv6.bind({asio::ip::address_v6::loopback(), 0}, none);
    if (none)
        GTEST_SKIP() << "no IPv6 here: " << none.message();
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto port = std::to_string(worker.daemon().control_port());
        const auto executor = co_await asio::this_coro::executor;
        net::http_client client(executor, std::make_shared<net::tls_trust>());
        net::call request{.target = parse_url("http://[::1]:" + port + "/health").value()};
        const auto answer = co_await client.send(std::move(request));
        EXPECT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer ? answer->status : 0U, 200U);
    });
}

TEST(status, without_a_probe_the_consumers_health_is_unknown) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto answer = co_await control_get(worker, "/status");
        EXPECT_EQ(body_of(answer)["consumer"]["probe"], "unknown");
        const auto metrics = co_await control_get(worker, "/metrics");
        EXPECT_NE(metrics.body.find("nullworker_consumer_healthy -1\n"), std::string::npos);
    });
}

TEST(status, names_what_is_not_well_and_since_when) {
    asio::io_context loop;
    const auto without_key = [](scripted_peer& autoscaler) {
        autoscaler.reply_always("/pubkey/", net::status_reply(500));
    };
    test_worker worker(loop, {}, without_key);
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        const auto answer = co_await control_get(subject, "/status");
        const auto told = body_of(answer);
        EXPECT_EQ(told["health"]["state"], "unhealthy");
        EXPECT_EQ(told["health"]["reasons"][0], "waiting for the autoscaler's public key");
        EXPECT_EQ(told["ready_since"], json());
        EXPECT_EQ(told["public_key"], json());
        const auto health = co_await control_get(subject, "/health");
        EXPECT_EQ(health.status, 503u);
        EXPECT_EQ(body_of(health)["reasons"][0], "waiting for the autoscaler's public key");
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

TEST(control_socket, serves_the_same_as_the_control_port) {
    const temporary_directory directory;
    const auto path = directory.file("control.sock");
    with_worker(
        [&path](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            net::http_client client(co_await asio::this_coro::executor, std::make_shared<net::tls_trust>());
            net::call question{.target = parse_url("http://localhost/session").value(), .local_socket = path};
            const auto answer = co_await client.send(std::move(question));
            EXPECT_TRUE(answer) << answer.error().message();
            EXPECT_EQ(body_of(*answer)["session_id"], id);
            net::call release{.method = net::verb::post,
                              .target = parse_url("http://localhost/release").value(),
                              .local_socket = path};
            const auto released = co_await client.send(std::move(release));
            EXPECT_EQ(released->status, 200u);
        },
        [&path](app::settings& config) { config.control_socket = path; });
}

TEST(control_socket, may_be_called_by_any_name) {
    const temporary_directory directory;
    const auto path = directory.file("control.sock");
    with_worker(
        [&path](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.create(worker.grant(11));
            net::http_client client(co_await asio::this_coro::executor, std::make_shared<net::tls_trust>());
            net::call release{.method = net::verb::post,
                              .target = parse_url("http://unix/release").value(),
                              .local_socket = path};
            const auto released = co_await client.send(std::move(release));
            EXPECT_EQ(released->status, 200u);
        },
        [&path](app::settings& config) { config.control_socket = path; });
}

TEST(control_socket, answers_no_web_page_either) {
    const temporary_directory directory;
    const auto path = directory.file("control.sock");
    with_worker(
        [&path](test_worker& worker) -> asio::awaitable<void> {
            const auto id = co_await worker.create(worker.grant(11));
            net::http_client client(co_await asio::this_coro::executor, std::make_shared<net::tls_trust>());
            net::call release{.method = net::verb::post,
                              .target = parse_url("http://localhost/release").value(),
                              .local_socket = path};
            release.headers.emplace_back("Origin", "http://rebound.example");
            const auto refused = co_await client.send(std::move(release));
            EXPECT_EQ(refused->status, 403u);
            const auto held = co_await control_get(worker, "/session");
            EXPECT_EQ(body_of(held)["session_id"], id);
        },
        [&path](app::settings& config) { config.control_socket = path; });
}

TEST(control, a_close_callback_changes_nothing) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await worker.create(worker.grant(11));
        std::vector<net::header> headers;
        headers.emplace_back(wire::close_callback_header, "another");
        for (const std::string path : {"/release", "/renew", "/protect", "/heartbeat"}) {
            const auto answer =
                co_await worker.send(listener::control, net::verb::post, path, renewal(600), headers);
            EXPECT_EQ(answer.status, 403u) << path;
        }
        const auto held = co_await control_get(worker, "/session");
        EXPECT_LE(body_of(held)["remaining"].get<double>(), 60.0);
        const auto status = co_await control_get(worker, "/status");
        EXPECT_EQ(body_of(status)["consumer"]["last_heartbeat"], json());
    });
}

TEST(control, another_verb_is_refused_on_every_path) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        for (const std::string path : {"/session", "/status", "/health", "/metrics"}) {
            const auto answer = co_await control_post(worker, path);
            EXPECT_EQ(answer.status, 405u) << path;
        }
        for (const std::string path : {"/release", "/renew", "/protect", "/heartbeat"}) {
            const auto answer = co_await control_get(worker, path);
            EXPECT_EQ(answer.status, 405u) << path;
        }
    });
}

}  // namespace
}  // namespace nullworker::test
