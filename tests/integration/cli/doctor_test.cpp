#include "beside_a_worker.hpp"
#include "peer_in_a_thread.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_certificate.hpp"

#include <nullworker/base/clock.hpp>
#include <nullworker/net/http_date.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

// `nullworker doctor` as users run it: at a fleet of this machine, and beside a worker.
namespace nullworker::test {
namespace {

std::vector<nlohmann::json> lines_of(const std::string& text) {
    std::vector<nlohmann::json> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        out.push_back(nlohmann::json::parse(line));
    return out;
}

// The subjects of one severity.
std::set<std::string> subjects(const std::vector<nlohmann::json>& lines, const std::string& severity) {
    std::set<std::string> out;
    for (const auto& each : lines)
        if (each.value("severity", "") == severity)
            out.insert(each.at("subject"));
    return out;
}

class doctor_at_a_fleet : public testing::Test {
protected:
    // A fleet that was started with `words`.
    void start(std::vector<std::string> words) {
        for (const auto& word : {"0", "--port", "23700", "--worker-port", "fleet", NULLWORKER_PROGRAM})
            words.insert(words.begin(), word);
        x_fleet.emplace(words);
        x_fleet->wait_for("endpoint local");
        const auto at = x_fleet->out().find("http");
        x_url = x_fleet->out().substr(at, x_fleet->out().find(',', at) - at);
    }

    [[nodiscard]] std::vector<std::string> doctor(std::vector<std::string> words,
                                                  const std::string& endpoint = "local") const {
        std::vector<std::string> out = {NULLWORKER_PROGRAM, "doctor", "--endpoint",    endpoint,
                                        "--autoscaler-url", x_url,    "--console-url", x_url};
        for (auto& word : words)
            out.push_back(std::move(word));
        return out;
    }

    ending run(std::vector<std::string> words, const std::string& endpoint = "local") {
        program it(doctor(std::move(words), endpoint), {{"VAST_API_KEY", "account-key"}});
        const int code = it.wait();
        return {code, it.out(), it.err()};
    }

    std::string x_url;
    std::optional<program> x_fleet;
};

TEST_F(doctor_at_a_fleet, an_endpoint_as_it_should_be_is_well) {
    start({});
    const auto told = run({"--json"});
    EXPECT_EQ(told.code, 0) << told.out << told.err;
    const auto lines = lines_of(told.out);
    EXPECT_EQ(subjects(lines, "FAIL"), std::set<std::string>());
    EXPECT_EQ(subjects(lines, "WARN"), std::set<std::string>());
    EXPECT_EQ(subjects(lines, "OK"),
              (std::set<std::string>{"key", "endpoint", "workergroup", "test_workers", "credit",
                                     "target_util", "max_queue_time", "target_queue_time", "max_workers",
                                     "min_load", "min_cold_load", "cold_workers", "cold_mult",
                                     "inactivity_timeout", "/route/", "workers"}));
    EXPECT_EQ(lines.back().at("event"), "summary");
    EXPECT_EQ(lines.back().at("ok"), 16);
    EXPECT_FALSE(contains(x_fleet->out(), "request")) << "nothing was asked for that could be rented";
}

TEST_F(doctor_at_a_fleet, the_defaults_of_vasts_console_are_all_named) {
    start({"--parameters", "console", "--test-workers", "3"});
    const auto told = run({"--json"});
    EXPECT_EQ(told.code, 1);
    const auto lines = lines_of(told.out);
    EXPECT_EQ(subjects(lines, "FAIL"),
              (std::set<std::string>{"target_util", "max_queue_time", "target_queue_time"}));
    EXPECT_EQ(subjects(lines, "WARN"), (std::set<std::string>{"min_load", "cold_workers", "cold_mult",
                                                              "inactivity_timeout", "test_workers"}));
    EXPECT_EQ(
        lines.back().at("command"),
        "vastai update endpoint 1 --target_util 1.0 --max_queue_time 1 --target_queue_time 0.5 --min_load 0 "
        "--cold_workers 0 --cold_mult 1 --inactivity_timeout 10");
}

TEST_F(doctor_at_a_fleet, the_defaults_of_vasts_command_line_are_all_named) {
    start({"--parameters", "command-line", "--test-workers", "3"});
    const auto told = run({"--json"});
    EXPECT_EQ(told.code, 1);
    const auto lines = lines_of(told.out);
    EXPECT_EQ(subjects(lines, "FAIL"),
              (std::set<std::string>{"target_util", "max_queue_time", "target_queue_time"}));
    EXPECT_EQ(subjects(lines, "WARN"),
              (std::set<std::string>{"cold_workers", "cold_mult", "inactivity_timeout", "test_workers"}));
}

TEST_F(doctor_at_a_fleet, for_people_it_fits_80_columns) {
    start({"--parameters", "console", "--max-workers", "0", "--workergroups", "0", "--credit", "1"});
    const auto told = run({});
    EXPECT_EQ(told.code, 1);
    std::istringstream lines(told.out);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80U) << line;
    for (const auto* part :
         {"FAIL  target_util         0.9 (recommended: 1)\n", "FAIL  max_workers         0 (recommended: ",
          "FAIL  workergroup         the endpoint has none\n", "WARN  credit              1.00 $\n",
          "vastai update endpoint 1 --max_workers 16\n", "The parameters are mended by\n"})
        EXPECT_TRUE(contains(told.out, part)) << part << told.out;
    EXPECT_FALSE(contains(told.out, "account-key"));
}

TEST_F(doctor_at_a_fleet, each_finding_of_a_parameter_goes_when_it_is_set_right) {
    start({"--min-cold-load", "100", "--inactivity-timeout", "-1", "--test-workers", "2"});
    const auto told = run({"--json"});
    EXPECT_EQ(told.code, 0) << "what costs money works";
    EXPECT_EQ(subjects(lines_of(told.out), "WARN"),
              (std::set<std::string>{"min_cold_load", "inactivity_timeout", "test_workers"}));
}

TEST_F(doctor_at_a_fleet, a_key_that_is_not_the_accounts_fails_and_is_not_shown) {
    start({"--api-key", "another-key"});
    const auto told = run({});
    EXPECT_EQ(told.code, 1);
    EXPECT_TRUE(contains(told.out, "FAIL  key ")) << told.out;
    EXPECT_FALSE(contains(told.out, "account-key"));
    EXPECT_FALSE(contains(told.out, "another-key"));
}

TEST_F(doctor_at_a_fleet, an_unknown_endpoint_is_told_with_the_nearest_name) {
    start({});
    const auto told = run({}, "locla");
    EXPECT_EQ(told.code, 1);
    EXPECT_TRUE(contains(told.out,
                         "FAIL  endpoint            there is no 'locla'\n"
                         "                          did you mean local?\n"))
        << told.out;
}

TEST_F(doctor_at_a_fleet, an_endpoint_that_is_suspended_fails) {
    start({});
    const auto changed = send({.method = net::verb::put,
                               .target = parse_url(x_url + "/api/v0/endptjobs/1/").value(),
                               .headers = {{"Authorization", "Bearer any"}},
                               .body = R"({"endpoint_state": "suspended"})"});
    ASSERT_EQ(changed.status, 200U);
    const auto told = run({"--json"});
    EXPECT_EQ(told.code, 1);
    EXPECT_EQ(subjects(lines_of(told.out), "FAIL"), (std::set<std::string>{"endpoint"}));
}

TEST_F(doctor_at_a_fleet, a_worker_in_error_has_its_reason) {
    start({"--min-load", "1", "--worker",
           std::string("BACKEND_HEALTH_URL=exec:false NULLWORKER_CONSUMER_PATIENCE=0.1 "
                       "NULLWORKER_HEALTH_INTERVAL=0.05 ") +
               NULLWORKERD_PROGRAM});
    x_fleet->wait_for("-> error");
    const auto told = run({"--json"});
    EXPECT_EQ(told.code, 1);
    const auto lines = lines_of(told.out);
    EXPECT_TRUE(subjects(lines, "FAIL").contains("workers")) << told.out;
    const auto found = std::ranges::find_if(
        lines, [](const nlohmann::json& each) { return each.value("subject", "") == "worker 1"; });
    ASSERT_NE(found, lines.end()) << told.out;
    EXPECT_TRUE(contains(found->at("value"), "worker 1 error: ")) << *found;
    EXPECT_EQ(found->at("command"), "vastai get endpt-logs 1 --level 0");
}

TEST_F(doctor_at_a_fleet, the_probe_first_says_what_it_rents_and_then_times_each_step) {
    start({"--tls"});
    const auto roots_at = x_fleet->out().find("SSL_CERT_FILE=") + std::string("SSL_CERT_FILE=").size();
    const auto roots = x_fleet->out().substr(roots_at, x_fleet->out().find('\n', roots_at) - roots_at);
    program it(doctor({"--probe", "--json", "--timeout", "20"}),
               {{"VAST_API_KEY", "account-key"}, {"SSL_CERT_FILE", roots}});
    EXPECT_EQ(it.wait(), 0) << it.out() << it.err();
    std::vector<std::string> steps;
    for (const auto& each : lines_of(it.out()))
        if (each.at("event") == "finding")
            steps.push_back(each.at("subject"));
    const std::vector<std::string> expected = {"probe",        "queued",  "routed",
                                               "TLS verified", "created", "released"};
    ASSERT_GE(steps.size(), expected.size());
    EXPECT_EQ(
        std::vector<std::string>(steps.end() - static_cast<std::ptrdiff_t>(expected.size()), steps.end()),
        expected);
    EXPECT_TRUE(contains(it.out(), "rents one machine of local")) << it.out();
    EXPECT_FALSE(contains(it.out(), "signature")) << "a grant is not shown";
}

TEST_F(doctor_at_a_fleet, beside_one_of_its_workers_the_certificate_is_well) {
    start({"--tls", "--min-load", "1"});
    x_fleet->wait_for("-> idle");
    const auto roots_at = x_fleet->out().find("SSL_CERT_FILE=") + std::string("SSL_CERT_FILE=").size();
    const auto roots = x_fleet->out().substr(roots_at, x_fleet->out().find('\n', roots_at) - roots_at);
    program it({NULLWORKER_PROGRAM, "doctor", "--json", "--control-port", "23702"},
               {{"SSL_CERT_FILE", roots}});
    EXPECT_EQ(it.wait(), 0) << it.out() << it.err();
    const auto well = subjects(lines_of(it.out()), "OK");
    for (const auto* subject :
         {"certificate", "its name", "its chain", "clock", "REPORT_ADDR", "last report"})
        EXPECT_TRUE(well.contains(subject)) << subject << it.out();
}

TEST_F(doctor_at_a_fleet, nothing_is_rented_while_something_fails) {
    start({"--target-util", "0.9"});
    const auto told = run({"--probe"});
    EXPECT_EQ(told.code, 1);
    EXPECT_TRUE(contains(told.out, "nothing was rented")) << told.out;
    EXPECT_FALSE(contains(x_fleet->out(), "request"));
}

TEST_F(doctor_at_a_fleet, a_probe_that_gets_no_worker_fails_and_leaves_nothing) {
    start({"--worker", "exit 3"});
    const auto told = run({"--probe", "--timeout", "1"});
    EXPECT_EQ(told.code, 1);
    EXPECT_TRUE(contains(told.out, "OK    queued ")) << told.out;
    EXPECT_TRUE(contains(told.out, "FAIL  probe ")) << told.out;
}

TEST_F(doctor_at_a_fleet, a_probe_gives_up_a_worker_whose_certificate_nobody_vouches_for) {
    start({"--tls", "--worker", std::string("NULLWORKER_TLS_SELF_SIGNED=true ") + NULLWORKERD_PROGRAM});
    const auto roots_at = x_fleet->out().find("SSL_CERT_FILE=") + std::string("SSL_CERT_FILE=").size();
    const auto roots = x_fleet->out().substr(roots_at, x_fleet->out().find('\n', roots_at) - roots_at);
    program it(doctor({"--probe", "--json", "--timeout", "600"}),
               {{"VAST_API_KEY", "account-key"}, {"SSL_CERT_FILE", roots}});
    EXPECT_EQ(it.wait(), 1) << it.out();
    EXPECT_EQ(subjects(lines_of(it.out()), "FAIL"), (std::set<std::string>{"probe"}));
    EXPECT_TRUE(contains(it.out(), "certificate verify failed")) << it.out();
    EXPECT_FALSE(contains(it.out(), "created")) << it.out();
}

TEST_F(doctor_at_a_fleet, an_autoscaler_out_of_reach_fails_though_the_console_answers) {
    start({});
    program it({NULLWORKER_PROGRAM, "doctor", "--json", "--endpoint", "local", "--api-key", "k",
                "--autoscaler-url", "http://127.0.0.1:1", "--console-url", x_url});
    EXPECT_EQ(it.wait(), 1);
    EXPECT_EQ(subjects(lines_of(it.out()), "FAIL"), (std::set<std::string>{"/route/"}));
}

TEST_F(doctor_at_a_fleet, ctrl_c_ends_a_probe) {
    start({"--start-delay", "60"});
    program it(doctor({"--probe"}), {{"VAST_API_KEY", "account-key"}});
    it.wait_for("queued");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT) << it.out();
}

class doctor_on_a_machine : public beside_a_worker {
protected:
    // An autoscaler with which the worker and the doctor can speak.
    void start_autoscaler() {
        x_autoscaler.script().reply_by("/pubkey/", [](const net::request&) {
            auto out = net::text_reply(200, "a key");
            out.headers.emplace_back("Date", net::http_date(now().wall + x_ahead));
            return out;
        });
        for (const auto* path : {"/worker_status/", "/delete_requests/"})
            x_autoscaler.script().reply_always(path, net::json_reply(200, "{}"));
        x_autoscaler.start();
    }

    [[nodiscard]] std::vector<nlohmann::json> told_with(const std::map<std::string, std::string>& more,
                                                        int code) {
        start_autoscaler();
        auto all = more;
        all.emplace("REPORT_ADDR", x_autoscaler.origin());
        all.emplace("MASTER_TOKEN", "master-token");
        all.emplace("NULLWORKER_STATE_DIR", x_files.file("state"));
        start(all);
        x_autoscaler.await_requests("/worker_status/", 1);
        const auto told = run({"doctor", "--json"});
        EXPECT_EQ(told.code, code) << told.out << told.err;
        EXPECT_FALSE(contains(told.out, "master-token"));
        return lines_of(told.out);
    }

    static nlohmann::json about(const std::string& subject, const std::vector<nlohmann::json>& lines) {
        for (const auto& each : lines)
            if (each.value("subject", "") == subject)
                return each;
        ADD_FAILURE() << "nothing about " << subject;
        return {};
    }

    static inline std::chrono::seconds x_ahead{0};
    temporary_directory x_files;
    peer_in_a_thread x_autoscaler;
};

TEST_F(doctor_on_a_machine, everything_about_a_worker_is_looked_at_with_the_variables_of_the_daemon) {
    const auto lines = told_with({}, 0);
    EXPECT_EQ(about("nullworkerd", lines).at("severity"), "OK");
    EXPECT_TRUE(contains(about("variables", lines).at("value"), "those of nullworkerd, process "))
        << lines[8];
    EXPECT_EQ(about("CONTAINER_ID", lines).at("value"), "7");
    EXPECT_EQ(about("MASTER_TOKEN", lines).at("value"), "set");
    EXPECT_EQ(about("UNSECURED", lines).at("severity"), "WARN");
    EXPECT_EQ(about("port mapping", lines).at("value"),
              std::to_string(port) + " is " + std::to_string(port) + " outside");
    EXPECT_EQ(about("public port", lines).at("severity"), "OK");
    EXPECT_EQ(about("from outside", lines).at("severity"), "OK");
    EXPECT_EQ(about("TLS", lines).at("severity"), "OK");
    EXPECT_TRUE(contains(about("state directory", lines).at("value"), x_files.file("state")));
    EXPECT_EQ(about("REPORT_ADDR", lines).at("severity"), "OK");
    EXPECT_EQ(about("clock", lines).at("severity"), "OK");
    (void)about("started by", lines);
    (void)about("a stop", lines);
    EXPECT_EQ(lines.back().at("event"), "summary");
}

TEST_F(doctor_on_a_machine, a_clock_that_is_wrong_fails) {
    x_ahead = std::chrono::seconds(3600);
    const auto lines = told_with({}, 1);
    x_ahead = std::chrono::seconds(0);
    EXPECT_EQ(about("clock", lines).at("severity"), "FAIL");
    EXPECT_EQ(about("clock", lines).at("value"), "1 h behind the autoscaler's");
}

TEST_F(doctor_on_a_machine, a_certificate_that_nobody_vouches_for_fails) {
    const auto lines = told_with({{"USE_SSL", "true"},
                                  {"NULLWORKER_TLS_SELF_SIGNED", "true"},
                                  {"NULLWORKER_CONSOLE_URL", x_autoscaler.origin()},
                                  {"NULLWORKER_TLS_CERTIFICATE", x_files.file("instance.crt")},
                                  {"NULLWORKER_TLS_KEY", x_files.file("instance.key")}},
                                 1);
    EXPECT_EQ(about("certificate", lines).at("severity"), "OK");
    EXPECT_EQ(about("its name", lines).at("severity"), "OK");
    EXPECT_EQ(about("its chain", lines).at("severity"), "FAIL");
    EXPECT_EQ(about("its chain", lines).at("value"), "nobody but itself vouches for it");
}

TEST_F(doctor_on_a_machine, an_unhealthy_worker_fails_and_says_why) {
    const auto lines = told_with({{"BACKEND_HEALTH_URL", "exec:test ! -e " + x_files.file("broken")},
                                  {"NULLWORKER_HEALTH_INTERVAL", "0.05"},
                                  {"NULLWORKER_UNHEALTHY_AFTER", "1"}},
                                 0);
    EXPECT_EQ(about("health", lines).at("severity"), "OK");
    std::ofstream(x_files.file("broken")) << "x";
    x_daemon->wait_for("unhealthy");
    const auto told = run({"doctor", "--json"});
    EXPECT_EQ(told.code, 1);
    EXPECT_EQ(about("health", lines_of(told.out)).at("severity"), "FAIL");
    EXPECT_EQ(about("consumer", lines_of(told.out)).at("severity"), "WARN");
}

TEST_F(doctor_on_a_machine, where_nothing_runs_it_says_so_and_judges_its_own_variables) {
    program it(command({"doctor", "--json"}),
               {{"NULL_CONTROL_PORT", "23799"}, {"REPORT_ADDR", "http://127.0.0.1:1"}});
    EXPECT_EQ(it.wait(), 1);
    const auto lines = lines_of(it.out());
    EXPECT_EQ(about("nullworkerd", lines).at("severity"), "FAIL");
    EXPECT_TRUE(contains(about("variables", lines).at("value"), "those of this command"));
    for (const auto* missing : {"PUBLIC_IPADDR", "CONTAINER_ID", "port mapping", "REPORT_ADDR"})
        EXPECT_EQ(about(missing, lines).at("severity"), "FAIL") << missing;
    EXPECT_EQ(about("state directory", lines).at("severity"), "WARN");
    EXPECT_EQ(about("clock", lines).at("severity"), "WARN");
}

TEST_F(doctor_on_a_machine, for_people_it_fits_80_columns) {
    start();
    const auto told = run({"doctor"});
    EXPECT_EQ(told.code, 1) << "no address of REPORT_ADDR answers";
    for (const auto* failed :
         {"FAIL  last report         none was accepted\n", "FAIL  REPORT_ADDR         http://127.0.0.1:1"})
        EXPECT_TRUE(contains(told.out, failed)) << failed << told.out;
    std::istringstream lines(told.out);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(line.size(), 80U) << line;
}

TEST_F(doctor_on_a_machine, a_worker_that_waits_for_its_certificate_does_not_listen) {
    start_autoscaler();
    x_daemon.emplace(
        std::vector<std::string>{NULLWORKERD_PROGRAM},
        std::map<std::string, std::string>{{"WORKER_PORT", std::to_string(port)},
                                           {"VAST_TCP_PORT_" + std::to_string(port), "40001"},
                                           {"PUBLIC_IPADDR", "127.0.0.1"},
                                           {"CONTAINER_ID", "7"},
                                           {"REPORT_ADDR", x_autoscaler.origin()},
                                           {"NULL_CONTROL_PORT", std::to_string(port + 2)},
                                           {"NULLWORKER_CONSOLE_URL", "http://127.0.0.1:1"},
                                           {"NULLWORKER_TLS_CERTIFICATE", x_files.file("instance.crt")},
                                           {"NULLWORKER_TLS_KEY", x_files.file("instance.key")},
                                           {"USE_SSL", "true"}});
    x_daemon->wait_for("event=certificate_unavailable");
    const auto told = run({"doctor", "--json"});
    EXPECT_EQ(told.code, 1);
    EXPECT_EQ(about("public port", lines_of(told.out)).at("severity"), "FAIL") << told.out;
    EXPECT_EQ(about("certificate", lines_of(told.out)).at("severity"), "FAIL") << told.out;
}

TEST_F(doctor_on_a_machine, a_pair_for_another_address_and_a_disk_that_is_none_fail) {
    const test_certificate pair({.address = "203.0.113.1"});
    std::map<std::string, std::string> told_to_it = {{"NULL_CONTROL_PORT", "23799"},
                                                     {"REPORT_ADDR", "http://127.0.0.1:1"},
                                                     {"PUBLIC_IPADDR", "127.0.0.1"},
                                                     {"USE_SSL", "true"},
                                                     {"NULLWORKER_CONSOLE_URL", "http://127.0.0.1:1"},
                                                     {"NULLWORKER_STATE_DIR", x_files.file("nowhere")},
                                                     {"NULLWORKER_TLS_CERTIFICATE", pair.certificate_file()},
                                                     {"NULLWORKER_TLS_KEY", pair.key_file()}};
    program it(command({"doctor", "--json"}), told_to_it);
    EXPECT_EQ(it.wait(), 1);
    EXPECT_EQ(about("its name", lines_of(it.out())).at("value"), "it is not for 127.0.0.1");
    EXPECT_EQ(about("its name", lines_of(it.out())).at("severity"), "FAIL");
    EXPECT_EQ(about("its chain", lines_of(it.out())).at("severity"), "WARN") << "the console is out of reach";
    EXPECT_EQ(about("state directory", lines_of(it.out())).at("severity"), "FAIL");

    told_to_it["NULLWORKER_TLS_CERTIFICATE"] = x_files.write("page.crt", "<html>502 Bad Gateway</html>");
    program other(command({"doctor", "--json"}), told_to_it);
    EXPECT_EQ(other.wait(), 1);
    EXPECT_EQ(about("certificate", lines_of(other.out())).at("severity"), "FAIL") << "an error page";
}

TEST(doctor, a_probe_needs_an_endpoint) {
    program it({NULLWORKER_PROGRAM, "doctor", "--probe"});
    EXPECT_EQ(it.wait(), 2);
    EXPECT_TRUE(contains(it.err(), "--endpoint")) << it.err();
}

TEST(doctor, a_console_out_of_reach_fails_and_says_where) {
    program it({NULLWORKER_PROGRAM, "doctor", "--endpoint", "x", "--autoscaler-url", "http://127.0.0.1:1",
                "--console-url", "http://127.0.0.1:1", "--api-key", "k"});
    EXPECT_EQ(it.wait(), 1);
    EXPECT_TRUE(contains(it.out(), "FAIL  console ")) << it.out();
    EXPECT_TRUE(contains(it.out(), "http://127.0.0.1:1")) << it.out();
}

TEST(doctor, without_a_key_nothing_is_asked) {
    program it({NULLWORKER_PROGRAM, "doctor", "--endpoint", "x"});
    EXPECT_EQ(it.wait(), 2);
    EXPECT_TRUE(contains(it.err(), "VAST_API_KEY is not set")) << it.err();
}

}  // namespace
}  // namespace nullworker::test
