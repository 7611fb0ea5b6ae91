#include <nullworker/wire/saved_state.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::wire {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

instant at(std::chrono::nanoseconds monotonic, std::chrono::nanoseconds wall) {
    return {std::chrono::steady_clock::time_point(monotonic), std::chrono::system_clock::time_point(wall)};
}

saved_state sample() {
    saved_lease lease{.session_id = "Abcdefghij123",
                      .grants = {json_value::parse(R"({"url":"http://a","deep":[[[1]]]})").value()},
                      .verified = true,
                      .cost = 100,
                      .request_idx = -7,
                      .lifetime = seconds(60.5),
                      .created = at(1000s + 1ns, 1'790'000'000s + 3ns),
                      .expires = at(1060s, 1'790'000'060s),
                      .close_route = "/closed",
                      .close_payload = json_value::parse(R"({"job":"ä"})").value()};
    return {.container_id = 4242,
            .boot_id = "boot",
            .saved_at = at(1001s, 1'790'000'001s),
            .desk = {.generation = 9,
                     .requests_received = 11,
                     .new_load = 100,
                     .rej_load = 200,
                     .cur_perf = 300,
                     .lease = lease},
            .completions = {}};
}

std::string sample_text() {
    const auto rows = state_row({3, completion_status::success, 1790000000.25, 2, 3}) + ',' +
                      state_row({4, completion_status::rejected, 5, 0, 0});
    return to_json(sample(), rows);
}

TEST(saved_state, comes_back_as_it_was_written) {
    const auto read = parse_saved_state(sample_text());
    ASSERT_TRUE(read) << sample_text();
    const auto before = sample();
    EXPECT_EQ(read->container_id, before.container_id);
    EXPECT_EQ(read->boot_id, before.boot_id);
    EXPECT_EQ(read->saved_at.wall, before.saved_at.wall);
    EXPECT_EQ(read->desk.generation, 9U);
    EXPECT_EQ(read->desk.requests_received, 11);
    EXPECT_EQ(read->desk.new_load, 100);
    EXPECT_EQ(read->desk.rej_load, 200);
    EXPECT_EQ(read->desk.cur_perf, 300);
    ASSERT_TRUE(read->desk.lease);
    const auto& lease = *read->desk.lease;
    EXPECT_EQ(lease.session_id, "Abcdefghij123");
    EXPECT_EQ(lease.grants, before.desk.lease->grants);
    EXPECT_TRUE(lease.verified);
    EXPECT_EQ(lease.cost, 100);
    EXPECT_EQ(lease.request_idx, -7);
    EXPECT_EQ(lease.lifetime, seconds(60.5));
    EXPECT_EQ(lease.created.monotonic, before.desk.lease->created.monotonic);
    EXPECT_EQ(lease.created.wall, before.desk.lease->created.wall);
    EXPECT_EQ(lease.expires.monotonic, before.desk.lease->expires.monotonic);
    EXPECT_EQ(lease.close_route, "/closed");
    EXPECT_EQ(lease.close_payload, before.desk.lease->close_payload);
    ASSERT_EQ(read->completions.size(), 2U);
    EXPECT_EQ(read->completions[0].request_idx, 3);
    EXPECT_EQ(read->completions[0].entered_queue_at, 1790000000.25);
    EXPECT_EQ(read->completions[1].status, completion_status::rejected);
}

TEST(saved_state, every_cost_that_a_grant_may_name_is_kept) {
    for (const double cost : {1e-320, 1e-300, 0.1, 1e9}) {
        auto state = sample();
        state.desk.lease->cost = cost;
        const auto read = parse_saved_state(to_json(state, ""));
        ASSERT_TRUE(read) << cost;
        EXPECT_EQ(read->desk.lease->cost, cost);
    }
}

TEST(saved_state, without_a_session_and_completions_comes_back_too) {
    auto empty = sample();
    empty.desk.lease.reset();
    const auto read = parse_saved_state(to_json(empty, ""));
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->desk.lease);
    EXPECT_TRUE(read->completions.empty());
}

TEST(saved_state, a_grant_nested_as_deeply_as_a_request_may_is_kept) {
    const std::string deep = std::string(max_json_depth, '[') + std::string(max_json_depth, ']');
    auto state = sample();
    state.desk.lease->grants = {json_value::parse(deep).value()};
    const auto read = parse_saved_state(to_json(state, ""));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->desk.lease->grants[0].dump(), deep);
}

TEST(saved_state, cut_off_anywhere_it_is_refused) {
    auto text = sample_text();
    text.pop_back();  // the line break
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(parse_saved_state(text.substr(0, size))) << size;
}

TEST(saved_state, with_a_value_that_no_daemon_writes_it_is_refused) {
    const std::vector<std::pair<const char*, const char*>> table = {
        {"/nullworker_state", "2"},
        {"/nullworker_state", "\"1\""},
        {"/container_id", "1.5"},
        {"/container_id", "18446744073709551615"},
        {"/boot_id", "7"},
        {"/saved_at", "null"},
        {"/saved_at/wall_ns", "-1"},
        {"/saved_at/monotonic_ns", "9223372036854775807"},
        {"/generation", "-1"},
        {"/requests_received", "true"},
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
        {"/lease/cost", "0"},
        {"/lease/cost", "1e10"},
        {"/lease/request_idx", "null"},
        {"/lease/lifetime", "-1"},
        {"/lease/lifetime", "1e9"},
        {"/lease/expires/monotonic_ns", "1e3"},
        {"/lease/close_route", "7"},
        {"/lease/close_payload", "{}"},
        {"/completions", "{}"},
        {"/completions", "[[1,\"Success\",0,0]]"},
        {"/completions", "[[1,\"Well\",0,0,0]]"},
        {"/completions", "[[1,\"Success\",-1,0,0]]"},
        {"/completions", "[[1.5,\"Success\",0,0,0]]"},
    };
    for (const auto& [place, value] : table) {
        auto document = json::parse(sample_text());
        document[json::json_pointer(place)] = json::parse(value);
        EXPECT_FALSE(parse_saved_state(document.dump())) << place << " = " << value;
    }
}

TEST(saved_state, with_a_member_missing_it_is_refused) {
    const auto whole = json::parse(sample_text());
    for (const auto& member : whole.items()) {
        auto document = whole;
        document.erase(member.key());
        EXPECT_FALSE(parse_saved_state(document.dump())) << member.key();
    }
}

}  // namespace
}  // namespace nullworker::wire
