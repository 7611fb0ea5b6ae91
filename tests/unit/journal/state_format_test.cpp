#include <nullworker/journal/state_format.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::journal {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using reservation::close_request;
using reservation::ended_session;
using reservation::grant_trust;
using reservation::lease;
using wire::completion_status;
using wire::json_value;

instant at(std::chrono::nanoseconds monotonic, std::chrono::nanoseconds wall) {
    return {std::chrono::steady_clock::time_point(monotonic), std::chrono::system_clock::time_point(wall)};
}

saved_state sample() {
    lease held{.session_id = "Abcdefghij123",
               .generation = 9,
               .grants = {json_value::parse(R"({"url":"http://a","deep":[[[1]]]})").value()},
               .trust = grant_trust::verified,
               .cost = 100,
               .request_idx = -7,
               .lifetime = seconds(60.5),
               .created = at(1000s + 1ns, 1'790'000'000s + 3ns),
               .expires = at(1060s, 1'790'000'060s),
               .used = true,
               .on_close = close_request{"/closed", json_value::parse(R"({"job":"ä"})").value()}};
    return {.owner = {.container_id = 4242, .boot_id = "boot"},
            .left = {.state = {.generation = 9,
                               .requests_received = 11,
                               .owed = {.new_load = 100, .rej_load = 200, .cur_perf = 300},
                               .spent = "0123456789abcdeffedcba9876543210",
                               .holder = std::move(held)},
                     .undelivered = {},
                     .saved_at = at(1001s, 1'790'000'001s)}};
}

std::string written(const saved_state& state, std::string_view rows = {}) {
    return write_state(state.owner, state.left.state, state.left.saved_at, rows);
}

std::string sample_text() {
    const auto rows = state_row({3, completion_status::success, 1790000000.25, 2, 3}) + ',' +
                      state_row({4, completion_status::rejected, 5, 0, 0});
    return written(sample(), rows);
}

TEST(state_format, is_that_of_the_files_which_are_out_there) {
    EXPECT_EQ(
        sample_text(),
        R"({"boot_id":"boot","container_id":4242,"cur_perf":300.0,"generation":9,"lease":)"
        R"({"close_payload":"{\"job\":\"ä\"}","close_route":"/closed","cost":100.0,)"
        R"("created":{"monotonic_ns":1000000000001,"wall_ns":1790000000000000003},)"
        R"("expires":{"monotonic_ns":1060000000000,"wall_ns":1790000060000000000},)"
        R"("grants":["{\"deep\":[[[1]]],\"url\":\"http://a\"}"],"lifetime":60.5,"request_idx":-7,)"
        R"("session_id":"Abcdefghij123","used":true,"verified":true},"new_load":100.0,"nullworker_state":1,)"
        R"("rej_load":200.0,"requests_received":11,)"
        R"("saved_at":{"monotonic_ns":1001000000000,"wall_ns":1790000001000000000},)"
        R"("spent_grants":"0123456789abcdeffedcba9876543210","completions":)"
        R"([[3,"Success",1790000000.25,2.0,3.0],[4,"Rejected",5.0,0.0,0.0]]})"
        "\n");
}

TEST(state_format, comes_back_as_it_was_written) {
    const auto read = read_state(sample_text());
    ASSERT_TRUE(read) << sample_text();
    const auto before = sample();
    EXPECT_EQ(read->owner.container_id, before.owner.container_id);
    EXPECT_EQ(read->owner.boot_id, before.owner.boot_id);
    EXPECT_EQ(read->left.saved_at.wall, before.left.saved_at.wall);
    const auto& state = read->left.state;
    EXPECT_EQ(state.generation, 9U);
    EXPECT_EQ(state.requests_received, 11);
    EXPECT_EQ(state.owed, before.left.state.owed);
    ASSERT_TRUE(state.holder);
    const auto& wanted = *before.left.state.holder;
    EXPECT_EQ(state.holder->session_id, "Abcdefghij123");
    EXPECT_EQ(state.holder->generation, 9U);
    EXPECT_EQ(state.holder->grants, wanted.grants);
    EXPECT_EQ(state.holder->trust, grant_trust::verified);
    EXPECT_EQ(state.holder->cost, 100);
    EXPECT_EQ(state.holder->request_idx, -7);
    EXPECT_EQ(state.holder->lifetime, seconds(60.5));
    EXPECT_EQ(state.holder->created.monotonic, wanted.created.monotonic);
    EXPECT_EQ(state.holder->created.wall, wanted.created.wall);
    EXPECT_EQ(state.holder->expires.monotonic, wanted.expires.monotonic);
    ASSERT_TRUE(state.holder->on_close);
    EXPECT_EQ(state.holder->on_close->route, "/closed");
    EXPECT_TRUE(state.holder->used);
    EXPECT_EQ(state.spent, before.left.state.spent);
    EXPECT_EQ(state.holder->on_close->payload, wanted.on_close->payload);
    ASSERT_EQ(read->left.undelivered.size(), 2U);
    EXPECT_EQ(read->left.undelivered[0].request_idx, 3);
    EXPECT_EQ(read->left.undelivered[0].entered_queue_at, 1790000000.25);
    EXPECT_EQ(read->left.undelivered[1].status, completion_status::rejected);
}

TEST(state_format, every_cost_that_a_grant_may_name_is_kept) {
    for (const double cost : {1e-320, 1e-300, 0.1, 1e9}) {
        auto state = sample();
        state.left.state.holder->cost = cost;
        const auto read = read_state(written(state));
        ASSERT_TRUE(read) << cost;
        EXPECT_EQ(read->left.state.holder->cost, cost);
    }
}

TEST(state_format, a_session_of_an_older_file_counts_as_used_and_no_grant_as_spent) {
    auto older = json::parse(sample_text());
    older.erase("spent_grants");
    older["lease"].erase("used");
    const auto read = read_state(older.dump());
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->left.state.holder->used);
    EXPECT_EQ(read->left.state.spent, "");
}

TEST(state_format, protection_retirement_and_claim_are_kept) {
    auto state = sample();
    auto& held = *state.left.state.holder;
    held.protected_until = at(1090s, 1'790'000'090s);
    held.retiring = true;
    held.claim = std::string(64, 'a');
    const auto read = read_state(written(state));
    ASSERT_TRUE(read);
    const auto& found = *read->left.state.holder;
    ASSERT_TRUE(found.protected_until);
    EXPECT_EQ(found.protected_until->monotonic, held.protected_until->monotonic);
    EXPECT_EQ(found.protected_until->wall, held.protected_until->wall);
    EXPECT_TRUE(found.retiring);
    EXPECT_EQ(found.claim, held.claim);
}

TEST(state_format, what_the_consumer_said_of_the_last_session_is_kept) {
    auto state = sample();
    EXPECT_FALSE(read_state(written(state))->left.state.ended);
    state.left.state.ended =
        ended_session{"Bcdefghij1234", {0, 0xffffffffffffffffU}, wire::session_outcome::idle};
    const auto read = read_state(written(state));
    ASSERT_TRUE(read && read->left.state.ended);
    EXPECT_EQ(read->left.state.ended->session_id, "Bcdefghij1234");
    EXPECT_EQ(read->left.state.ended->grants, state.left.state.ended->grants);
    EXPECT_EQ(read->left.state.ended->outcome, wire::session_outcome::idle);
}

TEST(state_format, the_run_of_the_container_is_kept) {
    auto state = sample();
    state.owner.init_birth = "1234";
    const auto read = read_state(written(state));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->owner.init_birth, "1234");
}

TEST(state_format, whether_there_is_a_consumer_is_kept) {
    auto state = sample();
    EXPECT_FALSE(read_state(written(state))->owner.has_consumer);
    state.owner.has_consumer = true;
    EXPECT_TRUE(read_state(written(state))->owner.has_consumer);
}

TEST(state_format, without_a_session_and_completions_comes_back_too) {
    auto empty = sample();
    empty.left.state.holder.reset();
    const auto read = read_state(written(empty));
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->left.state.holder);
    EXPECT_TRUE(read->left.undelivered.empty());
}

TEST(state_format, a_grant_nested_as_deeply_as_a_request_may_is_kept) {
    const std::string deep = std::string(wire::max_json_depth, '[') + std::string(wire::max_json_depth, ']');
    auto state = sample();
    state.left.state.holder->grants = {json_value::parse(deep).value()};
    const auto read = read_state(written(state));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->left.state.holder->grants[0].dump(), deep);
}

TEST(state_format, cut_off_anywhere_it_is_refused) {
    auto text = sample_text();
    text.pop_back();  // the line break
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(read_state(text.substr(0, size))) << size;
}

TEST(state_format, with_a_value_that_no_daemon_writes_it_is_refused) {
    const std::vector<std::pair<const char*, const char*>> table = {
        {"/nullworker_state", "2"},
        {"/nullworker_state", "\"1\""},
        {"/container_id", "1.5"},
        {"/container_id", "18446744073709551615"},
        {"/boot_id", "7"},
        {"/has_consumer", "1"},
        {"/saved_at", "null"},
        {"/saved_at/wall_ns", "-1"},
        {"/saved_at/monotonic_ns", "9223372036854775807"},
        {"/generation", "-1"},
        {"/generation", "9223372036854775807"},
        {"/requests_received", "true"},
        {"/requests_received", "9223372036854775807"},
        {"/spent_grants", "\"0\""},
        {"/spent_grants", "7"},
        {"/new_load", "-1"},
        {"/rej_load", "1e300"},
        {"/cur_perf", "\"0\""},
        {"/lease", "[]"},
        {"/lease/session_id", "\"\""},
        {"/lease/session_id", "\"a b\""},
        {"/lease/session_id", "7"},
        {"/lease/grants", "[]"},
        {"/lease/grants", "[7]"},
        {"/lease/grants", "[\"{\"]"},
        {"/lease/verified", "1"},
        {"/lease/used", "1"},
        {"/lease/cost", "0"},
        {"/lease/cost", "1e10"},
        {"/lease/request_idx", "null"},
        {"/lease/lifetime", "-1"},
        {"/lease/lifetime", "1e9"},
        {"/lease/expires/monotonic_ns", "1e3"},
        {"/lease/protected_until", "7"},
        {"/lease/protected_until", "null"},
        {"/lease/retiring", "1"},
        {"/lease/claim", "7"},
        {"/lease/claim", "\"\""},
        {"/lease/close_route", "7"},
        {"/lease/close_payload", "{}"},
        {"/ended", "7"},
        {"/ended", "null"},
        {"/ended", "{}"},
        {"/ended", R"({"session_id": "", "grants": [1], "outcome": "idle"})"},
        {"/ended", R"({"session_id": "a", "grants": [], "outcome": "idle"})"},
        {"/ended", R"({"session_id": "a", "grants": [-1], "outcome": "idle"})"},
        {"/ended", R"({"session_id": "a", "grants": [1.5], "outcome": "idle"})"},
        {"/ended", R"({"session_id": "a", "grants": ["1"], "outcome": "idle"})"},
        {"/ended", R"({"session_id": "a", "grants": [1], "outcome": "lost"})"},
        {"/ended", R"({"session_id": "a", "grants": [1], "outcome": 1})"},
        {"/completions", "{}"},
        {"/completions", "[[1,\"Success\",0,0]]"},
        {"/completions", "[[1,\"Well\",0,0,0]]"},
        {"/completions", "[[1,\"Success\",-1,0,0]]"},
        {"/completions", "[[1.5,\"Success\",0,0,0]]"},
    };
    for (const auto& [place, value] : table) {
        auto document = json::parse(sample_text());
        document[json::json_pointer(place)] = json::parse(value);
        EXPECT_FALSE(read_state(document.dump())) << place << " = " << value;
    }
}

TEST(state_format, with_a_member_missing_it_is_refused) {
    const auto whole = json::parse(sample_text());
    for (const auto& member : whole.items()) {
        if (member.key() == "spent_grants")  // which older files do not have
            continue;
        auto document = whole;
        document.erase(member.key());
        EXPECT_FALSE(read_state(document.dump())) << member.key();
    }
}

}  // namespace
}  // namespace nullworker::journal
