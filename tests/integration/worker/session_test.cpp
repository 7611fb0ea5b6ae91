#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

// A client's way through the public listener of a running daemon, and what the autoscaler hears of it.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using listener = test_worker::listener;

// Messages, built outside the coroutines: GCC 12 cannot compile their brace lists inside one.
json ping(const json& grant, json session_id = nullptr) {
    return {{"auth_data", grant}, {"session_id", std::move(session_id)}, {"payload", json::object()}};
}
json ok(bool value) {
    return {{"ok", value}};
}
json error(const std::string& text) {
    return {{"error", text}};
}
json ended(const std::string& id) {
    return {{"ended", true}, {"removed_session", id}};
}
json released(const std::string& id) {
    return {{"released", true}, {"session_ids", json::array({id})}};
}
json not_released(const std::string& reason) {
    return {{"released", false}, {"reason", reason}};
}
json lifetime(json value) {
    return {{"lifetime", std::move(value)}};
}
json close_route(json value) {
    return {{"on_close_route", std::move(value)}};
}
json indices(std::int64_t only) {
    return json::array({only});
}
std::vector<net::header> authorization(const std::string& value) {
    return {{"Authorization", value}};
}
const std::vector<std::string> wrong_tokens = {"", "Bearer ", "Bearer nonsense", "nonsense"};
const std::vector<std::string> right_tokens = {"Bearer master-token-for-checks", "master-token-for-checks"};
const std::vector<std::string> release_bodies = {"", "{}", R"({"session_id": null})"};

TEST(session, a_signed_create_holds_the_slot_and_is_reported_at_once) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto before = worker.reports();
        const json grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        EXPECT_EQ(id.size(), 13u);
        const auto report = co_await worker.report(is_busy, before);
        EXPECT_EQ(report["working_request_idxs"], indices(11));
        EXPECT_EQ(report["num_requests_working"], 1);
        EXPECT_EQ(report["new_load"], 100.0);
        EXPECT_EQ(report["max_perf"], 100.0);
    });
}

TEST(session, a_second_create_is_429_and_leaves_a_rejected_completion) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json first = worker.grant(11);
        (void)co_await worker.create(first);
        json second = worker.create_body(worker.grant(12));
        const auto answer = co_await worker.post("/session/create", second);
        EXPECT_EQ(answer.status, 429u);
        EXPECT_EQ(answer.body, "");
        const auto entry = co_await worker.completion(1);
        EXPECT_EQ(entry["request_idx"], 12);
        EXPECT_EQ(entry["status"], "Rejected");
        EXPECT_EQ(entry["success"], false);
        const auto report =
            co_await worker.report([](const json& each) { return each["rej_load"] == 100.0; });
        EXPECT_EQ(report["cur_load"], 100.0);
    });
}

TEST(session, a_retried_create_opens_the_same_session_with_both_grants) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json first = worker.grant(11);
        json second = first;
        second["reqnum"] = 5555;
        const auto id = co_await worker.create(first);
        const auto again = co_await worker.create(second);
        EXPECT_EQ(id, again);
        const auto by_first = co_await worker.post("/session/health", reference(id, first));
        EXPECT_EQ(body_of(by_first), ok(true));
        const auto by_second = co_await worker.post("/session/health", reference(id, second));
        EXPECT_EQ(body_of(by_second), ok(true));
    });
}

TEST(session, a_grant_that_is_not_for_this_worker_takes_no_slot) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const test_key other;
        json forged = worker.grant(11);
        forged["signature"] = other.sign(wire::signed_message(worker.url()));
        json elsewhere = worker.grant(11);
        elsewhere["url"] = "http://203.0.113.7:40001";
        elsewhere["signature"] = worker.key().sign(wire::signed_message("http://203.0.113.7:40001"));
        std::vector<json> both;
        both.push_back(forged);
        both.push_back(elsewhere);
        for (const json& bad : both) {
            json request = worker.create_body(bad);
            const auto answer = co_await worker.post("/session/create", request);
            EXPECT_EQ(answer.status, 401u);
            EXPECT_EQ(answer.body, "");
            const auto pinged = co_await worker.post("/ping", ping(bad));
            EXPECT_EQ(pinged.status, 401u);
            EXPECT_EQ(pinged.body, "");
        }
        const json good = worker.grant(12);
        (void)co_await worker.create(good);
    });
}

TEST(session, the_open_policy_takes_a_forged_create) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            json forged = worker.grant(11);
            forged["signature"] = "bm90IGEgc2lnbmF0dXJl";
            (void)co_await worker.create(forged);
        },
        [](app::settings& config) { config.create_auth = auth::create_policy::open; });
}

TEST(session, unsecured_a_debugging_client_needs_but_url_and_request_idx) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            json grant;
            grant["request_idx"] = 1;
            grant["url"] = worker.url();
            (void)co_await worker.create(grant);
            const auto report = co_await worker.report(is_busy);
            EXPECT_EQ(report["working_request_idxs"], indices(1));
            EXPECT_TRUE(worker.autoscaler().requests("/pubkey/").empty());
        },
        [](app::settings& config) { config.unsecured = true; });
}

using refused_create = std::pair<json, std::string>;

// Malformed creates, and the field that the refusal must name.
std::vector<refused_create> malformed_creates(test_worker& worker) {
    const json grant = worker.grant(11);
    const auto with = [&](const char* field, json value) {
        json changed = grant;
        changed[field] = std::move(value);
        return worker.create_body(changed);
    };
    const auto payload = [&](json value) { return worker.create_body(grant, std::move(value)); };
    return {
        {with("cost", 0), "auth_data.cost"},
        {with("cost", -1), "auth_data.cost"},
        {with("cost", "100"), "auth_data.cost"},
        {with("reqnum", 1.5), "auth_data.reqnum"},
        {with("request_idx", nullptr), "auth_data.request_idx"},
        {with("url", 7), "auth_data.url"},
        {with("signature", json::array()), "auth_data.signature"},
        {payload(lifetime(0)), "lifetime"},
        {payload(lifetime(-1)), "lifetime"},
        {payload(lifetime(86401)), "lifetime"},
        {payload(lifetime("60")), "lifetime"},
        {payload(lifetime(true)), "lifetime"},
        {payload(close_route("ftp://x")), "on_close_route"},
        {payload(close_route(7)), "on_close_route"},
        {payload(json::array()), "payload"},
        {lifetime(60), "auth_data"},
        {json::array(), "body"},
    };
}

TEST(session, every_malformed_create_is_422_with_the_field_and_leaves_the_slot_free) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto rows = malformed_creates(worker);
        for (const auto& [request, field] : rows) {
            const auto answer = co_await worker.post("/session/create", request);
            EXPECT_EQ(answer.status, 422u) << request;
            EXPECT_EQ(body_of(answer).at("error").get<std::string>().find(field), 0u) << answer.body;
        }
        (void)co_await worker.create(worker.grant(11));
    });
}

TEST(session, ending_reports_the_free_slot_and_completes_as_success) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        (void)co_await worker.report(is_busy);
        const auto before = worker.reports();
        const auto answer = co_await worker.post("/session/end", reference(id, grant));
        EXPECT_EQ(body_of(answer), ended(id));
        const auto report =
            co_await worker.report([](const json& each) { return each["cur_load"] == 0.0; }, before);
        EXPECT_EQ(report["cur_perf"], 100.0);
        const auto entry = co_await worker.completion(1);
        EXPECT_EQ(entry["status"], "Success");
        EXPECT_EQ(entry["request_idx"], 11);
        EXPECT_GE(entry["work_completed_at"].get<double>(), entry["work_started_at"].get<double>());
    });
}

TEST(session, the_webhook_listener_ends_sessions_and_does_nothing_else) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        const std::string text = reference(id, grant).dump();
        const auto other = co_await worker.send(listener::webhook, net::verb::post, "/session/get", text);
        EXPECT_EQ(other.status, 404u);
        const auto answer = co_await worker.send(listener::webhook, net::verb::post, "/session/end", text);
        EXPECT_EQ(answer.status, 200u);
    });
}

TEST(session, an_expired_session_completes_without_anybodys_help) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const auto id = co_await worker.create(grant, lifetime(0.05));
        const auto entry = co_await worker.completion(1);
        EXPECT_EQ(entry["status"], "Success");
        const double lasted =
            entry["work_completed_at"].get<double>() - entry["work_started_at"].get<double>();
        EXPECT_GE(lasted, 0.05);
        const auto answer = co_await worker.post("/session/health", reference(id, grant));
        EXPECT_EQ(body_of(answer), ok(false));
    });
}

TEST(session, a_ping_renews_its_session_by_its_lifetime_up_to_the_maximum) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const json grant = worker.grant(11);
            const auto id = co_await worker.create(grant);
            const auto first = co_await worker.post("/session/get", reference(id, grant));
            const auto pinged = co_await worker.post("/ping", ping(grant, id));
            EXPECT_EQ(pinged.body, R"({"result":{"ok":true}})");
            const auto second = co_await worker.post("/session/get", reference(id, grant));
            const double before = body_of(first)["expiration"];
            EXPECT_NEAR(body_of(second)["expiration"].get<double>() - before, 60.0, 1e-3);
            (void)co_await worker.post("/ping", ping(grant, id));
            const auto third = co_await worker.post("/session/get", reference(id, grant));
            EXPECT_LT(body_of(third)["expiration"].get<double>() - before,
                      61.0);  // 120 s ahead of now, not 180
        },
        [](app::settings& config) { config.max_lifetime = seconds(120); });
}

TEST(session, a_ping_for_an_unknown_session_is_410_and_for_anothers_401) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const auto id = co_await worker.create(grant);
        const auto gone = co_await worker.post("/ping", ping(grant, "nosuch"));
        EXPECT_EQ(gone.status, 410u);
        EXPECT_EQ(body_of(gone), error("invalid session"));
        const auto refused = co_await worker.post("/ping", ping(worker.grant(12), id));
        EXPECT_EQ(refused.status, 401u);
    });
}

TEST(session, the_query_that_official_clients_send_changes_nothing) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        json request = worker.create_body(worker.grant(11));
        const auto answer = co_await worker.post("/session/create?api_key=abc", request);
        EXPECT_EQ(answer.status, 201u);
    });
}

TEST(update, wants_the_master_token_and_creates_the_file) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto file = worker.directory().file("force_update");
        for (const auto& wrong : wrong_tokens) {
            std::vector<net::header> headers = authorization(wrong);
            const auto refused =
                co_await worker.send(listener::open, net::verb::post, "/pyworker/update", "{}", headers);
            EXPECT_EQ(refused.status, 401u) << wrong;
            EXPECT_EQ(body_of(refused), error("unauthorized"));
        }
        EXPECT_FALSE(std::filesystem::exists(file));
        for (const auto& right : right_tokens) {
            std::vector<net::header> headers = authorization(right);
            const auto done =
                co_await worker.send(listener::open, net::verb::post, "/pyworker/update", "{}", headers);
            EXPECT_EQ(done.status, 200u);
            EXPECT_EQ(body_of(done), ok(true));
            EXPECT_TRUE(std::filesystem::remove(file));
        }
    });
}

TEST(update, an_empty_master_token_authorises_nobody) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            std::vector<net::header> headers = authorization("Bearer ");
            const auto answer =
                co_await worker.send(listener::open, net::verb::post, "/pyworker/update", "{}", headers);
            EXPECT_EQ(answer.status, 401u);
        },
        [](app::settings& config) { config.master_token.clear(); });
}

TEST(update, says_why_the_file_cannot_be_written) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            std::vector<net::header> headers = authorization("master-token-for-checks");
            const auto answer =
                co_await worker.send(listener::open, net::verb::post, "/pyworker/update", "{}", headers);
            EXPECT_EQ(answer.status, 500u);
            EXPECT_EQ(body_of(answer)["error"].get<std::string>().find("failed to write file: "), 0u)
                << answer.body;
        },
        [](app::settings& config) { config.force_update_file = "/nonexistent/force_update"; });
}

TEST(close_callback, is_posted_with_the_payload_and_the_session) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        worker.autoscaler().reply_always("/hook", net::json_reply(200, "{}"));
        const json grant = worker.grant(11);
        json payload = close_route(worker.autoscaler().origin() + "/hook");
        payload["on_close_payload"]["job"] = "a";
        const auto id = co_await worker.create(grant, payload);
        (void)co_await worker.send(listener::control, net::verb::post, "/release");
        const auto called = co_await worker.autoscaler().received("/hook");
        EXPECT_EQ(called.body, R"({"job":"a","session_id":")" + id + "\"}");
    });
}

TEST(close_callback, goes_where_it_was_sent_and_nowhere_else) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        auto elsewhere = net::empty_reply(307);
        elsewhere.headers.emplace_back("Location", "/elsewhere");
        worker.autoscaler().reply_always("/hook", elsewhere);
        const json payload = close_route(worker.autoscaler().origin() + "/hook");
        for (int number = 1; number <= 2; ++number) {
            (void)co_await worker.create(worker.grant(10 + number), payload);
            (void)co_await worker.send(listener::control, net::verb::post, "/release");
            (void)co_await worker.autoscaler().received("/hook", static_cast<std::size_t>(number));
        }
        EXPECT_TRUE(worker.autoscaler().requests("/elsewhere").empty());
    });
}

TEST(close_callback, load_drops_before_a_callback_that_hangs_is_done) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        worker.autoscaler().hold_once("/hook");
        const json grant = worker.grant(11);
        const json payload = close_route(worker.autoscaler().origin() + "/hook");
        (void)co_await worker.create(grant, payload);
        (void)co_await worker.report(is_busy);
        const auto before = worker.reports();
        (void)co_await worker.send(listener::control, net::verb::post, "/release");
        (void)co_await worker.autoscaler().received("/hook");
        (void)co_await worker.report([](const json& each) { return each["cur_load"] == 0.0; }, before);
        (void)co_await worker.completion(1);
        worker.autoscaler().let_go();
    });
}

TEST(close_callback, a_relative_route_goes_to_the_consumers_own_server) {
    asio::io_context loop;
    scripted_peer consumer(loop.get_executor());
    consumer.reply_always("/health", net::text_reply(200, "ok"));
    consumer.reply_always("/closed", net::text_reply(200, "ok"));
    test_worker worker(loop, [&](app::settings& config) { config.health_target = consumer.at("/health"); });
    worker.start();
    const auto story = [](test_worker& subject, scripted_peer& beside) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const json grant = subject.grant(11);
        json payload = close_route("/closed");
        payload["on_close_payload"] = "text";
        const auto id = co_await subject.create(grant, payload);
        (void)co_await subject.send(listener::control, net::verb::post, "/release");
        const auto called = co_await beside.received("/closed");
        EXPECT_EQ(called.body, R"({"payload":"text","session_id":")" + id + "\"}");
        co_await subject.stop();
        co_await beside.stop();
    };
    drive(loop, story(worker, consumer));
}

TEST(close_callback, a_relative_route_goes_to_the_server_that_is_named_whatever_the_probe) {
    asio::io_context loop;
    scripted_peer consumer(loop.get_executor());
    consumer.reply_always("/base/closed", net::text_reply(200, "ok"));
    test_worker worker(loop, [&](app::settings& config) {
        config.health_target = consumer::tcp_target{"127.0.0.1", consumer.port()};
        config.consumer = consumer.at("/base/");
    });
    worker.start();
    const auto story = [](test_worker& subject, scripted_peer& beside) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const json grant = subject.grant(11);
        const json payload = close_route("/closed");
        const auto id = co_await subject.create(grant, payload);
        (void)co_await subject.send(listener::control, net::verb::post, "/release");
        const auto called = co_await beside.received("/base/closed");
        EXPECT_EQ(body_of({.body = called.body}).at("session_id"), id);
        co_await subject.stop();
        co_await beside.stop();
    };
    drive(loop, story(worker, consumer));
}

TEST(close_callback, a_relative_route_without_a_server_to_go_to_is_refused_at_once) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json payload = close_route("/closed");
        const json request = worker.create_body(worker.grant(11), payload);
        const auto answer = co_await worker.post("/session/create", request);
        EXPECT_EQ(answer.status, 422u);
        EXPECT_EQ(answer.body.find(R"({"error":"on_close_route: )"), 0u) << answer.body;
        EXPECT_NE(answer.body.find("--consumer-url"), std::string::npos) << answer.body;
        (void)co_await worker.create(worker.grant(12));
    });
}

TEST(close_callback, an_empty_route_is_none) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        const json payload = close_route("");
        const auto id = co_await worker.create(grant, payload);
        const auto known = co_await worker.post("/session/get", reference(id, grant));
        EXPECT_TRUE(body_of(known).at("on_close_route").is_null()) << known.body;
    });
}

TEST(control, release_frees_the_slot_with_or_without_a_body) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto none = co_await worker.send(listener::control, net::verb::post, "/release");
        EXPECT_EQ(body_of(none), not_released("no active session"));
        for (const auto& body : release_bodies) {
            const json grant = worker.grant(11);
            const auto id = co_await worker.create(grant);
            const auto answer = co_await worker.send(listener::control, net::verb::post, "/release", body);
            EXPECT_EQ(answer.status, 200u);
            EXPECT_EQ(body_of(answer), released(id));
        }
        const auto wrong_verb = co_await worker.send(listener::control, net::verb::get, "/release");
        EXPECT_EQ(wrong_verb.status, 405u);
    });
}

TEST(control, before_the_worker_is_ready_nothing_is_released_and_nothing_reserved) {
    asio::io_context loop;
    test_worker worker(loop, {}, [](scripted_peer& autoscaler) {
        autoscaler.hold_once("/pubkey/", net::text_reply(500, "later"));
    });
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        (void)co_await subject.autoscaler().received("/pubkey/");
        const auto released = co_await subject.send(listener::control, net::verb::post, "/release");
        EXPECT_EQ(released.status, 503u);
        EXPECT_EQ(body_of(released), not_released("backend not ready"));
        const auto health = co_await subject.send(listener::control, net::verb::get, "/health");
        EXPECT_EQ(health.status, 503u);
        json request = subject.create_body(subject.grant(11));
        const auto created = co_await subject.post("/session/create", request);
        EXPECT_EQ(created.status, 503u);
        const auto found = std::find_if(created.headers.begin(), created.headers.end(),
                                        [](const net::header& each) { return each.first == "Retry-After"; });
        EXPECT_NE(found, created.headers.end());
        const auto first = co_await subject.report([](const json&) { return true; });
        EXPECT_EQ(first["max_perf"], 0.0);
        EXPECT_EQ(first["loadtime"], 0.0);
        subject.autoscaler().let_go();
        co_await subject.until_ready();  // the second round of the key's fetch
        const auto well = co_await subject.send(listener::control, net::verb::get, "/health");
        EXPECT_EQ(well.status, 200u);
        EXPECT_EQ(well.body, "ok");
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

}  // namespace
}  // namespace nullworker::test
