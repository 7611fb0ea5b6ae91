#include <nullworker/wire/account.hpp>

#include <gtest/gtest.h>

#include <string>

// What the owner of an endpoint is told, in the form of Vast's documentation and of its command line.
namespace nullworker::wire {
namespace {

TEST(workergroups, are_read_as_documented) {
    const auto told = parse_workergroups(
        R"({"success": true, "results": [{"id": 123, "test_workers": 3, "template_hash": "abc", "gpu_ram": 24,
            "search_query": {"verified": {"eq": true}}, "endpoint_name": "mine", "endpoint_id": 789,
            "api_key": "secret", "created_at": "2023-10-01T12:00:00Z"}, {"id": "5", "test_workers": null}]})");
    ASSERT_TRUE(told.has_value());
    ASSERT_EQ(told->size(), 2U);
    EXPECT_EQ(told->front().id, 123);
    EXPECT_EQ(told->front().endpoint_id, 789);
    EXPECT_EQ(told->front().endpoint_name, "mine");
    EXPECT_EQ(told->front().template_hash, "abc");
    EXPECT_EQ(told->front().test_workers, 3);
    EXPECT_EQ(told->front().cold_workers, std::nullopt);
    EXPECT_EQ(told->back().id, 5);
    EXPECT_EQ(told->back().test_workers, std::nullopt);
}

TEST(workergroups, are_refused_where_they_are_none) {
    for (const char* body : {"[]", "{}", "null", R"({"results": [7]})", R"({"success": false, "msg": "no"})",
                             R"({"results": [{"id": 1e300}]})"})
        EXPECT_EQ(parse_workergroups(body).error(), errc::unexpected_message) << body;
    EXPECT_EQ(parse_workergroups("<html>").error(), errc::invalid_json);
}

TEST(account, tells_what_it_has_and_nothing_else) {
    const auto told =
        parse_account(R"({"id": 1, "email": "a", "credit": 12.5, "balance": "-0.5", "api_key": "secret"})");
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->credit, 12.5);
    EXPECT_EQ(told->balance, -0.5);
    EXPECT_EQ(to_json(*told), R"({"balance":-0.5,"credit":12.5})");
    EXPECT_EQ(parse_account("{}")->credit, std::nullopt);
    EXPECT_FALSE(parse_account("[]").has_value());
}

TEST(instances, tell_their_prices_and_nothing_else) {
    const auto told = parse_instances(
        R"({"instances_found": 3, "instances": [{"id": 312, "dph_total": 0.25, "jupyter_token": "secret"},
            {"id": 313, "dph_total": null, "label": "a"}, {"id": "314", "dph_total": "1.5"}]})");
    ASSERT_TRUE(told.has_value());
    ASSERT_EQ(told->size(), 3U);
    EXPECT_EQ(told->at(0).id, 312);
    EXPECT_EQ(told->at(0).dph_total, 0.25);
    EXPECT_EQ(told->at(1).dph_total, std::nullopt);
    EXPECT_EQ(told->at(2).id, 314);
    EXPECT_EQ(told->at(2).dph_total, 1.5);
    EXPECT_EQ(instance_list({{.id = 1, .dph_total = 0.5}}),
              R"({"instances":[{"dph_total":0.5,"id":1}],"instances_found":1})");
}

TEST(instances, are_refused_where_they_are_none) {
    for (const char* body : {"[]", "{}", "null", R"({"instances": [7]})",
                             R"({"success": false, "msg": "no"})", R"({"instances": [{"id": 1e300}]})"})
        EXPECT_EQ(parse_instances(body).error(), errc::unexpected_message) << body;
    EXPECT_EQ(parse_instances("<html>").error(), errc::invalid_json);
}

TEST(endpoint_logs, the_last_line_about_a_workers_error_counts) {
    const endpoint_logs logs{
        .info0 = "worker 7 error: no CUDA\nworker 7 Error: disk full\nworker 77 error: x\n",
        .info1 = "worker 8: all is well\n",
        .debug = "8 ERROR: lost"};
    EXPECT_EQ(error_of(logs, 7), "worker 7 Error: disk full");
    EXPECT_EQ(error_of(logs, 77), "worker 77 error: x");
    EXPECT_EQ(error_of(logs, 8), "8 ERROR: lost");
    EXPECT_EQ(error_of(logs, 9), "");
    EXPECT_EQ(error_of({}, 7), "");
}

TEST(endpoint_logs, a_line_is_cut) {
    EXPECT_EQ(error_of({.info0 = "7 error " + std::string(10000, 'x')}, 7).size(), 300U);
}

TEST(endpoint_logs, levels_that_are_no_texts_are_left_alone) {
    const auto told = parse_endpoint_logs(R"({"info0": "a", "info1": null, "trace": 7})");
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->info0, "a");
    EXPECT_EQ(told->trace, "");
}

}  // namespace
}  // namespace nullworker::wire
