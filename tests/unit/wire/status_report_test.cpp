#include "support/recordings.hpp"

#include <nullworker/wire/status_report.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace nullworker::wire {
namespace {

using nlohmann::json;

status_report idle_report() {
    status_report report;
    report.id = 4242;
    report.mtoken = "master-token-for-checks";
    report.max_perf = 100.0;
    report.url = "https://203.0.113.7:40001";
    return report;
}

// Whether `value` may stand where the recording has `expected`, placeholders included.
bool matches(const json& expected, const json& value) {
    if (expected == "<number>")
        return value.is_number();
    if (expected == "<worker>")
        return value.is_string();
    return expected == value;
}

TEST(status_report, has_the_fields_of_the_recorded_report_and_no_others) {
    const auto expected = test::recorded_case("first loaded status")["observed"]["report"];
    const auto document = json::parse(to_json(idle_report()));
    for (const auto& [name, value] : expected.items()) {
        ASSERT_TRUE(document.contains(name)) << name;
        EXPECT_TRUE(matches(value, document[name])) << name << " is " << document[name];
    }
    EXPECT_EQ(document.size(), expected.size());
}

TEST(status_report, says_what_a_busy_worker_was_recorded_to_say) {
    auto report = idle_report();
    report.cur_load = 100.0;
    report.num_requests_working = 1;
    report.working_request_idxs = {11};
    const auto document = json::parse(to_json(report));
    const auto expected = test::recorded_case("busy status")["observed"]["report"];
    for (const auto& [name, value] : expected.items())
        EXPECT_TRUE(matches(value, document.at(name))) << name << " is " << document[name];
}

TEST(status_report, survives_the_way_there_and_back) {
    auto report = idle_report();
    report.version = "9.9";
    report.loadtime = 1.5;
    report.cur_load = 2.5;
    report.rej_load = 3.5;
    report.new_load = 4.5;
    report.cur_perf = 5.5;
    report.error_msg = "a \"bad\" day\n";
    report.num_requests_working = 2;
    report.num_requests_recieved = 3;
    report.additional_disk_usage = -0.5;
    report.working_request_idxs = {7, -8};
    const auto text = to_json(report);
    const auto parsed = parse_status_report(text);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(to_json(*parsed), text);
    EXPECT_EQ(parsed->working_request_idxs, report.working_request_idxs);
}

TEST(status_report, prints_text_that_is_no_utf8_rather_than_throwing) {
    auto report = idle_report();
    report.error_msg = "\xff";
    EXPECT_TRUE(parse_status_report(to_json(report)).has_value());
}

TEST(status_report, is_refused_without_its_id_or_url) {
    struct row {
        const char* body;
        errc why;
    };
    const row table[] = {
        {"{nope", errc::invalid_json},
        {"[]", errc::unexpected_message},
        {"null", errc::unexpected_message},
        {"{}", errc::unexpected_message},
        {R"({"id":1})", errc::unexpected_message},
        {R"({"url":"http://h"})", errc::unexpected_message},
        {R"({"id":1,"url":7})", errc::unexpected_message},
        {R"({"id":"1","url":"http://h"})", errc::unexpected_message},
        {R"({"id":1,"url":"http://h","working_request_idxs":["x"]})", errc::unexpected_message},
        {R"({"id":1,"url":"http://h","working_request_idxs":[1,1e300]})", errc::unexpected_message},
        {R"({"id":1,"url":"http://h","working_request_idxs":{"a":1}})", errc::unexpected_message},
        {R"({"id":1e300,"url":"http://h"})", errc::unexpected_message},
        {R"({"id":9223372036854775808,"url":"http://h"})", errc::unexpected_message},
    };
    for (const auto& row : table) {
        const auto parsed = parse_status_report(row.body);
        ASSERT_FALSE(parsed.has_value()) << row.body;
        EXPECT_EQ(parsed.error(), row.why) << row.body;
    }
}

TEST(status_report, needs_no_url_to_tell_of_an_error) {
    const auto parsed =
        parse_status_report(R"({"id":1,"mtoken":"t","version":"0","error_msg":"gave up","url":""})");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->error_msg, "gave up");
    EXPECT_EQ(parsed->url, "");
}

TEST(status_report, takes_defaults_for_absent_fields) {
    const auto parsed = parse_status_report(R"({"id":1,"url":"http://h","unknown":true})");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->version, framework_version);
    EXPECT_EQ(parsed->cur_load, 0.0);
    EXPECT_EQ(parsed->error_msg, "");
}

TEST(status_report, takes_integers_that_are_written_as_floats) {
    const auto parsed = parse_status_report(
        R"({"id":7.0,"url":"http://h","working_request_idxs":[-9223372036854775808.0,1e3]})");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->id, 7);
    EXPECT_EQ(parsed->working_request_idxs,
              (std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 1000}));
}

}  // namespace
}  // namespace nullworker::wire
