#include "support/drive.hpp"
#include "support/scripted_peer.hpp"

#include <nullworker/base/interruption.hpp>
#include <nullworker/base/task_group.hpp>
#include <vast/keep_alive.hpp>
#include <vast/known_endpoint.hpp>
#include <vast/serverless.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What the client says to a worker, and what it makes of the answers.
namespace nullworker::client {
namespace {

constexpr const char* end_path = "/session/end";

held_session session_at(const test::scripted_peer& worker) {
    return {.session_id = "Ab3",
            .grant = wire::json_value::parse("{}").value(),
            .worker = worker.at(""),
            .worker_url = worker.origin()};
}

outcome<session_outcome> end_at(asio::io_context& loop, test::scripted_peer& worker,
                                serverless::duration patience = serverless::end_patience) {
    serverless api(loop.get_executor(), service{worker.at(""), worker.at(""), "key"});
    outcome<session_outcome> ended = failure{};
    test::drive(loop, [&]() -> asio::awaitable<void> {
        ended = co_await api.end(session_at(worker), patience);
        co_await worker.stop();
    });
    return ended;
}

TEST(serverless, an_end_outlasts_a_worker_that_is_being_restarted) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    for (int lost = 0; lost < 3; ++lost)
        worker.drop_once(end_path);
    worker.reply_always(end_path, net::json_reply(200, "{}"));
    EXPECT_TRUE(end_at(loop, worker));
    EXPECT_EQ(worker.requests(end_path).size(), 4U);
}

TEST(serverless, an_end_that_is_refused_for_good_is_not_tried_again) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    worker.reply_always(end_path, net::json_reply(401, "{}"));
    EXPECT_FALSE(end_at(loop, worker));
    EXPECT_EQ(worker.requests(end_path).size(), 1U);
}

TEST(serverless, an_end_at_a_worker_that_hangs_takes_no_longer_than_its_time) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    worker.hold_once(end_path);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(end_at(loop, worker, std::chrono::milliseconds(100)));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));  // a call may take 10 s
}

TEST(serverless, an_end_that_was_frozen_has_its_time_anew) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    worker.hold_once(end_path);
    worker.reply_always(end_path, net::json_reply(200, "{}"));
    task_group beside(loop.get_executor());
    const auto freeze = [&]() -> asio::awaitable<void> {
        (void)co_await worker.received(end_path);
        for (const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
             std::chrono::steady_clock::now() < end;) {
        }
    };
    beside.spawn(freeze());
    EXPECT_TRUE(end_at(loop, worker, std::chrono::milliseconds(400)));
    EXPECT_EQ(worker.requests(end_path).size(), 2U);
}

constexpr const char* status_path = "/session/status";
constexpr const char* retire_path = "/session/retire";

// What is made of the worker's answers to one question.
template <class T>
T asked(const std::function<void(test::scripted_peer&)>& script,
        const std::function<asio::awaitable<T>(serverless&, held_session)>& question) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    script(worker);
    serverless api(loop.get_executor(), service{worker.at(""), worker.at(""), "key"});
    std::optional<T> out;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        auto told = co_await question(api, session_at(worker));
        out.emplace(std::move(told));
        co_await worker.stop();
    });
    return std::move(*out);
}

outcome<session_news> status_where(const std::function<void(test::scripted_peer&)>& script) {
    return asked<outcome<session_news>>(
        script, [](serverless& api, held_session session) { return api.status(std::move(session)); });
}

outcome<retirement> retired_where(const std::function<void(test::scripted_peer&)>& script,
                                  retire_when when = retire_when::done) {
    return asked<outcome<retirement>>(script, [when](serverless& api, held_session session) {
        return api.retire(std::move(session), when);
    });
}

TEST(serverless, a_worker_tells_how_a_session_stands) {
    const auto told = status_where([](test::scripted_peer& worker) {
        worker.reply_always(
            status_path,
            net::json_reply(200,
                            R"({"session_id": "Ab3", "remaining": 41.5, "protected": 7, "retiring": true})"));
    });
    ASSERT_TRUE(told);
    EXPECT_EQ(told->what, session_news::kind::open);
    EXPECT_EQ(told->remaining, seconds(41.5));
    EXPECT_EQ(told->protected_for, seconds(7));
    EXPECT_TRUE(told->retiring);
    EXPECT_EQ(told->worker_id, std::nullopt) << "earlier workers do not say it";
}

TEST(serverless, a_worker_tells_its_id_with_a_session_and_what_is_no_id_counts_for_nothing) {
    const auto told_by = [](const std::string& worker_id) {
        const auto told = status_where([&](test::scripted_peer& worker) {
            worker.reply_always(
                status_path,
                net::json_reply(200, R"({"remaining": 1, "protected": 0, "worker_id": )" + worker_id + "}"));
        });
        return told ? told->worker_id : std::optional<std::int64_t>(-1);
    };
    EXPECT_EQ(told_by("4242"), 4242);
    for (const auto* none : {"null", R"("4242")", "4242.5", "[4242]"})
        EXPECT_EQ(told_by(none), std::nullopt) << none;
}

TEST(serverless, only_a_400_and_a_401_mean_that_a_session_is_over) {
    for (const unsigned status : {400U, 401U, 403U, 408U, 429U, 500U, 502U, 503U}) {
        const auto told = status_where([status](test::scripted_peer& worker) {
            worker.reply_always(status_path, net::json_reply(status, "{}"));
        });
        EXPECT_EQ(told && told->what == session_news::kind::over, status < 402) << status;
        EXPECT_EQ(told.has_value(), status < 402) << status;
    }
    EXPECT_FALSE(status_where([](test::scripted_peer& worker) { worker.drop_once(status_path); }));
    EXPECT_FALSE(status_where([](test::scripted_peer& worker) {
        worker.reply_always(status_path, net::text_reply(200, "<html>"));
    }));
}

// What a worker says of a session that it does not hold any more, and what is made of it.
constexpr std::pair<const char*, session_outcome> ends[] = {
    {R"({"error": "session with id Ab3 not found", "outcome": "idle"})", session_outcome::idle},
    {R"({"error": "session with id Ab3 not found", "outcome": "done"})", session_outcome::done},
    {R"({"error": "session with id Ab3 not found"})", session_outcome::done},
    {R"({"outcome": "lost"})", session_outcome::done},
    {R"({"outcome": 7})", session_outcome::done},
    {"<html>", session_outcome::done},
};

TEST(serverless, a_session_that_is_over_was_idle_only_where_its_worker_says_so) {
    for (const auto& [body, wanted] : ends) {
        const auto script = [body = body](test::scripted_peer& worker) {
            for (const char* path : {status_path, retire_path, end_path})
                worker.reply_always(path, net::json_reply(400, body));
        };
        const auto status = status_where(script);
        ASSERT_TRUE(status);
        EXPECT_EQ(status->what, session_news::kind::over);
        EXPECT_EQ(status->outcome, wanted) << body;
        const auto retired = retired_where(script);
        ASSERT_TRUE(retired);
        EXPECT_EQ(retired->outcome, wanted) << body;
        const auto ended = asked<outcome<session_outcome>>(
            script, [](serverless& api, held_session session) { return api.end(std::move(session)); });
        ASSERT_TRUE(ended) << "one that its worker does not know is over";
        EXPECT_EQ(*ended, wanted) << body;
    }
}

TEST(serverless, a_worker_that_knows_no_status_tells_by_its_health) {
    using kind = session_news::kind;
    for (const auto& [body, what] :
         {std::pair(R"({"ok": true})", kind::foreign), std::pair(R"({"ok": false})", kind::over)}) {
        const auto told = status_where([body = body](test::scripted_peer& worker) {
            worker.reply_always("/session/health", net::json_reply(200, body));
        });
        ASSERT_TRUE(told);
        EXPECT_EQ(told->what, what);
    }
    EXPECT_FALSE(status_where([](test::scripted_peer&) {}));  // it knows nothing at all
}

TEST(serverless, a_retirement_ends_or_waits_or_changes_nothing_and_which_is_told) {
    using kind = retirement::kind;
    struct expected {
        retire_when when;
        unsigned status;
        const char* body;
        kind what;
        double protected_for;
    };
    for (const auto& one :
         {expected{retire_when::done, 200, R"({"ended": true, "removed_session": "Ab3"})", kind::ended, 0},
          expected{retire_when::done, 202, R"({"ended": false, "remaining": 5})", kind::retiring, 5},
          expected{retire_when::idle, 409, R"({"protected": 5})", kind::busy, 5},
          expected{retire_when::never, 200, R"({"ended": false, "retiring": false})", kind::kept, 0},
          expected{retire_when::done, 400, "{}", kind::over, 0},
          expected{retire_when::done, 401, "{}", kind::over, 0},
          expected{retire_when::done, 404, "{}", kind::foreign, 0}}) {
        const auto told = retired_where(
            [&one](test::scripted_peer& worker) {
                worker.reply_always(retire_path, net::json_reply(one.status, one.body));
            },
            one.when);
        ASSERT_TRUE(told) << one.body;
        EXPECT_EQ(told->what, one.what) << one.body;
        EXPECT_EQ(told->protected_for.count(), one.protected_for) << one.body;
    }
    EXPECT_FALSE(retired_where(
        [](test::scripted_peer& worker) { worker.reply_always(retire_path, net::json_reply(503, "{}")); }));
    EXPECT_FALSE(retired_where([](test::scripted_peer& worker) { worker.drop_once(retire_path); }));
}

TEST(serverless, who_looks_after_a_session_does_not_wait_for_a_worker_that_hangs_to_stop) {
    for (const auto* hanging : {"/session/health", "/ping"}) {
        asio::io_context loop;
        test::scripted_peer worker(loop.get_executor());
        serverless api(loop.get_executor(), service{worker.at(""), worker.at(""), "key"});
        interruption stop;
        worker.hold_once(hanging);
        worker.reply_always("/session/health", net::json_reply(200, R"({"ok": true})"));
        const care hasty{seconds(0.02), std::chrono::milliseconds(1), std::chrono::seconds(60)};
        test::drive(loop, [&]() -> asio::awaitable<void> {
            task_group beside(loop.get_executor());
            const auto interrupt = [&]() -> asio::awaitable<void> {
                (void)co_await worker.received(hanging);
                stop.request();
            };
            beside.spawn(interrupt());
            const auto begin = std::chrono::steady_clock::now();
            const auto ended = co_await look_after(api, session_at(worker), hasty, stop);
            EXPECT_EQ(ended.what, care_outcome::kind::stopped);
            EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));
            co_await beside.join();
            co_await worker.stop();
        });
    }
}

TEST(serverless, who_is_cancelled_while_looking_after_a_session_does_not_tell_that_it_is_gone) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    serverless api(loop.get_executor(), service{worker.at(""), worker.at(""), "key"});
    worker.hold_once("/session/health");
    bool gone = false;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        task_group keeper(loop.get_executor());
        std::function<void(std::string)> on_gone = [&](const std::string&) { gone = true; };
        keeper.spawn(keep_alive(api, session_at(worker), seconds(0.02), std::move(on_gone)));
        (void)co_await worker.received("/session/health");
        keeper.cancel();
        co_await keeper.join();
        co_await worker.stop();
    });
    EXPECT_FALSE(gone);
}

// A worker and an autoscaler in one.
class serverless_reserve : public testing::Test {
protected:
    static constexpr const char* create_path = "/session/create";
    static constexpr const char* console_path = "/api/v0/endptjobs/";
    static constexpr const char* health_path = "/session/health";
    static constexpr const char* made = R"({"session_id": "Ab3", "expiration": 1234.5})";

    void SetUp() override {
        x_peer.reply_always(console_path, endpoints("endpoint-key"));
        x_peer.reply_always("/route/", worker_found());
        x_peer.reply_always(create_path, net::json_reply(201, made));
        x_peer.reply_always(health_path, net::json_reply(200, R"({"ok": true})"));
        x_peer.reply_always(end_path, net::json_reply(200, "{}"));
    }

    [[nodiscard]] net::reply worker_found() const {
        return net::json_reply(200,
                               R"({"url": ")" + x_peer.origin() + R"(", "request_idx": 7, "cost": 100})");
    }

    // What the console says: one endpoint, to which `key` routes.
    static net::reply endpoints(const std::string& key) {
        wire::endpoint_info endpoint;
        endpoint.id = 1;
        endpoint.endpoint_name = "local";
        endpoint.api_key = key;
        return net::json_reply(200, wire::endpoint_list({endpoint}));
    }

    // Runs `meanwhile` beside the reservation.
    outcome<held_session> reserve(std::chrono::steady_clock::duration timeout,
                                  std::function<asio::awaitable<void>()> meanwhile = {}) {
        serverless api(x_loop.get_executor(), service{x_peer.at(""), x_peer.at(""), "account-key"});
        known_endpoint endpoint(x_loop.get_executor(), api, "local");
        const reserve_events on{
            .on_waiting = [this](std::int64_t, const std::string& status) { x_status = status; },
            .on_routed = [](std::int64_t, const std::string&) {},
            .on_refused = [](const std::string&) {}};
        outcome<held_session> out{failure{"nothing"}};
        test::drive(x_loop, [&]() -> asio::awaitable<void> {
            task_group beside(x_loop.get_executor());
            if (meanwhile)
                beside.spawn(meanwhile());
            EXPECT_TRUE(co_await endpoint.look_up());
            const reserve_options options{.timeout = timeout};
            out = co_await api.reserve(endpoint, options, on, x_stop);
            co_await beside.join();
            co_await x_peer.stop();
        });
        return out;
    }

    [[nodiscard]] std::size_t asked(const std::string& path) { return x_peer.requests(path).size(); }

    asio::io_context x_loop;
    test::scripted_peer x_peer{x_loop.get_executor()};
    interruption x_stop;
    std::string x_status;
};

TEST_F(serverless_reserve, uses_the_sessions_id_at_once) {
    const auto held = reserve(std::chrono::seconds(10));
    ASSERT_TRUE(held);
    ASSERT_EQ(asked(health_path), 1U);
    EXPECT_NE(x_peer.requests(health_path)[0].body.find(R"("session_id":"Ab3")"), std::string::npos);
}

TEST_F(serverless_reserve, sends_a_claim_that_nobody_can_guess) {
    ASSERT_TRUE(reserve(std::chrono::seconds(10)));
    ASSERT_EQ(asked(create_path), 1U);
    const auto sent = wire::json_value::parse(x_peer.requests(create_path)[0].body).value();
    const auto claim = sent.text_at("payload.claim").value_or("");
    EXPECT_EQ(claim.size(), 64U) << claim;
    EXPECT_EQ(claim.find_first_not_of("0123456789abcdef"), std::string::npos) << claim;
    EXPECT_NE(claim, std::string(64, '0'));
}

TEST_F(serverless_reserve, ends_a_session_of_which_it_can_read_the_id_alone) {
    x_peer.reply_always(create_path, net::json_reply(201, R"({"session_id": "Ab3"})"));
    EXPECT_FALSE(reserve(std::chrono::seconds(10)));
    ASSERT_EQ(asked(end_path), 1U);
    EXPECT_NE(x_peer.requests(end_path)[0].body.find(R"("session_id":"Ab3")"), std::string::npos);
}

TEST_F(serverless_reserve, takes_a_session_that_comes_with_another_success) {
    x_peer.reply_always(create_path, net::json_reply(200, made));
    EXPECT_TRUE(reserve(std::chrono::seconds(10)));
    EXPECT_EQ(asked(end_path), 0U);
}

TEST_F(serverless_reserve, keeps_a_session_of_which_its_worker_says_nothing_that_is_understood) {
    x_peer.reply_always(health_path, net::text_reply(200, "<html>"));
    EXPECT_TRUE(reserve(std::chrono::seconds(10)));
}

TEST_F(serverless_reserve, takes_the_session_that_it_hears_of_at_the_second_time) {
    x_peer.reply_once(create_path, net::json_reply(201, "<html>"));
    EXPECT_TRUE(reserve(std::chrono::seconds(10)));
    ASSERT_EQ(asked(create_path), 2U);
    EXPECT_EQ(x_peer.requests(create_path)[0].body, x_peer.requests(create_path)[1].body);
}

TEST_F(serverless_reserve, goes_on_with_the_endpoints_new_key_where_the_old_one_is_refused) {
    for (const unsigned status : {401U, 403U})
        x_peer.reply_once("/route/", net::json_reply(status, R"({"error": "wrong key"})"));
    x_peer.reply_once(console_path, endpoints("endpoint-key"));
    x_peer.reply_once(console_path, endpoints("endpoint-key"));
    x_peer.reply_once(console_path, endpoints("new-key"));
    EXPECT_TRUE(reserve(std::chrono::seconds(10)));
    ASSERT_EQ(asked("/route/"), 3U);
    EXPECT_EQ(x_peer.requests("/route/")[2].find("Authorization"), "Bearer new-key");
}

TEST(known_endpoint, who_comes_while_the_console_is_asked_gets_the_same_answer) {
    asio::io_context loop;
    test::scripted_peer console(loop.get_executor());
    console.hold_once(
        "/api/v0/endptjobs/",
        net::json_reply(200, R"({"results": [{"id": 1, "endpoint_name": "x", "api_key": "new"}]})"));
    serverless api(loop.get_executor(), service{console.at(""), console.at(""), "key"});
    known_endpoint endpoint(loop.get_executor(), api, "x");
    int found = 0;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        task_group beside(loop.get_executor());
        const auto look = [&]() -> asio::awaitable<void> {
            const auto outcome = co_await endpoint.look_up_anew("");
            found += outcome && endpoint.access().key == "new" ? 1 : 0;
        };
        for (int i = 0; i < 3; ++i)
            beside.spawn(look());
        (void)co_await console.received("/api/v0/endptjobs/");
        console.let_go();
        co_await beside.join();
        beside.spawn(look());  // which knows another key already
        co_await beside.join();
        co_await console.stop();
    });
    EXPECT_EQ(found, 4);
    EXPECT_EQ(console.requests("/api/v0/endptjobs/").size(), 1U);
}

TEST(known_endpoint, a_look_up_that_is_cancelled_leaves_the_way_free_for_the_next) {
    asio::io_context loop;
    test::scripted_peer console(loop.get_executor());
    console.hold_once("/api/v0/endptjobs/");
    console.reply_always(
        "/api/v0/endptjobs/",
        net::json_reply(200, R"({"results": [{"id": 1, "endpoint_name": "x", "api_key": "new"}]})"));
    serverless api(loop.get_executor(), service{console.at(""), console.at(""), "key"});
    known_endpoint endpoint(loop.get_executor(), api, "x");
    test::drive(loop, [&]() -> asio::awaitable<void> {
        task_group beside(loop.get_executor());
        const auto look = [&]() -> asio::awaitable<void> { (void)co_await endpoint.look_up(); };
        beside.spawn(look());
        (void)co_await console.received("/api/v0/endptjobs/");
        (void)co_await beside.finish(std::chrono::seconds(0));
        EXPECT_TRUE(co_await endpoint.look_up());
        co_await console.stop();
    });
}

TEST_F(serverless_reserve, a_route_that_is_refused_is_not_asked_again_before_the_autoscaler_wants_it) {
    std::vector<std::chrono::steady_clock::time_point> asked_at;
    x_peer.reply_by("/route/", [&](const net::request&) {
        asked_at.push_back(std::chrono::steady_clock::now());
        auto not_now = net::json_reply(429, "{}");
        not_now.headers.emplace_back("Retry-After", "4");
        return asked_at.size() > 1 ? worker_found() : not_now;
    });
    ASSERT_TRUE(reserve(std::chrono::seconds(300)));
    ASSERT_EQ(asked_at.size(), 2U);
    EXPECT_GE(asked_at[1] - asked_at[0], std::chrono::milliseconds(3900))
        << "a first pause of our own has 3 s";
}

TEST_F(serverless_reserve, a_stop_drops_a_route_that_hangs) {
    x_peer.hold_once("/route/");
    const auto held = reserve(std::chrono::seconds(300), [this]() -> asio::awaitable<void> {
        (void)co_await x_peer.received("/route/");
        x_stop.request();
    });
    EXPECT_FALSE(held);
}

TEST_F(serverless_reserve, a_stop_while_a_create_is_lost_still_asks_for_its_session) {
    x_peer.drop_once(create_path);
    x_peer.reply_by(create_path, [this](const net::request&) {
        x_stop.request();  // between the loss of the first one and this answer
        return net::json_reply(201, made);
    });
    EXPECT_TRUE(reserve(std::chrono::seconds(300)));
    EXPECT_EQ(asked(health_path), 0U);
}

TEST_F(serverless_reserve, a_stop_gives_up_a_create_that_hangs_and_asks_for_its_session) {
    x_peer.hold_once(create_path);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(reserve(std::chrono::seconds(300), [this]() -> asio::awaitable<void> {
        (void)co_await x_peer.received(create_path);
        x_stop.request();
    }));
    EXPECT_EQ(asked(create_path), 2U);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));  // a call may take 10 s
}

TEST_F(serverless_reserve, no_call_outlasts_the_time_for_the_whole_by_much) {
    x_peer.hold_once("/route/");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(reserve(std::chrono::milliseconds(10)));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(6));  // a call may take 10 s
}

TEST_F(serverless_reserve, keys_that_a_peer_repeats_are_not_told) {
    x_peer.reply_by("/route/", [](const net::request&) {
        return net::json_reply(422, R"({"error": "this is no route: endpoint-key, account-key"})");
    });
    const auto held = reserve(std::chrono::seconds(10));
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().message, "cannot route: HTTP status 422, this is no route: …, …");
}

}  // namespace
}  // namespace nullworker::client
