#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/test_certificate.hpp"
#include "support/test_worker.hpp"

#include <nullworker/wire/route_grant.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// Whom a running worker believes: keys that change, callers on its own machine, callbacks, certificates.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using listener = test_worker::listener;

json signed_by(const test_key& key, test_worker& worker, std::int64_t request_idx) {
    json grant = worker.grant(request_idx);
    grant["signature"] = key.sign(wire::signed_message(worker.url()));
    return grant;
}

void at_once(app::settings& config) {
    config.key_refresh_interval = 0s;
}

TEST(changed_key, the_first_create_under_the_new_key_succeeds) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key renewed;
            worker.autoscaler().reply_always("/pubkey/", net::text_reply(200, renewed.public_pem()));
            const json grant = signed_by(renewed, worker, 11);
            (void)co_await worker.create(grant);
            EXPECT_EQ(worker.autoscaler().requests("/pubkey/").size(), 2U);
        },
        at_once);
}

TEST(changed_key, the_first_ping_under_the_new_key_succeeds) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key renewed;
            worker.autoscaler().reply_always("/pubkey/", net::text_reply(200, renewed.public_pem()));
            json ping;
            ping["auth_data"] = signed_by(renewed, worker, 11);
            ping["payload"] = json::object();
            const auto answer = co_await worker.post("/ping", ping);
            EXPECT_EQ(answer.status, 200U);
        },
        at_once);
}

TEST(changed_key, a_grant_under_the_old_key_is_refused_from_then_on) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key renewed;
            worker.autoscaler().reply_always("/pubkey/", net::text_reply(200, renewed.public_pem()));
            const json fresh = worker.create_body(signed_by(renewed, worker, 11));
            (void)co_await worker.post("/session/create", fresh);
            (void)co_await worker.send(listener::control, net::verb::post, "/release");
            const json old = worker.create_body(worker.grant(12));
            const auto answer = co_await worker.post("/session/create", old);
            EXPECT_EQ(answer.status, 401U);
        },
        at_once);
}

TEST(changed_key, a_forger_gets_401_and_the_key_stays) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key other;
            const json forged = worker.create_body(signed_by(other, worker, 11));
            const auto answer = co_await worker.post("/session/create", forged);
            EXPECT_EQ(answer.status, 401U);
            EXPECT_EQ(worker.autoscaler().requests("/pubkey/").size(), 2U);
            (void)co_await worker.create(worker.grant(12));
        },
        at_once);
}

TEST(changed_key, forgers_cannot_make_the_worker_ask_more_than_once_in_half_a_minute) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const test_key other;
        const json forged = worker.create_body(signed_by(other, worker, 11));
        for (int i = 0; i < 20; ++i) {
            const auto answer = co_await worker.post("/session/create", forged);
            EXPECT_EQ(answer.status, 401U);
        }
        EXPECT_EQ(worker.autoscaler().requests("/pubkey/").size(), 1U);
    });
}

TEST(changed_key, a_forger_does_not_use_up_the_fetch_that_others_need) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key forgers;
            const json forged = worker.create_body(signed_by(forgers, worker, 11));
            for (int i = 0; i < 3; ++i) {
                const auto answer = co_await worker.post("/session/create", forged);
                EXPECT_EQ(answer.status, 401U);
            }
            const auto asked = worker.autoscaler().requests("/pubkey/").size();
            EXPECT_EQ(asked, 2U) << "once for the first, and once for his signature";
            const test_key renewed;
            worker.autoscaler().reply_always("/pubkey/", net::text_reply(200, renewed.public_pem()));
            (void)co_await worker.create(signed_by(renewed, worker, 12));
        },
        [](app::settings& config) { config.key_refresh_interval = 2s; });
}

TEST(changed_key, a_key_that_cannot_be_had_again_stays_in_use) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            worker.autoscaler().reply_always("/pubkey/", net::text_reply(500, "out"));
            const test_key other;
            const json forged = worker.create_body(signed_by(other, worker, 11));
            const auto answer = co_await worker.post("/session/create", forged);
            EXPECT_EQ(answer.status, 401U);
            (void)co_await worker.create(worker.grant(12));
        },
        at_once);
}

TEST(changed_key, a_create_that_the_open_policy_admitted_is_not_asked_twice) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key renewed;
            worker.autoscaler().reply_always("/pubkey/", net::text_reply(200, renewed.public_pem()));
            const json grant = signed_by(renewed, worker, 11);
            const auto id = co_await worker.create(grant);
            (void)co_await worker.autoscaler().received("/pubkey/", 2);
            const auto held = co_await worker.post("/session/health", reference(id, grant));
            EXPECT_EQ(held.body, R"({"ok":true})");
        },
        [](app::settings& config) {
            at_once(config);
            config.create_auth = auth::create_policy::open;
        });
}

TEST(changed_key, requests_that_come_while_it_is_fetched_again_wait_for_it_too) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const test_key renewed;
            worker.autoscaler().hold_once("/pubkey/", net::text_reply(200, renewed.public_pem()));
            json first;
            first["auth_data"] = signed_by(renewed, worker, 11);
            first["payload"] = json::object();
            json second = first;
            second["auth_data"]["request_idx"] = 12;
            std::vector<unsigned> answers;
            const auto ask = [&](json ping) -> asio::awaitable<void> {
                const auto answer = co_await worker.post("/ping", std::move(ping));
                answers.push_back(answer.status);
            };
            const auto let_go = [&]() -> asio::awaitable<void> {
                (void)co_await worker.autoscaler().received("/pubkey/", 2);
                const auto health = co_await worker.send(listener::control, net::verb::get, "/health");
                EXPECT_TRUE(answers.empty());
                worker.autoscaler().let_go();
            };
            auto pings = both(ask(first), ask(second));
            auto all = both(std::move(pings), let_go());
            co_await std::move(all);
            EXPECT_EQ(answers, (std::vector<unsigned>(2, 200U)));
        },
        at_once);
}

TEST(close_route, a_callback_cannot_release_the_next_session) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        std::vector<net::header> headers;
        headers.emplace_back("X-Nullworker-Closed", "abc");
        (void)co_await worker.create(worker.grant(11));
        const auto answer = co_await worker.send(listener::control, net::verb::post, "/release", "", headers);
        EXPECT_EQ(answer.status, 403U);
        const auto taken = co_await worker.post("/session/create", worker.create_body(worker.grant(12)));
        EXPECT_EQ(taken.status, 429U);
    });
}

struct caller {
    std::vector<net::header> headers;
    unsigned status;
    std::string reason;
};

const std::vector<caller> callers = {
    {{{"Host", "localhost"}}, 200, ""},
    {{{"Host", "LOCALHOST:18999"}}, 200, ""},
    {{{"Host", "127.0.0.1"}}, 200, ""},
    {{{"Host", "127.9.9.9:1"}}, 200, ""},
    {{{"Host", "[::1]:18999"}}, 200, ""},
    {{{"Host", "rebound.example"}}, 403, "Host"},
    {{{"Host", "localhost.example"}}, 403, "Host"},
    {{{"Host", "127.0.0.1.example:18999"}}, 403, "Host"},
    {{{"Host", "10.0.0.1"}}, 403, "Host"},
    {{{"Host", "127.1"}}, 403, "Host"},
    {{{"Origin", "http://localhost:3000"}}, 403, "Origin"},
    {{{"Origin", "null"}}, 403, "Origin"},
    {{{"X-Forwarded-For", "127.0.0.1"}}, 403, "X-Forwarded-For"},
    {{{"x-forwarded-for", ""}}, 403, "X-Forwarded-For"},
    {{{"X-Forwarded-Host", "localhost"}}, 403, "X-Forwarded-Host"},
    {{{"Forwarded", "for=127.0.0.1"}}, 403, "Forwarded"},
};

TEST(control_callers, web_pages_and_proxies_are_refused_with_the_reason_and_release_nothing) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        for (const auto& each : callers) {
            const auto headers = each.headers;
            const auto asked =
                co_await worker.send(listener::control, net::verb::get, "/health", "", headers);
            EXPECT_EQ(asked.status, each.status) << each.headers[0].first << ": " << each.headers[0].second;
            if (each.status == 200)
                continue;
            const auto refused =
                co_await worker.send(listener::control, net::verb::post, "/release", "", headers);
            EXPECT_EQ(refused.status, 403U) << each.headers[0].second;
            EXPECT_NE(json::parse(refused.body)["error"].get<std::string>().find(each.reason),
                      std::string::npos);
        }
        json reference;
        reference["session_id"] = id;
        reference["session_auth"] = grant;
        const auto held = co_await worker.post("/session/health", reference);
        EXPECT_EQ(held.body, R"({"ok":true})");
    });
}

TEST(control_callers, whose_target_is_elsewhere_or_who_speak_http_1_0_release_nothing) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await worker.create(worker.grant(11));
        const std::vector<std::pair<std::string, int>> table = {
            {"POST http://evil.example/release HTTP/1.1\r\nHost: localhost\r\n\r\n", 403},
            {"POST /release HTTP/1.0\r\nHost: localhost\r\n\r\n", 403},
            {"POST /release HTTP/1.1\r\nHost: %6cocalhost\r\n\r\n", 403},
            {"GET /health HTTP/1.0\r\n\r\n", 200},
            {"POST http://localhost/release HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
        };
        for (const auto& [bytes, status] : table) {
            const auto port = worker.daemon().control_port();
            auto peer = co_await connect_raw(port);
            co_await peer.send(bytes);
            const auto answer = co_await peer.read_message();
            EXPECT_EQ(answer.status(), status) << bytes << answer.body;
        }
    });
}

TEST(metrics, tell_what_is_held_and_what_is_owed) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        (void)co_await worker.create(grant);
        const auto answer = co_await worker.send(listener::control, net::verb::get, "/metrics");
        EXPECT_EQ(answer.status, 200U);
        EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
        for (const char* line :
             {"nullworker_ready 1\n", "nullworker_session_active 1\n", "nullworker_load 100\n",
              "nullworker_sessions_total 1\n", "nullworker_completions_undelivered 0\n",
              "# TYPE nullworker_completions_dropped_total counter\n",
              "nullworker_state_write_failures_total 0\n"})
            EXPECT_NE(answer.body.find(line), std::string::npos) << line << answer.body;
    });
}

json with_route(const std::string& url) {
    json out;
    out["lifetime"] = 60;
    out["on_close_route"] = url;
    return out;
}

TEST(close_route, of_an_unverified_grant_must_stay_on_the_machine) {
    const std::vector<std::pair<std::string, unsigned>> table = {
        {"http://203.0.113.9/closed", 422},   {"https://example.com/closed", 422},
        {"http://localhost.example/", 422},   {"http://169.254.169.254/latest/meta-data", 422},
        {"http://[2001:db8::1]/closed", 422}, {"http://2130706433/closed", 422},
        {"http://127.0.0.1:1/closed", 201},   {"http://localhost:1/closed", 201},
        {"http://[::1]:1/closed", 201},       {"/closed", 201},
    };
    for (const auto policy : {auth::create_policy::open, auth::create_policy::signed_only}) {
        with_worker(
            [&](test_worker& worker) -> asio::awaitable<void> {
                json grant = worker.grant(11);
                grant["signature"] = "bm90IGEgc2lnbmF0dXJl";
                for (const auto& [route, status] : table) {
                    const json request = worker.create_body(grant, with_route(route));
                    const auto answer = co_await worker.post("/session/create", request);
                    EXPECT_EQ(answer.status, status) << route;
                    EXPECT_EQ(answer.body.find("on_close_route") != std::string::npos, status == 422);
                    (void)co_await worker.send(listener::control, net::verb::post, "/release");
                }
            },
            [&](app::settings& config) {
                config.create_auth = policy;
                config.unsecured = policy == auth::create_policy::signed_only;
                config.consumer = parse_url("http://127.0.0.1:1").value();
            });
    }
}

TEST(close_route, of_an_unverified_grant_does_not_lead_to_a_consumer_elsewhere) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const json request = worker.create_body(worker.grant(11), with_route("/closed"));
            const auto answer = co_await worker.post("/session/create", request);
            EXPECT_EQ(answer.status, 422u) << answer.body;
        },
        [](app::settings& config) {
            config.unsecured = true;
            config.consumer = parse_url("http://203.0.113.9:8000").value();
        });
}

TEST(close_route, of_a_verified_grant_may_lead_anywhere) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const json payload = with_route("http://203.0.113.9/closed");
        (void)co_await worker.create(grant, payload);
    });
}

TEST(close_route, no_redirect_is_followed) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        auto elsewhere = net::empty_reply(307);
        elsewhere.headers.emplace_back("Location", worker.autoscaler().origin() + "/elsewhere");
        worker.autoscaler().reply_always("/hook", elsewhere);
        const json grant = worker.grant(11);
        const json payload = with_route(worker.autoscaler().origin() + "/hook");
        (void)co_await worker.create(grant, payload);
        (void)co_await worker.send(listener::control, net::verb::post, "/release");
        (void)co_await worker.autoscaler().received("/hook");
        (void)co_await worker.completion(1);
        EXPECT_TRUE(worker.autoscaler().requests("/elsewhere").empty());
    });
}

// Puts the files of `renewed` in the place of those of `installed`.
void install(const test_certificate& renewed, const test_certificate& installed) {
    namespace fs = std::filesystem;
    fs::copy_file(renewed.key_file(), installed.key_file(), fs::copy_options::overwrite_existing);
    fs::copy_file(renewed.certificate_file(), installed.certificate_file(),
                  fs::copy_options::overwrite_existing);
}

// Asks again and again until a client that trusts `root` alone gets an answer.
asio::awaitable<void> until_trusted(asio::io_context& loop, test_worker& worker, std::string root) {
    const auto trust = std::make_shared<net::tls_trust>(root);
    for (;;) {
        net::http_client client(loop.get_executor(), trust);
        net::call request{.method = net::verb::post, .target = parse_url(worker.url() + "/ping").value()};
        const auto answer = co_await client.send(std::move(request));
        if (answer)
            co_return;
    }
}

TEST(certificate, a_renewed_pair_is_taken_up_without_a_restart) {
    asio::io_context loop;
    const test_certificate installed;
    const test_certificate renewed;
    const test_certificate expired({.dates = certificate_dates::expired});
    test_worker worker(loop, [&](app::settings& config) {
        config.use_ssl = true;
        config.tls_certificate = installed.certificate_file();
        config.tls_key = installed.key_file();
        config.tls_check_interval = 2ms;
    });
    worker.start();
    const auto story = [&](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        co_await until_trusted(loop, subject, installed.pem());
        install(expired, installed);  // of no use: the old one stays
        co_await until_trusted(loop, subject, installed.pem());
        install(renewed, installed);
        co_await until_trusted(loop, subject, renewed.pem());
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

}  // namespace
}  // namespace nullworker::test
