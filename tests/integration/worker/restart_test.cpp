#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

// A worker that takes up what another process of the same container left behind.
namespace nullworker::test {
namespace {

using nlohmann::json;
using listener = test_worker::listener;

// The state file as a kill would have left it at the end of `life`, and what `life` returned.
json state_after(const temporary_directory& folder,
                 const std::function<asio::awaitable<json>(test_worker&)>& life) {
    asio::io_context loop;
    test_worker worker(loop, [&](app::settings& config) { config.state_dir = folder.file("first"); });
    worker.start();
    const auto whole = [](test_worker& subject,
                          const std::function<asio::awaitable<json>(test_worker&)>& told,
                          const temporary_directory& place) -> asio::awaitable<json> {
        co_await subject.until_ready();
        auto out = co_await told(subject);
        std::filesystem::create_directories(place.file("second"));
        std::filesystem::copy_file(place.file("first/state-4242.json"), place.file("second/state-4242.json"));
        co_await subject.stop();
        co_return out;
    };
    return drive(loop, whole(worker, life, folder));
}

asio::awaitable<json> reserve(test_worker& worker) {
    json grant = worker.grant(11);
    const auto id = co_await worker.create(grant);
    co_return reference(id, grant);
}

void with_successor(const temporary_directory& folder,
                    const std::function<asio::awaitable<void>(test_worker&)>& story,
                    const std::function<void(scripted_peer&)>& script = {}) {
    asio::io_context loop;
    test_worker worker(
        loop, [&](app::settings& config) { config.state_dir = folder.file("second"); }, script);
    worker.start();
    const auto whole =
        [](test_worker& subject,
           const std::function<asio::awaitable<void>(test_worker&)>& told) -> asio::awaitable<void> {
        co_await told(subject);
        subject.autoscaler().let_go();
        co_await subject.stop();
    };
    drive(loop, whole(worker, story));
}

TEST(restart, the_client_still_hears_what_the_consumer_found) {
    const temporary_directory folder;
    const auto session = state_after(folder, [](test_worker& worker) -> asio::awaitable<json> {
        json left = co_await reserve(worker);
        (void)co_await control_post(worker, "/release", R"({"outcome": "idle"})");
        co_return left;
    });
    with_successor(folder, [&](test_worker& worker) -> asio::awaitable<void> {
        const auto told = co_await worker.post("/session/status", session);
        EXPECT_EQ(told.status, 400u);
        EXPECT_EQ(body_of(told)["outcome"], "idle");
    });
}

// A worker that waits for its consumer, from its start until `story` is over; what that returned.
template <class T>
T beside_awaiting(const std::string& state_dir,
                  const std::function<asio::awaitable<T>(test_worker&)>& story) {
    asio::io_context loop;
    test_worker worker(loop, [&](app::settings& config) {
        config.state_dir = state_dir;
        config.health_target = consumer::heartbeat_target{};
    });
    worker.start();
    const auto whole = [](test_worker& subject,
                          const std::function<asio::awaitable<T>(test_worker&)>& told) -> asio::awaitable<T> {
        auto out = co_await told(subject);
        co_await subject.stop();
        co_return out;
    };
    return drive(loop, whole(worker, story));
}

// Whether such a worker awaits its consumer after a restart that follows `life`, and what else happened
// `meanwhile` to the state that it left.
bool is_awaited_after(const std::function<asio::awaitable<void>(test_worker&)>& life,
                      const std::function<void(json&)>& meanwhile = {}) {
    const temporary_directory folder;
    const auto left =
        beside_awaiting<json>(folder.file("first"), [&](test_worker& worker) -> asio::awaitable<json> {
            (void)co_await worker.report([](const json&) { return true; });
            co_await life(worker);
            co_return json::parse(read_file(folder.file("first/state-4242.json")));
        });
    auto state = left;
    if (meanwhile)
        meanwhile(state);
    std::filesystem::create_directories(folder.file("second"));
    (void)folder.write("second/state-4242.json", state.dump());
    return beside_awaiting<bool>(folder.file("second"), [](test_worker& worker) -> asio::awaitable<bool> {
        const auto status = co_await control_get(worker, "/status");
        co_return body_of(status)["consumer"]["heartbeat"] == "awaited";
    });
}

asio::awaitable<void> speaks(test_worker& worker) {
    (void)co_await control_post(worker, "/heartbeat");
}

TEST(restart, in_the_same_run_of_the_container_the_consumer_need_not_speak_again) {
    EXPECT_FALSE(is_awaited_after(speaks));
    EXPECT_TRUE(is_awaited_after([](test_worker&) -> asio::awaitable<void> { co_return; }));
    EXPECT_TRUE(is_awaited_after(speaks, [](json& state) { state["init_birth"] = "another"; }));
    EXPECT_TRUE(is_awaited_after(speaks, [](json& state) { state["boot_id"] = "another"; }));
}

TEST(restart, a_session_that_is_held_tells_that_its_consumer_had_spoken) {
    const auto life = [](test_worker& worker) -> asio::awaitable<void> {
        co_await speaks(worker);
        co_await worker.until_ready();
        (void)co_await reserve(worker);
    };
    EXPECT_FALSE(is_awaited_after(life, [](json& state) { state.erase("has_consumer"); }));
}

TEST(restart, the_session_can_still_be_asked_for_and_ended_and_its_load_is_reported) {
    const temporary_directory folder;
    const json session = state_after(folder, reserve);
    with_successor(folder, [&](test_worker& worker) -> asio::awaitable<void> {
        const auto report = co_await worker.report([](const json&) { return true; });
        EXPECT_EQ(report["cur_load"], 100.0);
        EXPECT_EQ(report["working_request_idxs"][0], 11);
        const auto got = co_await worker.post("/session/get", session);
        EXPECT_EQ(got.status, 200U) << got.body;
        const auto taken = co_await worker.post("/session/create", worker.create_body(worker.grant(12)));
        EXPECT_EQ(taken.status, 429U);
        const auto ended = co_await worker.post("/session/end", session);
        EXPECT_EQ(ended.status, 200U) << ended.body;
        const auto rejected = co_await worker.completion(1);
        EXPECT_EQ(rejected["request_idx"], 12);
        const auto completed = co_await worker.completion(2);
        EXPECT_EQ(completed["request_idx"], 11);
    });
}

TEST(restart, grants_no_fresh_lifetime) {
    const temporary_directory folder;
    const json session = state_after(folder, [](test_worker& worker) -> asio::awaitable<json> {
        auto made = co_await reserve(worker);
        const auto got = co_await worker.post("/session/get", made);
        made["expiration"] = json::parse(got.body)["expiration"];
        co_return made;
    });
    with_successor(folder, [&](test_worker& worker) -> asio::awaitable<void> {
        const auto got = co_await worker.post("/session/get", session);
        EXPECT_EQ(json::parse(got.body)["expiration"], session["expiration"]);
    });
}

// A job that is protected for 5 s, in a session that is to end with it.
asio::awaitable<json> reserve_and_retire(test_worker& worker) {
    auto session = co_await reserve(worker);
    (void)co_await control_post(worker, "/protect", R"({"seconds": 5})");
    const auto retired = co_await worker.post("/session/retire", session);
    EXPECT_EQ(retired.status, 202U) << retired.body;
    co_return session;
}

TEST(restart, a_protection_lasts_half_a_minute_from_there_and_a_retirement_stays) {
    const temporary_directory folder;
    const json session = state_after(folder, reserve_and_retire);
    with_successor(folder, [&](test_worker& worker) -> asio::awaitable<void> {
        const auto told = co_await worker.post("/session/status", session);
        EXPECT_GT(body_of(told)["protected"].get<double>(), 20);
        EXPECT_EQ(body_of(told)["retiring"], true);
        (void)co_await control_post(worker, "/protect", R"({"seconds": 0})");
        (void)co_await worker.completion(1);
    });
}

TEST(restart, a_protection_ends_with_its_container) {
    for (const char* run : {"boot_id", "init_birth"}) {
        const temporary_directory folder;
        const json session = state_after(folder, reserve_and_retire);
        auto state = json::parse(read_file(folder.file("second/state-4242.json")));
        EXPECT_FALSE(state[run].get<std::string>().empty());
        state[run] = "another";
        folder.write("second/state-4242.json", state.dump());
        with_successor(folder, [&](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.completion(1);
            const auto told = co_await worker.post("/session/status", session);
            EXPECT_EQ(told.status, 400U);
        });
    }
}

TEST(restart, a_session_whose_time_was_up_meanwhile_completes_at_once) {
    const temporary_directory folder;
    const json session = state_after(folder, reserve);
    const auto file = folder.file("second/state-4242.json");
    auto state = json::parse(read_file(file));
    state["lease"]["expires"] = state["lease"]["created"];
    folder.write("second/state-4242.json", state.dump());
    with_successor(folder, [&](test_worker& worker) -> asio::awaitable<void> {
        const auto completed = co_await worker.completion(1);
        EXPECT_EQ(completed["request_idx"], 11);
        EXPECT_EQ(completed["status"], "Success");
        const auto got = co_await worker.post("/session/get", session);
        EXPECT_EQ(got.status, 400U);
    });
}

TEST(restart, undelivered_completions_are_delivered_in_their_order) {
    const temporary_directory folder;
    const json none = state_after(folder, [](test_worker& worker) -> asio::awaitable<json> {
        worker.autoscaler().reply_always("/delete_requests/", net::text_reply(500, "no"));
        for (int request = 1; request <= 3; ++request) {
            const json grant = worker.grant(request);
            (void)co_await worker.create(grant);
            (void)co_await worker.send(listener::control, net::verb::post, "/release");
        }
        co_return json();
    });
    with_successor(folder, [](test_worker& worker) -> asio::awaitable<void> {
        for (std::size_t number = 1; number <= 3; ++number) {
            const auto entry = co_await worker.completion(number);
            EXPECT_EQ(entry["request_idx"], number);
        }
    });
}

TEST(restart, while_the_key_is_out_of_reach_the_session_can_be_renewed_and_released) {
    const temporary_directory folder;
    const json session = state_after(folder, reserve);
    json ping;
    ping["auth_data"] = session["session_auth"];
    ping["session_id"] = session["session_id"];
    ping["payload"] = json::object();
    json forged = ping;
    forged["auth_data"]["reqnum"] = 1;
    with_successor(
        folder,
        [&](test_worker& worker) -> asio::awaitable<void> {
            (void)co_await worker.autoscaler().received("/pubkey/");
            const auto renewed = co_await worker.post("/ping", ping);
            EXPECT_EQ(renewed.status, 200U) << renewed.body;
            const auto unproven = co_await worker.post("/ping", forged);
            EXPECT_EQ(unproven.status, 503U) << unproven.body;
            const auto released = co_await worker.send(listener::control, net::verb::post, "/release");
            EXPECT_EQ(released.status, 200U) << released.body;
            (void)co_await worker.completion(1);
        },
        [](scripted_peer& autoscaler) { autoscaler.hold_once("/pubkey/"); });
}

}  // namespace
}  // namespace nullworker::test
