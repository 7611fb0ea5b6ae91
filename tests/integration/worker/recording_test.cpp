#include "support/drive.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_worker.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

// What the official worker was seen to answer, asked again of a running daemon, in the recorded order.
namespace nullworker::test {
namespace {

using nlohmann::json;
using listener = test_worker::listener;

// Where the daemon differs on purpose: the case, and why. Anything else that differs is a defect.
const std::map<std::string, std::string> deliberate_differences = {};

class replay {
public:
    explicit replay(test_worker& worker) : x_worker(worker) {}

    asio::awaitable<void> run(json recording) {
        for (const auto& entry : recording["cases"]) {
            const auto name = entry["case"].get<std::string>();
            SCOPED_TRACE(name);
            if (entry.contains("request"))
                co_await ask(entry);
            else
                co_await observe(entry);
            ++x_replayed;
        }
    }

    [[nodiscard]] std::size_t replayed() const { return x_replayed; }

private:
    asio::awaitable<void> ask(json entry) {
        const auto name = entry["case"].get<std::string>();
        co_await prepare(name);
        json request = entry["request"];
        std::string body = request.value("raw", "");
        if (request.contains("body")) {
            json filled = fill(request["body"], name);
            body = filled.dump();
        }
        const auto method = request["method"] == "POST" ? net::verb::post : net::verb::get;
        std::string path = request["path"];
        const auto answer = co_await x_worker.send(listener_of(request["listener"]), method, path, body);
        remember(name, answer);
        if (deliberate_differences.contains(name))
            co_return;
        const json& expected = entry["response"];
        EXPECT_EQ(answer.status, expected["status"].get<unsigned>()) << answer.body;
        EXPECT_EQ(answer.content_type.substr(0, answer.content_type.find(';')), expected["content_type"]);
        if (expected["body"].is_null())
            EXPECT_EQ(answer.body, "");
        else if (expected["content_type"] == "application/json")
            match(expected["body"], json::parse(answer.body));
        else
            EXPECT_EQ(answer.body, expected["body"].get<std::string>());
    }

    // The recording's own set-up between cases, which it does not show.
    asio::awaitable<void> prepare(std::string name) {
        if (name == "release") {
            const json grant = x_worker.grant(21);
            x_session = co_await x_worker.create(grant);
        } else if (name == "http port end") {
            const json grant = recorded_grant(31, 10, true);
            x_session = co_await x_worker.create(grant);
        }
    }

    asio::awaitable<void> observe(json entry) {
        const auto name = entry["case"].get<std::string>();
        const json& seen = entry["observed"];
        if (name == "first loaded status") {
            const auto report = co_await x_worker.report([](const json& each) { return each["max_perf"] > 0; });
            std::set<std::string> keys, expected_keys;
            for (const auto& item : report.items())
                keys.insert(item.key());
            for (const auto& item : seen["report"].items())
                expected_keys.insert(item.key());
            EXPECT_EQ(keys, expected_keys);
            match(seen["report"], report);
        } else if (name == "busy status") {
            const auto report = co_await x_worker.report([](const json& each) { return each["cur_load"] > 0; });
            match(seen["report"], report);
        } else if (name == "session id shape") {
            EXPECT_EQ(x_session.size(), seen["len"].get<std::size_t>());
        } else if (name == "ping renews by lifetime") {
            json reference = {{"session_id", x_session}, {"session_auth", recorded_grant(11, 1, true)}};
            const auto answer = co_await x_worker.post("/session/get", reference);
            EXPECT_NEAR(json::parse(answer.body)["expiration"].get<double>() - x_expiration, seen["by"].get<double>(), 1e-3);
        } else if (name == "completion of ended session" || name == "completion of rejected create") {
            co_await expect_completion(seen["requests"][0]);
        } else if (name == "expiry completes as") {
            const json grant = x_worker.grant(41);
            const json payload = {{"lifetime", 0.02}};
            (void)co_await x_worker.create(grant, payload);
            json expected = seen["requests"][0];
            expected["request_idx"] = 41;
            co_await expect_completion(std::move(expected));
        } else {
            ADD_FAILURE() << "an observation that nobody checks";
        }
    }

    asio::awaitable<void> expect_completion(json expected) {
        for (std::size_t number = 1;; ++number) {
            const auto entry = co_await x_worker.completion(number);
            if (entry["request_idx"] != expected["request_idx"])
                continue;
            match(expected, entry);
            co_return;
        }
    }

    void remember(const std::string& name, const net::reply& answer) {
        if (name == "create" && answer.status == 201)
            x_session = json::parse(answer.body)["session_id"];
        if (name == "get" && answer.status == 200)
            x_expiration = json::parse(answer.body)["expiration"];
    }

    static listener listener_of(const std::string& name) {
        return name == "control" ? listener::control : name == "webhook" ? listener::webhook : listener::open;
    }

    json recorded_grant(int request_idx, int reqnum, bool valid) const {
        json grant = {{"cost", 100.0},
                      {"endpoint", "bench"},
                      {"reqnum", reqnum},
                      {"request_idx", request_idx},
                      {"url", x_worker.url()}};
        grant["signature"] = valid ? x_signature : "bm90IGEgc2lnbmF0dXJl";
        return grant;
    }

    // Placeholders become what they stand for here.
    json fill(json value, const std::string& name) const {
        if (value.is_structured())
            for (auto& item : value)
                item = fill(std::move(item), name);
        if (!value.is_string())
            return value;
        auto text = value.get<std::string>();
        if (text == "<worker>")
            return x_worker.url();
        if (text == "<sig>")
            return name == "ping bad signature" ? "bm90IGEgc2lnbmF0dXJl" : x_signature;
        if (text.starts_with("<sid"))
            return x_session;
        if (text.starts_with("<hook>"))
            return x_hook + text.substr(6);
        return value;
    }

    // `expected` may hold placeholders; every field it has must be there.
    void match(const json& expected, const json& actual) const {
        if (expected.is_object()) {
            ASSERT_TRUE(actual.is_object()) << actual;
            for (const auto& [key, value] : expected.items()) {
                SCOPED_TRACE(key);
                ASSERT_TRUE(actual.contains(key)) << actual;
                match(value, actual[key]);
            }
        } else if (expected.is_string()) {
            match_text(expected.get<std::string>(), actual);
        } else {
            EXPECT_EQ(expected, actual);
        }
    }

    void match_text(const std::string& expected, const json& actual) const {
        // The recorder masks whatever stands under the key "signature", a fault included.
        if (expected == "<sig>")
            EXPECT_TRUE(actual == x_signature || actual == "missing parameter") << actual;
        else if (expected == "<time>" || expected == "<number>")
            EXPECT_TRUE(actual.is_number()) << actual;
        else if (expected.find("<sid") != std::string::npos)
            EXPECT_NE(actual.get<std::string>().find(x_session), std::string::npos) << actual;
        else
            EXPECT_EQ(fill(expected, ""), actual);
    }

    test_worker& x_worker;
    std::string x_signature = x_worker.key().sign(wire::signed_message(x_worker.url()));
    std::string x_hook = x_worker.autoscaler().origin();
    std::string x_session;
    double x_expiration = 0;
    std::size_t x_replayed = 0;
};

TEST(recording, every_recorded_case_is_answered_alike) {
    asio::io_context loop;
    test_worker worker(loop);
    worker.autoscaler().reply_always("/closed", net::json_reply(200, "{}"));
    worker.start();
    const auto recording = json::parse(recorded("python-worker.json"));
    replay again(worker);
    const auto story = [](test_worker& subject, replay& played, json cases) -> asio::awaitable<void> {
        co_await subject.until_ready();
        co_await played.run(std::move(cases));
        co_await subject.stop();
    };
    drive(loop, story(worker, again, recording));
    EXPECT_EQ(again.replayed(), recording["cases"].size());
}

}  // namespace
}  // namespace nullworker::test
