#include "support/test_key.hpp"

#include <nullworker/api/public_api.hpp>
#include <nullworker/auth/fingerprint.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

// What the public routes remember of one request for the next, and that nobody gains by it.
namespace nullworker::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string own_url = "http://203.0.113.7:40001";

const test::test_key& signer() {
    static const test::test_key instance;
    return instance;
}

class public_api_test : public testing::Test {
protected:
    public_api_test() {
        use_key(signer());
        for (const auto met : {reservation::condition::listening, reservation::condition::public_key,
                               reservation::condition::consumer})
            state.meet(met, now());
    }

    void use_key(const test::test_key& key) {
        gate.set_key(auth::public_key::from_pem(key.public_pem()).value());
    }

    static json grant(std::int64_t request_idx, const test::test_key& key = signer()) {
        return {{"url", own_url},
                {"endpoint", "e"},
                {"cost", 100.0},
                {"reqnum", request_idx},
                {"request_idx", request_idx},
                {"signature", key.sign(wire::signed_message(own_url))}};
    }
    static json ping(const json& auth, json session_id = nullptr) {
        return {{"auth_data", auth}, {"session_id", std::move(session_id)}, {"payload", json::object()}};
    }
    static json reference(const std::string& session_id, const json& auth) {
        return {{"session_id", session_id}, {"session_auth", auth}};
    }

    net::reply post(const std::string& path, const std::string& body) {
        net::request incoming;
        incoming.method = net::verb::post;
        incoming.path = path;
        incoming.body = body;
        return routes.on_public(incoming).reply;
    }
    net::reply post(const std::string& path, const json& body) { return post(path, body.dump()); }

    std::string create(const json& auth, double lifetime = 60) {
        const json body = {
            {"auth_data", auth}, {"session_id", nullptr}, {"payload", {{"lifetime", lifetime}}}};
        return json::parse(post("/session/create", body).body).at("session_id");
    }

    reservation::readiness state{now(), [] {}};
    int ids = 0;
    reservation::desk desk{
        {}, {[this] { return "session" + std::to_string(++ids); }, auth::fingerprint}, nullptr};
    auth::gatekeeper gate{parse_url(own_url).value(), auth::create_policy::signed_only, false};
    public_api routes{{}, desk, state, gate};
};

TEST_F(public_api_test, the_same_question_gets_the_same_answer) {
    const auto auth = grant(1);
    const auto body = reference(create(auth), auth).dump();
    const auto first = post("/session/get", body);
    EXPECT_EQ(first.status, 200u);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(post("/session/get", body).body, first.body);
        EXPECT_EQ(post("/session/health", body).body, R"({"ok":true})");
        EXPECT_EQ(post("/session/status", body).status, 200u);
    }
    EXPECT_EQ(post("/session/end", body).status, 200u);
    EXPECT_EQ(post("/session/get", body).status, 400u);
    EXPECT_EQ(post("/session/end", body).status, 400u);
    EXPECT_EQ(post("/session/health", body).body, R"({"ok":false})");
}

TEST_F(public_api_test, each_spelling_of_the_question_is_answered_with_its_own) {
    const auto auth = grant(1);
    const auto id = create(auth);
    auto other = auth;
    other["cost"] = 100;  // the same number
    const auto plain = reference(id, auth);
    const auto spelt = reference(id, other);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(json::parse(post("/session/get", plain).body)["auth_data"].dump(), auth.dump());
        EXPECT_EQ(json::parse(post("/session/get", spelt).body)["auth_data"].dump(), other.dump());
    }
}

TEST_F(public_api_test, a_renewed_session_is_described_anew) {
    const auto auth = grant(1);
    const auto id = create(auth);
    const auto body = reference(id, auth);
    const double before = json::parse(post("/session/get", body).body)["expiration"];
    for (int i = 1; i <= 3; ++i) {
        ASSERT_EQ(post("/ping", ping(auth, id)).status, 200u);
        const double after = json::parse(post("/session/get", body).body)["expiration"];
        EXPECT_NEAR(after - before, i * 60.0, 0.001);
    }
}

TEST_F(public_api_test, what_opened_the_last_session_opens_no_other) {
    const auto old_auth = grant(1);
    const auto old_id = create(old_auth);
    const auto old_body = reference(old_id, old_auth);
    const auto old_ping = ping(old_auth, old_id);
    ASSERT_EQ(post("/session/get", old_body).status, 200u);
    ASSERT_EQ(post("/ping", old_ping).status, 200u);
    desk.release(now());
    const auto id = create(grant(2));
    EXPECT_EQ(post("/session/get", old_body).status, 400u);
    EXPECT_EQ(post("/ping", old_ping).status, 410u);
    EXPECT_EQ(post("/session/get", reference(id, old_auth)).status, 401u);
    EXPECT_EQ(post("/session/get", reference(id, grant(2))).status, 200u);
}

TEST_F(public_api_test, another_grant_beside_the_right_id_opens_nothing) {
    const auto auth = grant(1);
    const auto id = create(auth);
    const auto wrong = reference(id, grant(2)).dump();
    const auto right = reference(id, auth).dump();
    ASSERT_EQ(wrong.size(), right.size());
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(post("/session/get", right).status, 200u);
        EXPECT_EQ(post("/session/get", wrong).status, 401u);
        EXPECT_EQ(post("/session/end", wrong).status, 401u);
        EXPECT_EQ(post("/ping", ping(auth, id)).status, 200u);
        EXPECT_EQ(post("/ping", ping(grant(2), id)).status, 401u);
    }
}

TEST_F(public_api_test, an_expired_session_is_over_for_a_body_that_was_accepted) {
    const auto auth = grant(1);
    const auto id = create(auth);
    const auto body = reference(id, auth);
    const auto renewal = ping(auth, id);
    ASSERT_EQ(post("/ping", renewal).status, 200u);
    ASSERT_EQ(post("/session/get", body).status, 200u);
    desk.expire(now().after(121s));
    EXPECT_EQ(post("/session/get", body).status, 400u);
    EXPECT_EQ(post("/ping", renewal).status, 410u);
}

TEST_F(public_api_test, a_grant_that_was_pushed_out_of_the_session_opens_it_no_more) {
    const auto first = grant(1);
    const auto id = create(first);
    const auto retry = [&](std::int64_t reqnum) {
        auto auth = grant(1);
        auth["reqnum"] = reqnum;
        const auto parsed = wire::json_value::parse(auth.dump()).value();
        wire::create_request wanted{
            .grant = {.url = own_url, .reqnum = reqnum, .request_idx = 1, .document = parsed}};
        EXPECT_NE(desk.reserve(wanted, reservation::grant_trust::verified, now()).holder, nullptr);
        return auth;
    };
    const auto second = retry(2);
    for (std::int64_t reqnum = 3; reqnum <= 9; ++reqnum)
        retry(reqnum);
    EXPECT_EQ(post("/session/get", reference(id, second)).status, 401u);
    EXPECT_EQ(post("/session/get", reference(id, first)).status, 200u);
}

TEST_F(public_api_test, a_ping_that_was_accepted_is_checked_again_under_another_key) {
    const auto body = ping(grant(1)).dump();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(post("/ping", body).status, 200u);
    const test::test_key next;
    use_key(next);
    EXPECT_EQ(post("/ping", body).status, 401u);
    EXPECT_EQ(post("/ping", ping(grant(1, next))).status, 200u);
    EXPECT_EQ(post("/ping", body).status, 401u);
}

TEST_F(public_api_test, a_session_is_renewed_without_the_key_that_it_was_opened_with) {
    const auto auth = grant(1);
    const auto body = ping(auth, create(auth));
    ASSERT_EQ(post("/ping", body).status, 200u);
    use_key(test::test_key());
    EXPECT_EQ(post("/ping", body).status, 200u);
}

TEST_F(public_api_test, each_ping_counts_also_one_that_is_remembered) {
    const auto auth = grant(1);
    const auto id = create(auth);
    const auto in_session = ping(auth, id);
    const auto alone = ping(grant(2));
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(post("/ping", in_session).status, 200u);
        ASSERT_EQ(post("/ping", alone).status, 200u);
    }
    EXPECT_EQ(desk.take_snapshot().figures.cur_perf, 600);
    EXPECT_EQ(desk.outbox().size(), 3u);
}

TEST_F(public_api_test, a_body_that_is_refused_is_refused_each_time) {
    const auto auth = grant(1);
    const auto id = create(auth);
    ASSERT_EQ(post("/session/get", reference(id, auth)).status, 200u);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(post("/session/get", std::string("{nope")).status, 422u);
        EXPECT_EQ(post("/ping", std::string()).status, 422u);
        EXPECT_EQ(post("/ping", json::object()).status, 422u);
    }
}

}  // namespace
}  // namespace nullworker::api
