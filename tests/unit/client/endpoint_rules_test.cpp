#include <nullworker/base/file.hpp>

#include <gtest/gtest.h>

#include <doctor/endpoint_rules.hpp>
#include <doctor/parameter_rules.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace nullworker::client {
namespace {

using wire::endpoint_info;

constexpr std::size_t most_bytes = 64 * 1024;

// As the console tells it of an endpoint whose owner changed nothing.
endpoint_info with_defaults_of(const std::string& creator) {
    const auto text =
        read_file(std::string(NULLWORKER_TEST_DATA) + "/endpoint-" + creator + "-defaults.json", most_bytes);
    return wire::parse_endpoint_list(text.value()).value().front();
}

endpoint_info recommended() {
    endpoint_info out;
    out.id = 7;
    out.endpoint_name = "mine";
    out.target_util = 1;
    out.max_queue_time = 1;
    out.target_queue_time = 0.5;
    out.max_workers = 4;
    out.min_load = 0;
    out.min_cold_load = 0;
    out.cold_workers = 0;
    out.cold_mult = 1;
    out.inactivity_timeout = 10;
    return out;
}

std::map<std::string, severity> verdicts(const std::vector<finding>& findings) {
    std::map<std::string, severity> out;
    for (const auto& each : findings)
        out[each.subject] = each.how;
    return out;
}

finding about(const std::string& subject, const std::vector<finding>& findings) {
    for (const auto& each : findings)
        if (each.subject == subject)
            return each;
    ADD_FAILURE() << "nothing about " << subject;
    return {};
}

TEST(parameter_rules, the_defaults_of_the_console_are_all_named) {
    EXPECT_EQ(verdicts(judge_parameters(with_defaults_of("console"))),
              (std::map<std::string, severity>{{"target_util", severity::fail},
                                               {"max_queue_time", severity::fail},
                                               {"target_queue_time", severity::fail},
                                               {"max_workers", severity::ok},
                                               {"min_load", severity::warn},
                                               {"min_cold_load", severity::ok},
                                               {"cold_workers", severity::warn},
                                               {"cold_mult", severity::warn},
                                               {"inactivity_timeout", severity::warn}}));
}

TEST(parameter_rules, the_defaults_of_the_command_line_are_all_named) {
    const auto found = judge_parameters(with_defaults_of("command-line"));
    EXPECT_EQ(verdicts(found), (std::map<std::string, severity>{{"target_util", severity::fail},
                                                                {"max_queue_time", severity::fail},
                                                                {"target_queue_time", severity::fail},
                                                                {"max_workers", severity::ok},
                                                                {"min_load", severity::ok},
                                                                {"min_cold_load", severity::ok},
                                                                {"cold_workers", severity::warn},
                                                                {"cold_mult", severity::warn},
                                                                {"inactivity_timeout", severity::warn}}));
    EXPECT_EQ(about("max_queue_time", found).value, "not set, Vast takes 30");
    EXPECT_EQ(about("inactivity_timeout", found).value, "not set");
    EXPECT_EQ(about("max_workers", found).value, "20");
}

TEST(parameter_rules, each_has_the_value_the_recommended_one_a_reason_and_the_line_that_mends_it) {
    const auto found = about("target_util", judge_parameters(with_defaults_of("console")));
    EXPECT_EQ(found.value, "0.9");
    EXPECT_EQ(found.wanted, "1");
    EXPECT_FALSE(found.reason.empty());
    EXPECT_EQ(found.command, "vastai update endpoint 7 --target_util 1.0");
    for (const auto& each : judge_parameters(with_defaults_of("console"))) {
        EXPECT_FALSE(each.wanted.empty()) << each.subject;
        EXPECT_FALSE(each.reason.empty()) << each.subject;
        EXPECT_EQ(each.command.empty(), each.how == severity::ok) << each.subject;
    }
}

TEST(parameter_rules, what_is_recommended_is_right_and_nothing_is_to_be_mended) {
    for (const auto& each : judge_parameters(recommended()))
        EXPECT_EQ(each.how, severity::ok) << each.subject;
    EXPECT_EQ(mending_line(recommended()), "");
}

TEST(parameter_rules, one_line_mends_them_all) {
    EXPECT_EQ(
        mending_line(with_defaults_of("console")),
        "vastai update endpoint 7 --target_util 1.0 --max_queue_time 1 --target_queue_time 0.5 --min_load 0 "
        "--cold_workers 0 --cold_mult 1 --inactivity_timeout 10");
}

TEST(parameter_rules, each_bound_is_where_it_belongs) {
    struct bound {
        const char* parameter;
        std::function<void(endpoint_info&)> set;
        severity expected;
    };
    const bound bounds[] = {
        {"target_util", [](auto& e) { e.target_util = 0.999; }, severity::fail},
        {"max_queue_time", [](auto& e) { e.max_queue_time = 1.001; }, severity::fail},
        {"max_queue_time", [](auto& e) { e.max_queue_time = 0.9; }, severity::ok},
        {"target_queue_time", [](auto& e) { e.target_queue_time = 1; }, severity::fail},
        {"target_queue_time", [](auto& e) { e.target_queue_time = 0.99; }, severity::ok},
        {"max_workers", [](auto& e) { e.max_workers = 0; }, severity::fail},
        {"max_workers", [](auto& e) { e.max_workers = 1; }, severity::ok},
        {"max_workers", [](auto& e) { e.max_workers = 1000; }, severity::ok},
        {"max_workers", [](auto& e) { e.max_workers.reset(); }, severity::ok},
        {"min_load", [](auto& e) { e.min_load = 0.1; }, severity::warn},
        {"min_load", [](auto& e) { e.min_load.reset(); }, severity::warn},
        {"min_cold_load", [](auto& e) { e.min_cold_load = 0.1; }, severity::warn},
        {"min_cold_load", [](auto& e) { e.min_cold_load.reset(); }, severity::ok},
        {"cold_workers", [](auto& e) { e.cold_workers = 1; }, severity::warn},
        {"cold_mult", [](auto& e) { e.cold_mult = 1.5; }, severity::warn},
        {"inactivity_timeout", [](auto& e) { e.inactivity_timeout = 0; }, severity::warn},
        {"inactivity_timeout", [](auto& e) { e.inactivity_timeout = -1; }, severity::warn},
        {"inactivity_timeout", [](auto& e) { e.inactivity_timeout.reset(); }, severity::warn},
        {"inactivity_timeout", [](auto& e) { e.inactivity_timeout = 600; }, severity::ok},
    };
    for (const auto& each : bounds) {
        auto endpoint = recommended();
        each.set(endpoint);
        const auto found = about(each.parameter, judge_parameters(endpoint));
        EXPECT_EQ(found.how, each.expected) << each.parameter << ' ' << found.value;
    }
}

TEST(endpoint_rules, a_key_that_is_refused_is_told_from_a_console_out_of_reach) {
    const auto refused = judge_key(failure{"401", false, 401}, "https://console.vast.ai");
    EXPECT_EQ(refused.how, severity::fail);
    EXPECT_EQ(refused.subject, "key");
    const auto unreachable = judge_key(failure{"refused", true}, "https://console.vast.ai");
    EXPECT_EQ(unreachable.how, severity::fail);
    EXPECT_EQ(unreachable.subject, "console");
    EXPECT_EQ(judge_key(std::vector<endpoint_info>{}, "https://console.vast.ai").how, severity::ok);
}

std::vector<endpoint_info> named(const std::vector<std::string>& names) {
    std::vector<endpoint_info> out;
    for (const auto& name : names)
        out.push_back({.endpoint_name = name});
    return out;
}

TEST(endpoint_rules, an_unknown_endpoint_is_told_with_the_nearest_names) {
    const auto near = unknown_endpoint("my-endpiont", named({"other", "my-endpoint", "my-endpoint-2"}));
    EXPECT_EQ(near.how, severity::fail);
    EXPECT_EQ(near.value, "there is no 'my-endpiont'");
    EXPECT_EQ(near.remedy, "did you mean my-endpoint, my-endpoint-2?");
    EXPECT_EQ(unknown_endpoint("xyz", named({"llama", "whisper"})).remedy, "this account has llama, whisper");
    EXPECT_NE(unknown_endpoint("xyz", {}).remedy.find("has none"), std::string::npos);
}

TEST(endpoint_rules, an_endpoint_that_is_not_active_starts_nobody) {
    auto endpoint = recommended();
    EXPECT_EQ(judge_state(endpoint).how, severity::ok);
    for (const auto* said : {"suspended", "stopped", "destroyed"}) {
        endpoint.endpoint_state = said;
        const auto found = judge_state(endpoint);
        EXPECT_EQ(found.how, severity::fail) << said;
        EXPECT_EQ(found.command, "vastai update endpoint 7 --endpoint_state active");
    }
}

TEST(endpoint_rules, a_workergroup_of_another_endpoint_is_none) {
    const std::vector<wire::workergroup_info> others = {{.id = 1, .endpoint_id = 8, .endpoint_name = "mine"},
                                                        {.id = 2, .endpoint_name = "other"}};
    const auto none = judge_workergroups(recommended(), others);
    ASSERT_EQ(none.size(), 1U);
    EXPECT_EQ(none.front().how, severity::fail);
    EXPECT_EQ(none.front().command,
              "vastai create workergroup --endpoint_id 7 --test_workers 1 --template_hash HASH");
    const std::vector<wire::workergroup_info> ours = {{.id = 3, .endpoint_name = "mine"}};
    EXPECT_EQ(judge_workergroups(recommended(), ours).front().how, severity::ok)
        << "by its name, without an id";
}

TEST(endpoint_rules, machines_that_a_workergroup_starts_by_itself_are_named) {
    const std::vector<wire::workergroup_info> groups = {
        {.id = 3, .endpoint_id = 7, .test_workers = 3, .cold_workers = 2}};
    const auto found = judge_workergroups(recommended(), groups);
    EXPECT_EQ(about("test_workers", found).how, severity::warn);
    EXPECT_EQ(about("test_workers", found).command,
              "vastai update workergroup 3 --endpoint_id 7 --test_workers 1");
    EXPECT_EQ(about("cold_workers", found).how, severity::warn);
    const std::vector<wire::workergroup_info> frugal = {{.id = 3, .endpoint_id = 7, .test_workers = 1}};
    EXPECT_EQ(about("test_workers", judge_workergroups(recommended(), frugal)).how, severity::ok);
}

TEST(endpoint_rules, what_the_key_may_not_see_is_no_failure) {
    const failure forbidden{"403", false, 403};
    EXPECT_EQ(judge_workergroups(recommended(), forbidden).front().how, severity::warn);
    EXPECT_EQ(judge_credit(forbidden).how, severity::warn);
    EXPECT_EQ(judge_workers(recommended(), forbidden, wire::endpoint_logs{}).front().how, severity::warn);
}

TEST(endpoint_rules, low_credit_is_told) {
    EXPECT_EQ(judge_credit(wire::account_info{.credit = 5}).how, severity::ok);
    const auto low = judge_credit(wire::account_info{.credit = 4.99, .balance = 100});
    EXPECT_EQ(low.how, severity::warn);
    EXPECT_EQ(low.value, "4.99 $");
    EXPECT_EQ(judge_credit(wire::account_info{.balance = -1}).how, severity::warn);
    EXPECT_EQ(judge_credit(wire::account_info{}).how, severity::warn);
}

TEST(endpoint_rules, a_refusal_is_an_answer_of_the_route_and_an_error_page_is_none) {
    struct answer {
        route_answer what;
        severity expected;
    };
    for (const auto& [what, expected] :
         {answer{{401, true}, severity::ok}, answer{{200, true}, severity::ok},
          answer{{404, true}, severity::ok}, answer{{404, false}, severity::fail},
          answer{{308, false}, severity::fail}, answer{{502, true}, severity::fail}})
        EXPECT_EQ(judge_route(what, "https://run.vast.ai").how, expected) << what.status;
    EXPECT_EQ(judge_route(failure{"refused"}, "https://run.vast.ai").how, severity::fail);
}

wire::worker_info worker_in(std::int64_t id, const char* status) {
    wire::worker_info out;
    out.id = id;
    out.status = status;
    return out;
}

TEST(endpoint_rules, workers_are_counted_and_those_in_error_have_their_reason) {
    const std::vector<wire::worker_info> workers = {worker_in(1, "idle"), worker_in(2, "error"),
                                                    worker_in(3, "ERROR")};
    const wire::endpoint_logs logs{.info0 = "worker 2 error: no CUDA"};
    const auto found = judge_workers(recommended(), workers, logs);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].how, severity::ok);
    EXPECT_EQ(found[0].value, "1 ERROR, 1 error, 1 idle");
    EXPECT_EQ(found[1].how, severity::warn);
    EXPECT_EQ(found[1].subject, "worker 2");
    EXPECT_EQ(found[1].value, "worker 2 error: no CUDA");
    EXPECT_EQ(found[2].value, "the endpoint's log does not say why");
    EXPECT_EQ(judge_workers(recommended(), std::vector<wire::worker_info>{}, logs).front().value, "none");
}

TEST(endpoint_rules, that_all_workers_are_in_error_is_a_failure) {
    const std::vector<wire::worker_info> workers = {worker_in(2, "error"), worker_in(3, "error")};
    EXPECT_EQ(judge_workers(recommended(), workers, failure{"no log"}).front().how, severity::fail);
}

TEST(endpoint_rules, many_workers_in_error_are_not_all_listed) {
    const std::vector<wire::worker_info> workers(500, worker_in(2, "error"));
    EXPECT_EQ(judge_workers(recommended(), workers, failure{"no log"}).size(), 11U);
}

}  // namespace
}  // namespace nullworker::client
