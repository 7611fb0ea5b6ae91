#include "support/recordings.hpp"

#include <nullworker/wire/completion.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace nullworker::wire {
namespace {

using nlohmann::json;

completion_batch batch_of(std::int64_t request_idx, completion_status status) {
    return {.worker_id = 4242, .mtoken = "token", .requests = {{request_idx, status, 1.5, 2.5, 3.5}}};
}

void expect_recorded(const std::string& name, const completion_batch& batch) {
    SCOPED_TRACE(name);
    const auto expected = test::recorded_case(name)["observed"]["requests"][0];
    const auto written = json::parse(to_json(batch))["requests"][0];
    EXPECT_EQ(written.size(), expected.size());
    for (const auto& [field, value] : expected.items()) {
        ASSERT_TRUE(written.contains(field)) << field;
        if (value == "<time>")
            EXPECT_TRUE(written[field].is_number_float()) << field;
        else
            EXPECT_EQ(written[field], value) << field;
    }
}

TEST(completion, is_written_as_recorded) {
    expect_recorded("completion of ended session", batch_of(11, completion_status::success));
    expect_recorded("completion of rejected create", batch_of(12, completion_status::rejected));
}

TEST(completion, comes_in_a_batch_with_the_recorded_keys) {
    json keys = json::array();
    const auto batch = json::parse(to_json(batch_of(1, completion_status::success)));
    for (const auto& item : batch.items())
        keys.push_back(item.key());
    EXPECT_EQ(keys, test::recorded_case("completion of ended session")["observed"]["keys"]);
}

TEST(completion, a_batch_is_written_as_a_document_would_be) {
    const completion_batch batch{
        .worker_id = -7,
        .mtoken = "quote \" and \xc3\xa4",
        .requests = {{1, completion_status::success, 1790000000.25, 1790000000, 1790000060.1},
                     {-2, completion_status::rejected, 1790000000.5, 0, 0}}};
    const auto text = to_json(batch);
    EXPECT_EQ(text, json::parse(text).dump());
    EXPECT_EQ(to_json({.worker_id = 1, .mtoken = "t", .requests = {}}),
              R"({"mtoken":"t","requests":[],"worker_id":1})");
}

TEST(completion, is_a_success_in_one_status_alone) {
    struct row {
        completion_status status;
        const char* name;
        bool success;
    };
    const row table[] = {
        {completion_status::success, "Success", true},
        {completion_status::rejected, "Rejected", false},
        {completion_status::error, "Error", false},
        {completion_status::cancelled, "Cancelled", false},
    };
    for (const auto& row : table) {
        EXPECT_STREQ(to_string(row.status), row.name);
        const auto entry = json::parse(to_json(batch_of(1, row.status)))["requests"][0];
        EXPECT_EQ(entry["status"], row.name);
        EXPECT_EQ(entry["success"], row.success);
    }
}

TEST(completion, survives_the_way_there_and_back) {
    const auto batch = batch_of(-7, completion_status::cancelled);
    const auto text = to_json(batch);
    const auto parsed = parse_completion_batch(text);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(to_json(*parsed), text);
    EXPECT_EQ(parsed->requests.at(0).status, completion_status::cancelled);
}

TEST(completion, is_refused_where_the_contract_names_no_such_batch) {
    struct row {
        const char* body;
        errc why;
    };
    const row table[] = {
        {"]", errc::invalid_json},
        {"[]", errc::unexpected_message},
        {R"({"requests":[]})", errc::unexpected_message},
        {R"({"worker_id":1})", errc::unexpected_message},
        {R"({"worker_id":"1","requests":[]})", errc::unexpected_message},
        {R"({"worker_id":1e19,"requests":[]})", errc::unexpected_message},
        {R"({"worker_id":1,"requests":{}})", errc::unexpected_message},
        {R"({"worker_id":1,"requests":[7]})", errc::unexpected_message},
        {R"({"worker_id":1,"requests":[{"request_idx":1e300}]})", errc::unexpected_message},
        {R"({"worker_id":1,"requests":[{"status":"Bored"}]})", errc::unexpected_message},
        {R"({"worker_id":1,"requests":[{"status":1}]})", errc::unexpected_message},
    };
    for (const auto& row : table) {
        const auto parsed = parse_completion_batch(row.body);
        ASSERT_FALSE(parsed.has_value()) << row.body;
        EXPECT_EQ(parsed.error(), row.why) << row.body;
    }
}

}  // namespace
}  // namespace nullworker::wire
