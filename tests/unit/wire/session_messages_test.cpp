#include "support/recordings.hpp"

#include <nullworker/wire/control_messages.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nullworker::wire {
namespace {

using nlohmann::json;

json grant() {
    return {{"url", "https://203.0.113.7:40001"},
            {"endpoint", "bench"},
            {"cost", 100.0},
            {"reqnum", 1},
            {"request_idx", 11},
            {"signature", "c2ln"}};
}

json create() {
    return {{"auth_data", grant()}, {"session_id", nullptr}, {"payload", {{"lifetime", 30.0}}}};
}

// A change to a good message, as RFC 7396 has it, but for null, which is taken as a value.
struct change {
    const char* pointer;
    json value;
};

json changed(json message, const change& one) {
    message[json::json_pointer(one.pointer)] = one.value;
    return message;
}

json without(json message, const char* pointer) {
    const json::json_pointer path(pointer);
    message[path.parent_pointer()].erase(path.back());
    return message;
}

std::string fault(const parsed<create_request>& outcome) {
    return outcome ? "accepted" : json::parse(outcome.error().body).at("error").get<std::string>();
}

TEST(create_request, is_read_whole) {
    auto message = create();
    message["auth_data"]["__request_id"] = "x";
    message["payload"]["on_close_route"] = "https://h/closed";
    message["payload"]["on_close_payload"] = {{"job", "a"}};
    message["payload"]["claim"] = std::string(64, 'a');
    const auto request = parse_create(message.dump(), {});
    ASSERT_TRUE(request.has_value()) << request.error().body;
    EXPECT_EQ(request->grant.url, "https://203.0.113.7:40001");
    EXPECT_EQ(request->grant.endpoint, "bench");
    EXPECT_EQ(request->grant.cost, 100.0);
    EXPECT_EQ(request->grant.reqnum, 1);
    EXPECT_EQ(request->grant.request_idx, 11);
    EXPECT_EQ(request->grant.signature, "c2ln");
    EXPECT_EQ(request->grant.document.document(), message["auth_data"]);
    EXPECT_EQ(request->lifetime.count(), 30.0);
    EXPECT_EQ(request->on_close_route, "https://h/closed");
    EXPECT_EQ(request->claim, std::string(64, 'a'));
    EXPECT_EQ(request->on_close_payload.document(), message["payload"]["on_close_payload"]);
}

TEST(requests, that_have_a_key_twice_are_refused_by_its_name) {
    const std::string letters(64, 'a');
    std::string umlauts;
    for (int i = 0; i < 40; ++i)
        umlauts += "ä";
    struct row {
        std::string key;
        std::string error;
    };
    const row table[] = {
        {"session_id", "duplicate key \"session_id\""},
        {"", "duplicate key \"\""},
        {"\"\\\n", "duplicate key \"\"\\\n\""},
        {letters, "duplicate key \"" + letters + '"'},
        {letters + "a", "duplicate key \"" + letters + "…\""},
        {"a" + umlauts, "duplicate key \"a" + umlauts.substr(0, 62) + "…\""},
        {umlauts, "duplicate key \"" + umlauts.substr(0, 64) + "…\""},
    };
    for (const auto& row : table) {
        const auto member = json(row.key).dump() + ":1";
        const auto body = R"({"auth_data":{)" + member + "," + member + "}}";
        const json refused = {{"error", row.error}};
        EXPECT_EQ(json::parse(parse_create(body, {}).error().body), refused);
        EXPECT_EQ(json::parse(parse_session_reference(body).error().body), refused);
        EXPECT_EQ(json::parse(parse_ping(body, grant_form::complete).error().body), refused);
    }
}

TEST(create_request, is_accepted_as_recorded) {
    for (const char* name : {"create", "create second"}) {
        auto message = test::recorded_case(name)["request"]["body"];
        if (auto& route = message["payload"]["on_close_route"]; route.is_string())
            route = "http://h/closed";
        EXPECT_TRUE(parse_create(message.dump(), {}).has_value()) << name;
    }
}

TEST(create_request, has_defaults_for_what_may_be_absent) {
    auto message = create();
    message.erase("session_id");
    message["payload"] = json::object();
    const auto request = parse_create(message.dump(), {});
    ASSERT_TRUE(request.has_value()) << request.error().body;
    EXPECT_EQ(request->lifetime, default_lifetime);
    EXPECT_FALSE(request->on_close_route.has_value());
    EXPECT_TRUE(request->on_close_payload.is_null());
}

TEST(create_request, takes_an_empty_close_route_for_none) {
    auto message = create();
    message["payload"]["on_close_route"] = "";
    const auto request = parse_create(message.dump(), {});
    ASSERT_TRUE(request.has_value()) << request.error().body;
    EXPECT_FALSE(request->on_close_route.has_value());
}

TEST(create_request, that_is_no_json_object_is_refused) {
    for (const char* body : {"", "]", "{nope", "NaN", "{\"a\": 1e400}"})
        EXPECT_EQ(fault(parse_create(body, {})), "invalid JSON") << body;
    EXPECT_EQ(fault(parse_create(std::string(1000, '['), {})), "invalid JSON");
    for (const char* body : {"[]", "null", "7", "\"text\""})
        EXPECT_EQ(fault(parse_create(body, {})), "body: must be an object") << body;
}

TEST(create_request, names_the_field_that_is_missing) {
    struct row {
        const char* pointer;
        const char* fault;
    };
    const row table[] = {
        {"/auth_data", "auth_data: missing"},
        {"/payload", "payload: missing"},
        {"/auth_data/cost", "auth_data.cost: missing parameter"},
        {"/auth_data/endpoint", "auth_data.endpoint: missing parameter"},
        {"/auth_data/reqnum", "auth_data.reqnum: missing parameter"},
        {"/auth_data/request_idx", "auth_data.request_idx: missing parameter"},
        {"/auth_data/signature", "auth_data.signature: missing parameter"},
        {"/auth_data/url", "auth_data.url: missing parameter"},
    };
    for (const auto& row : table)
        EXPECT_EQ(fault(parse_create(without(create(), row.pointer).dump(), {})), row.fault);
}

TEST(create_request, names_the_field_that_is_wrong) {
    struct row {
        change one;
        const char* fault;
    };
    constexpr const char* positive = "must be a finite number greater than 0";
    const auto cost = std::string("auth_data.cost: ") + positive;
    const auto lifetime = std::string("lifetime: ") + positive;
    const row table[] = {
        {{"/auth_data", nullptr}, "auth_data: must be an object"},
        {{"/auth_data", "x"}, "auth_data: must be an object"},
        {{"/auth_data", json::array()}, "auth_data: must be an object"},
        {{"/auth_data/cost", 0}, cost.c_str()},
        {{"/auth_data/cost", -1.0}, cost.c_str()},
        {{"/auth_data/cost", "100"}, cost.c_str()},
        {{"/auth_data/cost", true}, cost.c_str()},
        {{"/auth_data/cost", nullptr}, cost.c_str()},
        {{"/auth_data/endpoint", 7}, "auth_data.endpoint: must be a string"},
        {{"/auth_data/endpoint", nullptr}, "auth_data.endpoint: must be a string"},
        {{"/auth_data/reqnum", 1.5}, "auth_data.reqnum: must be an integer"},
        {{"/auth_data/reqnum", "1"}, "auth_data.reqnum: must be an integer"},
        {{"/auth_data/request_idx", nullptr}, "auth_data.request_idx: must be an integer"},
        {{"/auth_data/request_idx", 1e30}, "auth_data.request_idx: must be an integer"},
        {{"/auth_data/request_idx", std::uint64_t{1} << 63}, "auth_data.request_idx: must be an integer"},
        {{"/auth_data/signature", json::array()}, "auth_data.signature: must be a string"},
        {{"/auth_data/url", 7}, "auth_data.url: must be a string"},
        {{"/session_id", 7}, "session_id: must be null or a string"},
        {{"/payload", nullptr}, "payload: must be an object"},
        {{"/payload", json::array()}, "payload: must be an object"},
        {{"/payload/lifetime", 0}, lifetime.c_str()},
        {{"/payload/lifetime", -60}, lifetime.c_str()},
        {{"/payload/lifetime", "60"}, lifetime.c_str()},
        {{"/payload/lifetime", nullptr}, lifetime.c_str()},
        {{"/payload/lifetime", 86400.5}, "lifetime: exceeds the configured maximum"},
        {{"/payload/on_close_route", 7}, "on_close_route: must be null or a string"},
        {{"/payload/on_close_route", "closed"},
         "on_close_route: must be an http(s):// URL or start with '/'"},
        {{"/payload/on_close_route", "ftp://h/"},
         "on_close_route: must be an http(s):// URL or start with '/'"},
        {{"/payload/claim", 7}, "claim: must be null or a string"},
        {{"/payload/claim", json::object()}, "claim: must be null or a string"},
        {{"/payload/claim", ""}, "claim: must be 64 hexadecimal digits"},
        {{"/payload/claim", std::string(63, 'a')}, "claim: must be 64 hexadecimal digits"},
        {{"/payload/claim", std::string(65, 'a')}, "claim: must be 64 hexadecimal digits"},
        {{"/payload/claim", std::string(64, 'g')}, "claim: must be 64 hexadecimal digits"},
    };
    for (const auto& row : table)
        EXPECT_EQ(fault(parse_create(changed(create(), row.one).dump(), {})), row.fault)
            << row.one.pointer << " = " << row.one.value;
}

TEST(create_request, takes_what_lies_on_the_border) {
    const change table[] = {
        {"/auth_data/cost", 1e-9},
        {"/auth_data/cost", 1},
        {"/auth_data/reqnum", -1},
        {"/auth_data/request_idx", std::numeric_limits<std::int64_t>::max()},
        {"/auth_data/request_idx", std::numeric_limits<std::int64_t>::min()},
        {"/auth_data/signature", ""},
        {"/session_id", "left over"},
        {"/payload/lifetime", 86400},
        {"/payload/lifetime", 0.001},
        {"/payload/on_close_route", nullptr},
        {"/payload/on_close_route", "/"},
        {"/payload/on_close_route", "http://h"},
        {"/payload/on_close_payload", "any"},
        {"/payload/claim", nullptr},
        {"/payload/claim", std::string(64, 'F')},
    };
    for (const auto& one : table)
        EXPECT_EQ(fault(parse_create(changed(create(), one).dump(), {})), "accepted") << one.pointer;
}

TEST(create_request, keeps_to_a_shorter_maximum_by_default) {
    auto message = create();
    message["payload"] = json::object();
    const auto request = parse_create(message.dump(), {.max_lifetime = seconds(10)});
    ASSERT_TRUE(request.has_value());
    EXPECT_EQ(request->lifetime, seconds(10));
}

TEST(create_request, needs_little_when_debugging) {
    const create_limits debugging{.form = grant_form::debugging};
    const json message = {{"auth_data", {{"request_idx", 1}, {"url", "http://h:1"}}},
                          {"payload", json::object()}};
    const auto request = parse_create(message.dump(), debugging);
    ASSERT_TRUE(request.has_value()) << request.error().body;
    EXPECT_EQ(request->grant.cost, 100.0);
    EXPECT_EQ(request->grant.reqnum, 0);
    EXPECT_EQ(request->grant.endpoint, "");
    EXPECT_EQ(fault(parse_create(without(message, "/auth_data/url").dump(), debugging)),
              "auth_data.url: missing parameter");
    EXPECT_EQ(fault(parse_create(without(message, "/auth_data/request_idx").dump(), debugging)),
              "auth_data.request_idx: missing parameter");
    EXPECT_EQ(fault(parse_create(changed(message, {"/auth_data/cost", "x"}).dump(), debugging)),
              "auth_data.cost: must be a finite number greater than 0");
}

TEST(session_reference, is_read_with_whatever_auth_came) {
    const auto whole = parse_session_reference(json{{"session_id", "a"}, {"session_auth", grant()}}.dump());
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(whole->session_id, "a");
    EXPECT_EQ(whole->session_auth.document(), grant());
    const auto bare = parse_session_reference(R"({"session_id": "a"})");
    ASSERT_TRUE(bare.has_value());
    EXPECT_TRUE(bare->session_auth.is_null());
}

TEST(session_reference, is_refused_as_the_framework_does) {
    struct row {
        const char* body;
        const char* refusal;
    };
    const row table[] = {
        {"]", R"({"error":"invalid JSON"})"},
        {"", R"({"error":"invalid JSON"})"},
        {"[]", R"({"error":"body: must be an object"})"},
        {"{}", R"({"error":"missing session_id"})"},
        {R"({"session_id": null})", R"({"error":"missing session_id"})"},
        {R"({"session_id": ""})", R"({"error":"missing session_id"})"},
        {R"({"session_id": 0})", R"({"error":"missing session_id"})"},
        {R"({"session_id": false})", R"({"error":"missing session_id"})"},
        {R"({"session_id": []})", R"({"error":"missing session_id"})"},
        {R"({"session_id": {}})", R"({"error":"missing session_id"})"},
        {R"({"session_id": 7})", R"({"error":"session_id: must be a string"})"},
        {R"({"session_id": ["a"]})", R"({"error":"session_id: must be a string"})"},
    };
    for (const auto& row : table) {
        const auto reference = parse_session_reference(row.body);
        ASSERT_FALSE(reference.has_value()) << row.body;
        EXPECT_EQ(reference.error().body, row.refusal) << row.body;
    }
}

TEST(retire_request, says_when) {
    const struct {
        const char* body;
        retire_when when;
    } table[] = {
        {R"({"session_id": "a"})", retire_when::done},
        {R"({"session_id": "a", "when": null})", retire_when::done},
        {R"({"session_id": "a", "when": "done"})", retire_when::done},
        {R"({"session_id": "a", "when": "idle"})", retire_when::idle},
        {R"({"session_id": "a", "when": "never"})", retire_when::never},
    };
    for (const auto& row : table) {
        const auto wanted = parse_retire(row.body);
        ASSERT_TRUE(wanted.has_value()) << row.body;
        EXPECT_EQ(wanted->when, row.when) << row.body;
        EXPECT_EQ(wanted->session.session_id, "a");
    }
}

TEST(retire_request, is_refused_like_an_end_and_for_another_when) {
    EXPECT_EQ(parse_retire("]").error().body, R"({"error":"invalid JSON"})");
    EXPECT_EQ(parse_retire("{}").error().body, R"({"error":"missing session_id"})");
    for (const auto* when : {R"("soon")", R"("")", "7", "true", "[]"}) {
        const auto wanted = parse_retire(std::string(R"({"session_id": "a", "when": )") + when + "}");
        ASSERT_FALSE(wanted.has_value()) << when;
        EXPECT_EQ(wanted.error().body, R"({"error":"when: must be idle, done or never"})") << when;
    }
}

TEST(session_replies, tell_what_becomes_of_a_session_that_is_to_retire) {
    EXPECT_EQ(session_retiring(1790000060.5, 60),
              R"({"ended":false,"protected_until":1790000060.5,"remaining":60.0})");
    EXPECT_EQ(session_busy(2.5), R"({"protected":2.5})");
    EXPECT_EQ(session_kept(), R"({"ended":false,"retiring":false})");
    EXPECT_EQ(session_stands({.session_id = "a", .remaining = 1.5, .protected_for = 0, .retiring = true}),
              R"({"protected":0.0,"remaining":1.5,"retiring":true,"session_id":"a"})");
    EXPECT_EQ(session_stands({.session_id = "a", .remaining = 1.5, .worker_id = 17}),
              R"({"protected":0.0,"remaining":1.5,"retiring":false,"session_id":"a","worker_id":17})");
}

TEST(ping_request, is_answered_as_recorded) {
    for (const char* name :
         {"ping signed", "ping payload echo fields ignored", "ping invalid json", "ping no auth_data",
          "ping no payload", "ping empty object", "ping auth_data lacks fields", "ping in session"}) {
        SCOPED_TRACE(name);
        const auto recorded = test::recorded_case(name);
        const auto& request = recorded["request"];
        const auto body =
            request.contains("raw") ? request["raw"].get<std::string>() : request["body"].dump();
        const auto ping = parse_ping(body, grant_form::complete);
        const auto& response = recorded["response"];
        ASSERT_EQ(ping.has_value(), response["status"] == 200);
        if (ping)
            continue;
        // The recorder masked every field named signature, this fault's text included.
        auto expected = response["body"];
        if (expected.contains("auth_data") && expected["auth_data"].is_object())
            expected["auth_data"]["signature"] = "missing parameter";
        EXPECT_EQ(json::parse(ping.error().body), expected);
    }
}

TEST(ping_request, names_every_fault_at_once) {
    struct row {
        json message;
        json faults;
    };
    const row table[] = {
        {{{"auth_data", grant()}, {"payload", json::array()}},
         {{"payload", {{"data", "payload must be a dictionary"}}}}},
        {{{"auth_data", 7}, {"payload", json::object()}}, {{"auth_data", "must be a dictionary"}}},
        {{{"auth_data", nullptr}, {"payload", nullptr}},
         {{"auth_data", "must be a dictionary"}, {"payload", {{"data", "payload must be a dictionary"}}}}},
        {{{"auth_data", changed(grant(), {"/cost", -1})}, {"payload", json::object()}},
         {{"auth_data", {{"cost", "must be a finite number greater than 0"}}}}},
        {{{"auth_data", grant()}, {"payload", json::object()}, {"session_id", 7}},
         {{"session_id", "must be null or a string"}}},
    };
    for (const auto& row : table) {
        const auto ping = parse_ping(row.message.dump(), grant_form::complete);
        ASSERT_FALSE(ping.has_value()) << row.message;
        EXPECT_EQ(json::parse(ping.error().body), row.faults);
    }
}

TEST(ping_request, may_name_a_session) {
    json message = {{"auth_data", grant()}, {"payload", json::object()}};
    EXPECT_FALSE(parse_ping(message.dump(), grant_form::complete)->session_id.has_value());
    message["session_id"] = nullptr;
    EXPECT_FALSE(parse_ping(message.dump(), grant_form::complete)->session_id.has_value());
    message["session_id"] = "a";
    EXPECT_EQ(parse_ping(message.dump(), grant_form::complete)->session_id, "a");
}

TEST(session_replies, have_the_recorded_form) {
    const auto body = [](const char* name) { return test::recorded_case(name)["response"]["body"]; };
    EXPECT_EQ(json::parse(ping_result()), body("ping signed"));
    EXPECT_EQ(json::parse(ok(true)), body("health"));
    EXPECT_EQ(json::parse(ok(false)), body("/session/health unknown id"));
    EXPECT_EQ(json::parse(error("session_auth is not valid")), body("/session/end no auth"));
    EXPECT_EQ(json::parse(error("session does not exist")), body("/session/get unknown id"));
    EXPECT_EQ(json::parse(session_not_found("nosuch")), body("/session/end unknown id"));
    EXPECT_EQ(session_not_found("nosuch"), R"({"error":"session with id nosuch not found"})");
    EXPECT_EQ(json::parse(session_ended("<sid>")), body("end"));
    EXPECT_EQ(json::parse(released("<sid>"))["released"], body("release")["released"]);
    EXPECT_EQ(json::parse(not_released("no active session")), body("release none"));
    const auto created = json::parse(session_created("a", 1790000000.25));
    EXPECT_EQ(created, json({{"session_id", "a"}, {"expiration", 1790000000.25}}));
}

TEST(session_replies, describe_a_session_with_the_recorded_fields) {
    session_description session;
    session.session_id = "a";
    session.auth_data = json_value(grant());
    session.lifetime = seconds(60);
    const auto described = json::parse(session_described(session));
    const auto expected = test::recorded_case("get")["response"]["body"];
    for (const auto& item : expected.items())
        EXPECT_TRUE(described.contains(item.key())) << item.key();
    EXPECT_EQ(described.size(), expected.size());
    EXPECT_TRUE(described["on_close_route"].is_null());
    EXPECT_TRUE(described["lifetime"].is_number_float());
    EXPECT_EQ(described["auth_data"], grant());
}

TEST(session_replies, say_what_is_unhealthy) {
    EXPECT_EQ(json::parse(unhealthy({"a", "b"})), json({{"ok", false}, {"reasons", {"a", "b"}}}));
}

TEST(close_callback, adds_the_session_to_the_payload) {
    struct row {
        const char* payload;
        const char* body;
    };
    const row table[] = {
        {"null", R"({"session_id":"s"})"},
        {"{}", R"({"session_id":"s"})"},
        {R"({"job":"a"})", R"({"job":"a","session_id":"s"})"},
        {R"({"session_id":"mine"})", R"({"session_id":"mine"})"},
        {"[1,2]", R"({"payload":[1,2],"session_id":"s"})"},
        {R"("text")", R"({"payload":"text","session_id":"s"})"},
        {"false", R"({"payload":false,"session_id":"s"})"},
    };
    for (const auto& row : table)
        EXPECT_EQ(close_callback(json_value::parse(row.payload).value(), "s"), row.body);
}

}  // namespace
}  // namespace nullworker::wire
