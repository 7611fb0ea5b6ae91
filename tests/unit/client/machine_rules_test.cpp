#include <gtest/gtest.h>

#include <chrono>
#include <doctor/machine_rules.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr double moment = 1000;

finding line_on(const std::string& subject, const std::vector<finding>& findings) {
    for (const auto& each : findings)
        if (each.subject == subject)
            return each;
    ADD_FAILURE() << "nothing about " << subject;
    return {};
}

// ---- What the worker tells ----

wire::worker_status well() {
    wire::worker_status out{.version = "1.2.3", .url = "https://203.0.113.7:40001", .container_id = 42};
    out.ready_since = 990;
    out.health = {.state = "healthy", .since = 900};
    out.last_report = wire::accepted_report{
        .accepted_at = 999, .address = "https://run.vast.ai/", .cur_load = 0, .max_perf = 100};
    out.public_key = wire::key_status{.age = 100};
    return out;
}

std::vector<finding> told_of(const wire::worker_status& told) {
    return judge_worker(told, "port 18999", moment);
}

TEST(machine_rules, a_worker_that_is_well_is_told_in_a_line_a_fact) {
    const auto found = told_of(well());
    for (const auto& each : found)
        EXPECT_EQ(each.how, severity::ok) << each.subject;
    EXPECT_EQ(line_on("nullworkerd", found).value, "1.2.3, worker 42 at https://203.0.113.7:40001");
    EXPECT_EQ(line_on("last report", found).value, "load 0 of 100, accepted 1 s ago by https://run.vast.ai/");
}

TEST(machine_rules, that_nobody_answers_is_all_there_is_to_tell) {
    const auto found = judge_worker(failure{"Connection refused"}, "port 18999 of 127.0.0.1", moment);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().how, severity::fail);
    EXPECT_EQ(found.front().value, "none answers at port 18999 of 127.0.0.1: Connection refused");
}

TEST(machine_rules, what_is_wrong_with_a_worker_is_named) {
    auto told = well();
    told.health = {.state = "unhealthy", .since = 995, .reasons = {"no heartbeat", "no key"}};
    EXPECT_EQ(line_on("health", told_of(told)).how, severity::fail);
    EXPECT_EQ(line_on("health", told_of(told)).reason, "no heartbeat; no key");
    told = well();
    told.ready_since.reset();
    EXPECT_EQ(line_on("ready", told_of(told)).how, severity::warn);
    told = well();
    told.draining = true;
    EXPECT_EQ(line_on("ready", told_of(told)).value, "about to stop");
    told = well();
    told.consumer = {.probe = "unhealthy", .probe_failure = "exit 1"};
    EXPECT_EQ(line_on("consumer", told_of(told)).how, severity::warn);
    EXPECT_EQ(line_on("consumer", told_of(told)).reason, "exit 1");
    told = well();
    told.consumer.heartbeat = "silent";
    EXPECT_EQ(line_on("consumer", told_of(told)).how, severity::warn);
    told = well();
    told.last_report.reset();
    EXPECT_EQ(line_on("last report", told_of(told)).how, severity::fail);
    told = well();
    told.last_report->accepted_at = 900;
    EXPECT_EQ(line_on("last report", told_of(told)).how, severity::warn);
    told = well();
    told.last_report->error_msg = "no CUDA";
    EXPECT_EQ(line_on("last report", told_of(told)).reason, "it reports: no CUDA");
    told = well();
    told.undelivered_completions = 3;
    EXPECT_EQ(line_on("completions", told_of(told)).how, severity::warn);
}

// ---- Variables ----

environment_facts instance_with(variables more = {}) {
    variables all = {{"PUBLIC_IPADDR", "203.0.113.7"},
                     {"CONTAINER_ID", "42"},
                     {"MASTER_TOKEN", "secret"},
                     {"VAST_TCP_PORT_3000", "40001"}};
    for (auto& [name, value] : more)
        all[name] = value;
    return {std::move(all)};
}

TEST(machine_rules, the_variables_of_an_instance_are_well_and_its_token_is_not_shown) {
    for (const auto& each : judge_environment(instance_with())) {
        EXPECT_EQ(each.how, severity::ok) << each.subject << ' ' << each.value;
        EXPECT_EQ(each.value.find("secret"), std::string::npos);
    }
    EXPECT_EQ(line_on("MASTER_TOKEN", judge_environment(instance_with())).value, "set");
}

TEST(machine_rules, each_variable_that_is_missing_or_wrong_is_named_with_what_to_do) {
    struct change {
        const char* subject;
        const char* variable;
        const char* value;  // "": not set
        severity expected;
    };
    for (const auto& [subject, variable, value, expected] :
         {change{"PUBLIC_IPADDR", "PUBLIC_IPADDR", "", severity::fail},
          change{"CONTAINER_ID", "CONTAINER_ID", "", severity::fail},
          change{"CONTAINER_ID", "CONTAINER_ID", "C.42", severity::fail},
          change{"MASTER_TOKEN", "MASTER_TOKEN", "", severity::warn},
          change{"UNSECURED", "UNSECURED", "True", severity::warn},
          change{"UNSECURED", "UNSECURED", "false", severity::ok},
          change{"NULLWORKER_CREATE_AUTH", "NULLWORKER_CREATE_AUTH", "open", severity::warn},
          change{"port mapping", "VAST_TCP_PORT_3000", "", severity::fail},
          change{"port mapping", "WORKER_PORT", "4000", severity::fail},
          change{"BACKEND", "BACKEND", "openai", severity::warn}}) {
        const auto found = line_on(subject, judge_environment(instance_with({{variable, value}})));
        EXPECT_EQ(found.how, expected) << subject;
        EXPECT_EQ(found.remedy.empty(), expected == severity::ok) << subject;
    }
    EXPECT_EQ(line_on("port mapping", judge_environment(instance_with({{"WORKER_PORT", "4000"}}))).remedy,
              "add port 4000 (TCP) to Ports of the template, or set WORKER_PORT to one that is there");
}

TEST(machine_rules, what_stands_around_a_value_is_told_and_does_not_count) {
    const auto found = judge_environment(instance_with({{"CONTAINER_ID", "42\r\n"}}));
    EXPECT_EQ(found[2].how, severity::ok) << "the number itself";
    EXPECT_EQ(found.back().how, severity::warn);
    EXPECT_EQ(found.back().value, "CONTAINER_ID is used without the line ends around its value");
}

// ---- Port, certificate, disk ----

TEST(machine_rules, a_port_that_nobody_hears_fails_and_one_that_leads_nowhere_from_here_may_be_well) {
    EXPECT_EQ(judge_port({.is_listening = false}).front().how, severity::fail);
    const auto odd = judge_port({.outside = "http://203.0.113.7:40001", .trouble = "timed out"});
    ASSERT_EQ(odd.size(), 2U);
    EXPECT_EQ(odd[0].how, severity::ok);
    EXPECT_EQ(odd[1].how, severity::warn);
    EXPECT_EQ(odd[1].command, "curl -k http://203.0.113.7:40001");
    EXPECT_EQ(judge_port({.outside = "http://203.0.113.7:40001"})[1].how, severity::ok);
}

TEST(machine_rules, a_certificate_is_judged_by_dates_name_and_chain) {
    const auto today = std::chrono::system_clock::from_time_t(1790000000);
    certificate_facts good{.ends = today + 24h * 30, .chain = ""};
    for (const auto& each : judge_certificate(good, today))
        EXPECT_EQ(each.how, severity::ok) << each.subject;
    EXPECT_EQ(line_on("certificate", judge_certificate(good, today)).value, "valid for 30 d");
    auto old = good;
    old.ends = today + 24h;
    EXPECT_EQ(line_on("certificate", judge_certificate(old, today)).how, severity::warn);
    auto other = good;
    other.host = "203.0.113.7";
    other.fits = false;
    EXPECT_EQ(line_on("its name", judge_certificate(other, today)).how, severity::fail);
    EXPECT_EQ(line_on("its name", judge_certificate(other, today)).value, "it is not for 203.0.113.7");
    auto unknown = good;
    unknown.chain = "unable to get local issuer certificate";
    EXPECT_EQ(line_on("its chain", judge_certificate(unknown, today)).how, severity::fail);
    unknown.chain.reset();
    EXPECT_EQ(line_on("its chain", judge_certificate(unknown, today)).how, severity::warn);
    const auto useless = judge_certificate({.fault = "it has expired"}, today);
    ASSERT_EQ(useless.size(), 1U);
    EXPECT_EQ(useless.front().how, severity::fail);
    EXPECT_EQ(useless.front().value, "it has expired");
}

TEST(machine_rules, it_is_told_how_long_the_state_stays) {
    constexpr std::uint64_t much = 1 << 30;
    EXPECT_EQ(judge_state_directory({}).how, severity::warn) << "none";
    EXPECT_EQ(judge_state_directory({.path = "/x", .trouble = "gone"}).how, severity::fail);
    EXPECT_EQ(judge_state_directory({.path = "/x", .is_writable = false}).how, severity::fail);
    EXPECT_EQ(judge_state_directory({.path = "/x", .free_bytes = 1024}).how, severity::warn);
    EXPECT_EQ(judge_state_directory({.path = "/x", .kept = keeping::memory, .free_bytes = much}).how,
              severity::warn);
    EXPECT_EQ(judge_state_directory({.path = "/x", .kept = keeping::layer, .free_bytes = much}).value,
              "/x, kept over a restart of the container, gone with it");
    EXPECT_EQ(judge_state_directory({.path = "/x", .free_bytes = much}).value, "/x, kept over a restart");
}

// ---- Autoscaler ----

TEST(machine_rules, one_address_that_answers_is_enough) {
    const address_facts good{.address = "https://a", .status = 200, .took = 12ms};
    const address_facts bad{.address = "https://b", .trouble = "timed out"};
    const address_facts wrong{.address = "https://c", .status = 404};
    EXPECT_EQ(judge_addresses({good}).front().value, "https://a answers in 12 ms");
    const auto some = judge_addresses({bad, good});
    EXPECT_EQ(some[0].how, severity::warn);
    EXPECT_EQ(some[1].how, severity::ok);
    for (const auto& each : judge_addresses({bad, wrong}))
        EXPECT_EQ(each.how, severity::fail) << each.value;
    EXPECT_EQ(judge_addresses({}).front().how, severity::fail);
}

TEST(machine_rules, the_clock_is_compared_with_the_first_address_that_tells_the_time) {
    const auto with = [](double ahead) {
        const std::vector<address_facts> all = {{.address = "a"}, {.address = "b", .ahead = seconds(ahead)}};
        return judge_clock(all);
    };
    EXPECT_EQ(with(-5).how, severity::ok);
    EXPECT_EQ(with(6).how, severity::warn);
    EXPECT_EQ(with(61).how, severity::fail);
    EXPECT_EQ(with(120).value, "2 min behind the autoscaler's");
    EXPECT_EQ(with(-120).value, "2 min before the autoscaler's");
    EXPECT_EQ(judge_clock({{.address = "a"}}).how, severity::warn);
}

// ---- Starters ----

TEST(machine_rules, two_starters_on_one_machine_are_told) {
    const process_facts onstart{10, 1, {"bash", "/root/onstart.sh"}};
    const process_facts daemon{11, 10, {"nullworkerd"}};
    const process_facts second{20, 1, {"python3", "-m", "worker"}};
    const auto one = judge_starters({onstart, daemon});
    EXPECT_EQ(one[0].how, severity::ok);
    EXPECT_EQ(one[0].value, "onstart.sh (process 10)");
    EXPECT_EQ(one[1].how, severity::ok);
    const auto two = judge_starters({onstart, daemon, second});
    EXPECT_EQ(two[0].how, severity::warn);
    EXPECT_EQ(two[0].value, "onstart.sh (process 10), worker (process 20)");
    EXPECT_EQ(judge_starters({daemon})[0].value, "nobody that is known here");
}

TEST(machine_rules, what_a_supervisor_allows_a_job_is_told) {
    const process_facts supervisor{5, 1, {"supervisord"}};
    const process_facts onstart{10, 5, {"bash", "/root/onstart.sh"}};
    const process_facts other{11, 5, {"nginx"}};
    EXPECT_EQ(judge_starters({supervisor, onstart})[1].how, severity::warn);
    EXPECT_EQ(judge_starters({supervisor, other})[1].how, severity::ok);
}

}  // namespace
}  // namespace nullworker::client
