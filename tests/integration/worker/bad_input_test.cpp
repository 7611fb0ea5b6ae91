#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/test_worker.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Whatever is sent to a worker: it is refused with a 4xx that names the field, and the next session works.
namespace nullworker::test {
namespace {

using nlohmann::json;
using listener = test_worker::listener;

constexpr auto get = net::verb::get;
constexpr auto post = net::verb::post;

// ---- JSON by hand, since no library writes what is not JSON --------------------------------------------

// An object's members: names, and values as they stand in the text.
using members = std::vector<std::pair<std::string, std::string>>;

std::string object(const members& all) {
    std::string out = "{";
    for (const auto& [name, value] : all)
        out += (out.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
    return out + "}";
}

members with(members all, const std::string& name, const std::string& value) {
    for (auto& each : all)
        if (each.first == name) {
            each.second = value;
            return all;
        }
    all.emplace_back(name, value);
    return all;
}

members without(members all, const std::string& name) {
    std::erase_if(all, [&](const auto& each) { return each.first == name; });
    return all;
}

std::string quoted(const std::string& text) {
    return '"' + text + '"';
}

std::string nested(int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
}

constexpr const char* public_paths[] = {"/session/create", "/session/end",    "/session/get",
                                        "/session/health", "/session/retire", "/session/status",
                                        "/ping",           "/pyworker/update"};

const std::string forty_digits = "1234567890123456789012345678901234567890";

// ---- the table -----------------------------------------------------------------------------------------

struct row {
    std::string name;
    listener to = listener::open;
    net::verb method = post;
    std::string path;
    std::string body;
    unsigned status = 422;
    std::string says;  // somewhere in the body
    std::vector<net::header> headers = {};
};

// Values as they stand in the text: wrong at some fields, or no JSON at all.
using texts = std::vector<std::string>;

const texts not_strings = {"null", "true", "7", "1.5", "[]", "[\"a\"]", "{}"};
const texts not_json = {"NaN",          "Infinity", "-Infinity",    "1e400",    "-1e400",    "0x10",
                        "01",           "1.",       "+1",           "'text'",   "undefined", "\"\\ud800\"",
                        "\"\\udc00 \"", "\"\xff\"", "\"\xc0\x80\"", "\"\x01\"", "\"\\x41\""};
const texts not_positive = {"null", "true",  "false",  "\"100\"",    "[]",
                            "{}",   "0",     "0.0",    "-0.0",       "-1",
                            "-0.5", "1e308", "-1e308", forty_digits, "-" + forty_digits};
const texts not_integers = {"null",
                            "true",
                            "\"7\"",
                            "[]",
                            "{}",
                            "1.5",
                            "1e308",
                            forty_digits,
                            "-" + forty_digits,
                            "9223372036854775808",
                            "18446744073709551615"};

struct grant_field {
    std::string name;
    const texts& wrong;
};
const std::vector<grant_field> grant_fields = {{"url", not_strings},       {"endpoint", not_strings},
                                               {"signature", not_strings}, {"cost", not_positive},
                                               {"reqnum", not_integers},   {"request_idx", not_integers}};

class table {
public:
    explicit table(test_worker& worker) : x_worker(worker) {
        const json grant = worker.grant(11);
        for (const auto& field : grant_fields)
            x_grant.emplace_back(field.name, grant.at(field.name).dump());
        x_create = {
            {"auth_data", object(x_grant)}, {"session_id", "null"}, {"payload", R"({"lifetime":60})"}};
        x_ping = {{"auth_data", object(x_grant)}, {"session_id", "null"}, {"payload", "{}"}};
    }

    // Each adds one group of rows; `rows` hands out what was added.
    [[nodiscard]] std::vector<row> rows() { return std::move(x_rows); }

    // One name twice, at any depth: which of the two counts differs between parsers, so neither does.
    void duplicate_keys() {
        const auto twice = [&](members all, const std::string& name) {
            std::string value = "null";
            for (const auto& each : all)
                if (each.first == name)
                    value = each.second;
            all.emplace_back(name, value);
            return object(all);
        };
        for (const char* path : {"/session/create", "/ping"}) {
            const auto& message = path == std::string("/ping") ? x_ping : x_create;
            for (const char* name : {"auth_data", "session_id", "payload"})
                add(path, name + std::string(" twice"), twice(message, name), name);
            for (const auto& field : grant_fields)
                add(path, field.name + " twice",
                    object(with(message, "auth_data", twice(x_grant, field.name))), field.name);
        }
        for (const char* name : {"lifetime", "on_close_route", "on_close_payload", "claim"}) {
            const members payload = {{"lifetime", "60"},
                                     {"on_close_route", "null"},
                                     {"on_close_payload", "{}"},
                                     {"claim", "null"}};
            add("/session/create", name + std::string(" twice"),
                object(with(x_create, "payload", twice(payload, name))), name);
        }
        add("/session/create", "a key of the callback's payload twice",
            object(with(x_create, "payload", R"({"on_close_payload":{"a":{"b":1,"b":2}}})")), "b");
        for (const char* path :
             {"/session/end", "/session/get", "/session/health", "/session/retire", "/session/status"})
            for (const char* name : {"session_id", "session_auth"})
                add(path, name + std::string(" twice"),
                    twice({{"session_id", "\"nosuch\""}, {"session_auth", "{}"}}, name), name);
    }

    // The six fields of a grant.
    void grants_of_create() { grants("/session/create", x_create); }
    void grants_of_ping() { grants("/ping", x_ping); }

    // What stands beside the grant.
    void envelopes() {
        for (const char* path : {"/session/create", "/ping"}) {
            const auto& message = path == std::string("/ping") ? x_ping : x_create;
            for (const char* wrong : {"null", "true", "7", "\"text\"", "[]", "[{}]"})
                add(path, "payload " + std::string(wrong), object(with(message, "payload", wrong)),
                    "payload");
            add(path, "no payload", object(without(message, "payload")), "payload");
            for (const char* wrong : {"true", "false", "0", "7", "1.5", "[]", "[\"a\"]", "{}"})
                add(path, "session_id " + std::string(wrong), object(with(message, "session_id", wrong)),
                    "session_id");
        }
        for (const char* unknown : {"\"\"", "\"nosuch\"", "\"\\u0000\"", "\"0000000000000\""})
            add("/ping", "session_id " + std::string(unknown), object(with(x_ping, "session_id", unknown)),
                "invalid session", 410);
    }

    void payloads() {
        const auto payload = [&](const std::string& name, const std::string& text, const std::string& says) {
            add("/session/create", name + " " + text,
                object(with(x_create, "payload", "{\"" + name + "\":" + text + "}")), says);
        };
        for (const auto& wrong : not_positive)
            payload("lifetime", wrong, "lifetime");
        for (const char* wrong : {"86400.001", "86401", "1e9"})
            payload("lifetime", wrong, "lifetime");
        for (const std::string wrong :
             {"true", "7", "[]", "{}", "\"\"", "\"short\"", "\"0123456789abcdefg\""})
            payload("claim", wrong, "claim");
        payload("claim", '"' + std::string(65, 'a') + '"', "claim");
        for (const auto& wrong : not_json)
            payload("lifetime", wrong, "invalid JSON");
        for (const char* wrong : {"true",
                                  "false",
                                  "0",
                                  "7",
                                  "[]",
                                  "{}",
                                  "[\"/a\"]",
                                  "\" \"",
                                  "\"closed\"",
                                  "\"ftp://x/\"",
                                  "\"javascript:alert(1)\"",
                                  "\"file:///etc/passwd\"",
                                  "\"http://\"",
                                  "\"http:///x\"",
                                  "\"http:x\"",
                                  "\"https://user:secret@x/\"",
                                  "\"http://x:0/\"",
                                  "\"http://x:65536/\"",
                                  "\"http://x:port/\"",
                                  "\"http://a b/\"",
                                  "\"http://[::1/\"",
                                  "\"http://[::g]/\"",
                                  "\"/a b\"",
                                  "\"/a\\nb\"",
                                  "\"/a\\r\\nHost: x\"",
                                  "\"/a\\u0000b\"",
                                  "\"/a#b\"",
                                  "\"/%zz\"",
                                  "\"/\\u00e4\"",
                                  "\"?a=b\""})
            payload("on_close_route", wrong, "on_close_route");
        payload("on_close_payload", nested(31), "invalid JSON");
        payload("on_close_payload", nested(10000), "invalid JSON");
        payload("on_close_payload", "1e999", "invalid JSON");
    }

    // Well-formed grants that are not the autoscaler's for this worker.
    void signatures() {
        const test_key other;
        const auto own = x_worker.url();
        const std::string elsewhere = "http://203.0.113.7:40001";
        const auto right = x_worker.key().sign(wire::signed_message(own));
        const auto forged = [&](const std::string& url, const std::string& signature) {
            return with(with(x_grant, "url", quoted(url)), "signature", quoted(signature));
        };
        std::string damaged = right;
        damaged[10] = damaged[10] == 'A' ? 'B' : 'A';
        const std::vector<std::pair<std::string, members>> all = {
            {"forged", forged(own, other.sign(wire::signed_message(own)))},
            {"damaged", forged(own, damaged)},
            {"cut short", forged(own, right.substr(0, right.size() - 4))},
            {"signed over something else", forged(own, x_worker.key().sign("something else"))},
            {"an empty signature", forged(own, "")},
            {"a signature that is no base64", forged(own, "not base64 at all!")},
            {"a signature of one byte", forged(own, "QQ==")},
            {"a signature of 10,000 bytes", forged(own, std::string(10000, 'A'))},
            {"another worker's", forged(elsewhere, x_worker.key().sign(wire::signed_message(elsewhere)))},
            {"another worker's signature", forged(own, x_worker.key().sign(wire::signed_message(elsewhere)))},
            {"an empty url", forged("", x_worker.key().sign(wire::signed_message("")))},
            {"a url that is none", forged("nonsense", x_worker.key().sign(wire::signed_message("nonsense")))},
            {"a url that goes on", forged(own + "0", right)},
        };
        for (const auto& [name, grant] : all) {
            add("/session/create", name, object(with(x_create, "auth_data", object(grant))), "", 401);
            add("/ping", name, object(with(x_ping, "auth_data", object(grant))), "", 401);
        }
    }

    // What names a session; none of these does. /session/health answers an unknown session with a 200.
    void references() {
        const std::vector<std::pair<listener, std::string>> places = {
            {listener::open, "/session/end"},    {listener::open, "/session/get"},
            {listener::open, "/session/health"}, {listener::open, "/session/retire"},
            {listener::open, "/session/status"}, {listener::webhook, "/session/end"}};
        const auto grant = object(x_grant);
        for (const auto& [to, path] : places) {
            const auto row_for = [&, to = to, path = path](const std::string& name, std::string body,
                                                           const std::string& says, unsigned status) {
                x_rows.push_back({path + ": " + name, to, post, path, std::move(body), status, says});
            };
            row_for("no session_id", object({{"session_auth", grant}}), "session_id", 422);
            for (const char* missing : {"null", "\"\"", "0", "0.0", "false", "[]", "{}"})
                row_for(std::string("session_id ") + missing,
                        object({{"session_id", missing}, {"session_auth", grant}}), "session_id", 422);
            for (const char* wrong : {"7", "1.5", "-1", "true", "[\"a\"]", R"({"a":1})"})
                row_for(std::string("session_id ") + wrong,
                        object({{"session_id", wrong}, {"session_auth", grant}}), "session_id", 422);
            if (path == "/session/health")
                continue;
            row_for("an unknown session", R"({"session_id":"nosuch"})", "session", 400);
            for (const char* id : {"\"nosuch\"", "\"\\u0000\"", "\"\\u00e4\"", "\"0000000000000\""})
                row_for(std::string("session_id ") + id,
                        object({{"session_id", id}, {"session_auth", grant}}), "session", 400);
        }
    }

    void retirements() {
        for (const char* wrong : {"\"\"", "\"soon\"", "\"Idle\"", "7", "true", "[]", "{}"})
            add("/session/retire", std::string("when ") + wrong,
                object({{"session_id", "\"nosuch\""}, {"when", wrong}}), "when");
        add("/session/retire", "when twice", R"({"session_id":"nosuch","when":"done","when":"idle"})",
            "when");
    }

    void protections() {
        const auto row_for = [&](const std::string& body, unsigned status, const std::string& says) {
            x_rows.push_back(
                {"/protect: " + body.substr(0, 40), listener::control, post, "/protect", body, status, says});
        };
        for (const char* wrong : {"-1", "null", "true", "\"60\"", "[]", "{}", "-0.001"})
            row_for(object({{"seconds", wrong}}), 422, "seconds");
        for (const char* wrong : {"\"\"", "7", "true", "[]", "{}"})
            row_for(object({{"seconds", "60"}, {"session_id", wrong}}), 422, "session_id");
        for (const char* body : {"", "{}", R"({"session_id":"nosuch"})"})
            row_for(body, 422, "seconds");
        row_for(R"({"seconds":1,"seconds":2})", 422, "seconds");
        row_for("nonsense", 422, "invalid JSON");
        row_for("[]", 422, "body");
        for (const char* body :
             {R"({"seconds":60})", R"({"seconds":0})", R"({"seconds":60,"session_id":"nosuch"})"})
            row_for(body, 409, "not the holder");
    }

    void updates() {
        for (const char* token : {"", "Bearer", "Bearer ", "Bearer  master-token-for-checks",
                                  "Bearer Bearer master-token-for-checks", "master-token-for-check",
                                  "master-token-for-checksx", "Basic bWFzdGVy"})
            x_rows.push_back({"/pyworker/update: " + std::string(token),
                              listener::open,
                              post,
                              "/pyworker/update",
                              "{}",
                              401,
                              "unauthorized",
                              {{"Authorization", token}}});
        x_rows.push_back({"/pyworker/update: no token", listener::open, post, "/pyworker/update", "{}", 401,
                          "unauthorized"});
    }

    // Bodies that are no JSON, or no object, at every route that reads one.
    void bodies() {
        const std::string create = object(x_create);
        const std::vector<std::pair<std::string, std::string>> nonsense = {
            {"nothing", ""},
            {"a space", " "},
            {"plain text", "hello"},
            {"a form", "session_id=a&session_auth=b"},
            {"XML", "<session/>"},
            {"half of it", create.substr(0, create.size() / 2)},
            {"all but the last brace", create.substr(0, create.size() - 1)},
            {"two documents", create + create},
            {"something after it", create + "x"},
            {"a trailing comma", "{\"session_id\":\"a\",}"},
            {"a comment", "{/* */\"session_id\":\"a\"}"},
            {"a name without quotes", "{session_id:\"a\"}"},
            {"a zero byte", std::string(1, '\0')},
            {"a zero byte behind it", create + std::string(1, '\0')},
            {"a zero byte in it", "{\"session_id\":\"a" + std::string(1, '\0') + "b\"}"},
            {"bytes", "\x80\x81\xfe\xff"},
            {"UTF-16", std::string("\xff\xfe{\0}\0", 6)},
            {"a name that is no UTF-8", "{\"\xff\":1}"},
            {"half a surrogate pair", "{\"session_id\":\"\\ud83d\"}"},
            {"33 levels", nested(33)},
            {"10,000 levels", nested(10000)},
            {"10,000 levels that are never closed", std::string(10000, '[')},
            {"10,000 objects that are never closed", std::string(10000, '{')},
        };
        const std::vector<std::string> no_objects = {"[]",   "[{}]",     "7",    "-1.5",
                                                     "true", "\"text\"", "null", nested(32)};
        const std::vector<std::pair<listener, std::string>> places = {
            {listener::open, "/session/create"}, {listener::open, "/session/end"},
            {listener::open, "/session/get"},    {listener::open, "/session/health"},
            {listener::open, "/session/retire"}, {listener::open, "/session/status"},
            {listener::open, "/ping"},           {listener::webhook, "/session/end"}};
        for (const auto& [to, path] : places) {
            for (const auto& [name, body] : nonsense)
                x_rows.push_back({path + ": " + name, to, post, path, body, 422, "invalid JSON"});
            for (const auto& body : no_objects)
                x_rows.push_back({path + ": " + body.substr(0, 10), to, post, path, body, 422, "body"});
        }
    }

    void sizes() {
        const std::vector<std::pair<listener, std::string>> places = {
            {listener::open, "/session/create"}, {listener::open, "/session/end"},
            {listener::open, "/nosuch"},         {listener::webhook, "/session/end"},
            {listener::control, "/protect"},     {listener::control, "/release"}};
        for (const auto& [to, path] : places) {
            x_rows.push_back(
                {path + ": a byte too many", to, post, path, std::string(64 * 1024 + 1, ' '), 413});
            x_rows.push_back({path + ": a header too long",
                              to,
                              post,
                              path,
                              "{}",
                              431,
                              "",
                              {{"X-Long", std::string(8 * 1024, 'x')}}});
            x_rows.push_back(
                {path + ": a path too long", to, post, path + "?" + std::string(9000, 'x'), "{}", 431});
        }
    }

    void verbs_and_paths() {
        for (const char* path : public_paths)
            x_rows.push_back({std::string("GET ") + path, listener::open, get, path, "", 405});
        x_rows.push_back({"GET /session/end", listener::webhook, get, "/session/end", "", 405});
        x_rows.push_back({"GET /release", listener::control, get, "/release", "", 405});
        x_rows.push_back({"POST /health", listener::control, post, "/health", "", 405});
        for (const char* path : {"/", "/session", "/session/", "/session/create/", "/session/createx",
                                 "//session/create", "/SESSION/create", "/session%2fcreate", "/release",
                                 "/health", "/session/../ping", "/ping%00", "/worker_status/"})
            x_rows.push_back(
                {std::string("POST ") + path, listener::open, post, path, object(x_create), 404});
        for (const char* path : {"/", "/session/create", "/session/get", "/session/health", "/session/retire",
                                 "/session/status", "/ping", "/pyworker/update", "/release", "/health"})
            x_rows.push_back(
                {std::string("webhook ") + path, listener::webhook, post, path, object(x_create), 404});
        for (const char* path :
             {"/", "/session/create", "/session/end", "/session/get", "/session/health", "/session/retire",
              "/session/status", "/ping", "/pyworker/update", "/release/"})
            x_rows.push_back(
                {std::string("control ") + path, listener::control, post, path, object(x_create), 404});
    }

private:
    void add(const std::string& path, const std::string& name, std::string body, const std::string& says,
             unsigned status = 422) {
        x_rows.push_back({path + ": " + name, listener::open, post, path, std::move(body), status, says});
    }

    void grants(const std::string& path, const members& message) {
        const auto grant = [&](const members& changed) {
            return object(with(message, "auth_data", object(changed)));
        };
        for (const auto& field : grant_fields) {
            add(path, "no " + field.name, grant(without(x_grant, field.name)), field.name);
            for (const auto& wrong : field.wrong)
                add(path, field.name + " " + wrong, grant(with(x_grant, field.name, wrong)), field.name);
        }
        for (const auto& field : {"url", "cost", "request_idx"})
            for (const auto& wrong : not_json)
                add(path, field + (" " + wrong), grant(with(x_grant, field, wrong)), "invalid JSON");
        add(path, "cost beyond the largest", grant(with(x_grant, "cost", "1000000000.5")), "cost");
        for (const char* wrong : {"null", "true", "7", "\"text\"", "[]", "[{}]"})
            add(path, "auth_data " + std::string(wrong), object(with(message, "auth_data", wrong)),
                "auth_data");
        add(path, "no auth_data", object(without(message, "auth_data")), "auth_data");
        add(path, "auth_data empty", object(with(message, "auth_data", "{}")), "cost");
    }

    test_worker& x_worker;
    members x_grant;
    members x_create;
    members x_ping;
    std::vector<row> x_rows;
};

// ---- what each row must leave behind ------------------------------------------------------------------

std::string reference_text(const std::string& id, const json& auth) {
    return json{{"session_id", id}, {"session_auth", auth}}.dump();
}

// The slot is free and serves: a session is made and ended.
asio::awaitable<void> expect_a_session_works(test_worker& worker, const json& grant, std::string after) {
    const std::string body = worker.create_body(grant).dump();
    const auto created = co_await worker.send(listener::open, post, "/session/create", body);
    EXPECT_EQ(created.status, 201u) << "after " << after << ": " << created.body;
    if (created.status != 201)
        co_return;
    const auto id = json::parse(created.body).at("session_id").get<std::string>();
    const auto ended = co_await worker.send(listener::open, post, "/session/end", reference_text(id, grant));
    EXPECT_EQ(ended.status, 200u) << "after " << after << ": " << ended.body;
}

void expect_refused(const row& each, const net::reply& answer) {
    EXPECT_EQ(answer.status, each.status) << each.name << ": " << answer.body;
    EXPECT_GE(answer.status, 400u) << each.name;
    EXPECT_LT(answer.status, 500u) << each.name;
    EXPECT_NE(answer.body.find(each.says), std::string::npos) << each.name << ": " << answer.body;
    const bool claims_json = answer.content_type == "application/json" && !answer.body.empty();
    EXPECT_TRUE(!claims_json || json::accept(answer.body)) << each.name << ": " << answer.body;
}

asio::awaitable<void> expect_all_refused(test_worker& worker, std::vector<row> rows) {
    co_await worker.until_ready();
    for (const auto& each : rows) {
        const json grant = worker.grant(7);
        const auto answer = co_await worker.send(each.to, each.method, each.path, each.body, each.headers);
        expect_refused(each, answer);
        co_await expect_a_session_works(worker, grant, each.name);
    }
    co_await worker.stop();
}

void expect_refused(void (table::*group)()) {
    asio::io_context loop;
    test_worker worker(
        loop, [](app::settings& config) { config.consumer = parse_url("http://127.0.0.1:1").value(); });
    worker.start();
    table all(worker);
    (all.*group)();
    drive(loop, expect_all_refused(worker, all.rows()));
}

TEST(bad_input, of_a_create_is_refused_with_the_field_of_the_grant) {
    expect_refused(&table::grants_of_create);
}

TEST(bad_input, of_a_ping_is_refused_with_the_field_of_the_grant) {
    expect_refused(&table::grants_of_ping);
}

TEST(bad_input, beside_a_grant_is_refused_with_its_name) {
    expect_refused(&table::envelopes);
}

TEST(bad_input, in_the_payload_of_a_create_is_refused_with_its_name) {
    expect_refused(&table::payloads);
}

TEST(bad_input, that_is_a_grant_of_somebody_else_is_401) {
    expect_refused(&table::signatures);
}

TEST(bad_input, that_names_no_session_is_refused) {
    expect_refused(&table::references);
}

TEST(bad_input, a_retirement_that_is_not_understood_is_refused) {
    expect_refused(&table::retirements);
}

TEST(bad_input, a_protection_that_is_not_understood_or_of_nobody_is_refused) {
    expect_refused(&table::protections);
}

TEST(bad_input, that_is_no_master_token_is_401) {
    expect_refused(&table::updates);
}

TEST(bad_input, that_is_no_json_object_is_422) {
    expect_refused(&table::bodies);
}

TEST(bad_input, that_is_too_large_is_413_or_431) {
    expect_refused(&table::sizes);
}

TEST(bad_input, at_no_route_or_with_another_verb_is_404_or_405) {
    expect_refused(&table::verbs_and_paths);
}

TEST(bad_input, that_names_a_key_twice_is_refused) {
    expect_refused(&table::duplicate_keys);
}

// ---- verbs that the project's own client does not speak --------------------------------------------------

asio::awaitable<void> expect_405(std::uint16_t port, std::string verb, std::string path) {
    auto peer = co_await connect_raw(port);
    co_await peer.send(verb + " " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    const auto answer = co_await peer.read_header();
    EXPECT_EQ(answer.status(), 405) << verb << " " << path;
    peer.close();
}

constexpr const char* other_verbs[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"};

TEST(bad_input, any_other_verb_on_a_known_path_is_405) {
    asio::io_context loop;
    test_worker worker(loop);
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        for (const char* verb : other_verbs) {
            const json grant = subject.grant(7);
            for (const char* path : public_paths)
                co_await expect_405(subject.daemon().public_port(), verb, path);
            co_await expect_405(subject.daemon().webhook_port(), verb, "/session/end");
            co_await expect_405(subject.daemon().control_port(), verb, "/release");
            co_await expect_405(subject.daemon().control_port(), verb, "/health");
            co_await expect_a_session_works(subject, grant, verb);
        }
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

// ---- a live session and those who may not touch it ----------------------------------------------------

std::vector<std::string> wrong_auths(const json& grant) {
    std::vector<std::string> out = {"null", "true", "7", "\"text\"", "[]", "{}"};
    for (const auto& field : grant_fields) {
        json changed = grant;
        changed.erase(field.name);
        out.push_back(changed.dump());
        changed[field.name] = nullptr;
        out.push_back(changed.dump());
    }
    json more = grant;
    more["more"] = 1;
    out.push_back(more.dump());
    out.push_back("[" + grant.dump() + "]");
    out.push_back(json(grant.dump()).dump());
    return out;
}

constexpr const char* session_paths[] = {"/session/end", "/session/get", "/session/health", "/session/retire",
                                         "/session/status"};

std::vector<std::string> wrong_references(const std::string& id, const json& grant) {
    std::vector<std::string> out = {object({{"session_id", quoted(id)}})};
    for (const auto& auth : wrong_auths(grant))
        out.push_back(object({{"session_id", quoted(id)}, {"session_auth", auth}}));
    return out;
}

TEST(bad_input, a_session_opens_to_its_own_grant_and_nothing_else) {
    asio::io_context loop;
    test_worker worker(loop);
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const json grant = subject.grant(7);
        const auto id = co_await subject.create(grant);
        const auto bodies = wrong_references(id, grant);
        for (const auto& body : bodies) {
            for (const char* path : session_paths) {
                const auto answer = co_await subject.send(listener::open, post, path, body);
                EXPECT_EQ(answer.status, 401u) << path << body;
            }
            const auto hooked = co_await subject.send(listener::webhook, post, "/session/end", body);
            EXPECT_EQ(hooked.status, 401u) << body;
        }
        const auto health =
            co_await subject.send(listener::open, post, "/session/health", reference_text(id, grant));
        EXPECT_EQ(health.body, R"({"ok":true})");
        const auto ended =
            co_await subject.send(listener::open, post, "/session/end", reference_text(id, grant));
        EXPECT_EQ(ended.status, 200u);
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

// ---- what is odd, and all the same allowed ------------------------------------------------------------

struct odd_create {
    std::string name;
    json body;
};

std::vector<odd_create> odd_creates(test_worker& worker) {
    const json grant = worker.grant(7);
    std::vector<odd_create> out;
    const auto with_grant = [&](const char* field, json value) {
        json changed = grant;
        changed[field] = std::move(value);
        out.push_back({field + std::string(" ") + changed[field].dump(), worker.create_body(changed)});
    };
    const auto with_payload = [&](json payload) {
        auto name = payload.dump().substr(0, 80);
        out.push_back({std::move(name), worker.create_body(grant, std::move(payload))});
    };
    for (const json& cost : {json(1), json(1e-300), json(0.1), json(1e9), json(std::uint64_t{1000000000})})
        with_grant("cost", cost);
    for (const json& number : {json(0), json(-1), json(INT64_MAX), json(INT64_MIN)}) {
        with_grant("reqnum", number);
        with_grant("request_idx", number);
    }
    with_grant("endpoint", "");
    with_grant("endpoint", "\u00e4\u65e5\U0001F600");
    with_grant("more", json::parse(nested(20)));
    with_payload(json::object());
    for (const json& lifetime : {json(86400), json(86400.0), json(59.999), json(60)})
        with_payload({{"lifetime", lifetime}});
    for (const json& odd :
         {json(), json(true), json(7), json(1.5), json("text"), json::array(), json::object(),
          json::parse(nested(20)), json(std::string(60000, 'x')), json(std::string("a\0b", 3))}) {
        with_payload({{"on_close_payload", odd}});
        with_payload({{"on_close_payload", odd}, {"on_close_route", nullptr}});
        with_payload({{"on_close_payload", odd}, {"on_close_route", worker.autoscaler().origin() + "/hook"}});
    }
    with_payload({{"more", {{"unknown", "keys"}}}});
    for (const json& id : {json("text"), json("")}) {
        out.push_back({"session_id " + id.dump(), worker.create_body(grant)});
        out.back().body["session_id"] = id;
    }
    out.push_back({"no session_id", worker.create_body(grant)});
    out.back().body.erase("session_id");
    out.push_back({"unknown keys", worker.create_body(grant)});
    out.back().body["more"] = json::array({1, "a", nullptr});
    // A grant opens one session.
    int number = 0;
    for (auto& each : out)
        each.body["auth_data"]["__request_id"] = ++number;
    return out;
}

TEST(odd_input, that_the_contract_allows_makes_a_session) {
    asio::io_context loop;
    test_worker worker(loop, {}, [](scripted_peer& autoscaler) {
        autoscaler.reply_always("/hook", net::json_reply(200, "{}"));
    });
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        co_await subject.until_ready();
        const auto all = odd_creates(subject);
        for (const auto& odd : all) {
            const auto created = co_await subject.post("/session/create", odd.body);
            EXPECT_EQ(created.status, 201u) << odd.name << ": " << created.body;
            if (created.status != 201)
                continue;
            const auto id = json::parse(created.body).at("session_id").get<std::string>();
            const std::string named = reference_text(id, odd.body.at("auth_data"));
            const auto told = co_await subject.send(listener::open, post, "/session/get", named);
            EXPECT_EQ(told.status, 200u) << odd.name << ": " << told.body;
            EXPECT_TRUE(json::accept(told.body)) << odd.name << ": " << told.body;
            const auto ended = co_await subject.send(listener::open, post, "/session/end", named);
            EXPECT_EQ(ended.status, 200u) << odd.name << ": " << ended.body;
        }
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

}  // namespace
}  // namespace nullworker::test
