#include "peer_in_a_thread.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The daemon as an operator runs it.
namespace nullworker::test {
namespace {

using environment = std::map<std::string, std::string>;

environment on_ports(int first, const std::string& autoscaler = "http://127.0.0.1:1") {
    const auto port = std::to_string(first);
    return {{"WORKER_PORT", port},
            {"VAST_TCP_PORT_" + port, port},
            {"PUBLIC_IPADDR", "127.0.0.1"},
            {"CONTAINER_ID", "7"},
            {"REPORT_ADDR", autoscaler},
            {"MASTER_TOKEN", "the-master-token"},
            {"NULL_CONTROL_PORT", std::to_string(first + 2)},
            {"NULLWORKER_FLUSH_TIMEOUT", "0.1"},
            {"UNSECURED", "true"}};
}

TEST(nullworkerd, a_signal_stops_it_with_exit_code_0) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPWR, SIGXCPU}) {
        program daemon({NULLWORKERD_PROGRAM}, on_ports(23000));
        daemon.wait_for("event=ready");
        daemon.signal(number);
        EXPECT_EQ(daemon.wait(), 0) << daemon.err();
        EXPECT_NE(daemon.err().find("event=stopped"), std::string::npos) << daemon.err();
    }
}

TEST(nullworkerd, other_signals_change_nothing) {
    program daemon({NULLWORKERD_PROGRAM}, on_ports(23000));
    daemon.wait_for("event=ready");
    for (const int number :
         {SIGUSR1, SIGUSR2, SIGALRM, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGRTMIN, SIGRTMAX})
        daemon.signal(number);
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
    EXPECT_NE(daemon.err().find("event=stopped"), std::string::npos) << daemon.err();
}

TEST(nullworkerd, a_hangup_is_ignored_where_nohup_said_so) {
    program daemon({"/bin/sh", "-c", "trap '' HUP; exec \"$0\"", NULLWORKERD_PROGRAM}, on_ports(23000));
    daemon.wait_for("event=ready");
    daemon.signal(SIGHUP);
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
    EXPECT_NE(daemon.err().find("event=stopped"), std::string::npos) << daemon.err();
}

TEST(nullworkerd, a_second_signal_ends_it_at_once) {
    auto patient = on_ports(23100);
    patient["NULLWORKER_FLUSH_TIMEOUT"] = "600";  // the autoscaler is out of reach
    program daemon({NULLWORKERD_PROGRAM}, patient);
    daemon.wait_for("event=autoscaler_unreachable");
    daemon.signal(SIGTERM);
    daemon.wait_for("event=draining");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 128 + SIGTERM);
}

TEST(nullworkerd, a_hangup_behind_another_signal_is_no_second_one) {
    for (const int number : {SIGTERM, SIGHUP}) {
        auto patient = on_ports(23100);
        patient["NULLWORKER_FLUSH_TIMEOUT"] = "0.5";  // the autoscaler is out of reach
        program daemon({NULLWORKERD_PROGRAM}, patient);
        daemon.wait_for("event=autoscaler_unreachable");
        daemon.signal(number);
        daemon.wait_for("event=draining");
        daemon.signal(SIGHUP);
        EXPECT_EQ(daemon.wait(), 0) << daemon.err();
        EXPECT_NE(daemon.err().find("event=stopped"), std::string::npos) << daemon.err();
    }
}

program& started_carelessly(std::optional<program>& to, const std::vector<std::string>& command,
                            const environment& variables) {
    const careless_parent while_it_starts;
    return to.emplace(command, variables);
}

TEST(nullworkerd, signals_that_were_blocked_when_it_was_started_stop_it) {
    std::optional<program> place;
    auto& daemon = started_carelessly(place, {NULLWORKERD_PROGRAM}, on_ports(23000));
    daemon.wait_for("event=ready");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
}

TEST(nullworkerd, a_probe_that_fails_is_no_success_where_children_were_not_waited_for) {
    auto variables = on_ports(23000);
    variables["BACKEND_HEALTH_URL"] = "exec:exit 7";
    std::optional<program> place;
    auto& daemon = started_carelessly(place, {NULLWORKERD_PROGRAM, "--log-level", "debug"}, variables);
    daemon.wait_for("exited with status 7");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
    EXPECT_FALSE(contains(daemon.err(), "consumer_healthy")) << daemon.err();
}

TEST(nullworkerd, standard_descriptors_that_were_closed_are_no_files_of_its_own) {
    const temporary_directory state;
    auto variables = on_ports(23000);
    variables["NULLWORKER_STATE_DIR"] = state.path();
    const program daemon({"/bin/sh", "-c", "exec \"$0\" <&- >&- 2>&-", NULLWORKERD_PROGRAM}, variables);
    const auto folder = "/proc/" + std::to_string(daemon.pid()) + "/fd/";
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (const char* number : {"0", "1", "2"}) {
        std::error_code ignored;
        while (std::filesystem::read_symlink(folder + number, ignored) != "/dev/null")
            ASSERT_LT(std::chrono::steady_clock::now(), limit) << number;
    }
}

TEST(nullworkerd, a_command_probes_where_old_hosts_refuse_what_programs_are_started_and_watched_with) {
    for (const char* call : {"clone3=EPERM", "clone3=ENOSYS", "pidfd_open=EPERM", "pidfd_open=ENOSYS"}) {
        auto variables = on_ports(23000);
        variables["BACKEND_HEALTH_URL"] = "exec:exit 0";
        program daemon({NULLWORKER_REFUSING, call, "--", NULLWORKERD_PROGRAM}, variables);
        daemon.wait_for("event=consumer_healthy");
        daemon.signal(SIGTERM);
        EXPECT_EQ(daemon.wait(), 0) << call << daemon.err();
        EXPECT_FALSE(contains(daemon.err(), "event=no_thread")) << call << daemon.err();
    }
}

TEST(nullworkerd, a_host_that_allows_no_thread_gets_a_worker_without_names) {
    const temporary_directory state;
    auto variables = on_ports(23000, "http://localhost:1");
    variables["NULLWORKER_STATE_DIR"] = state.path();
    program daemon({NULLWORKER_REFUSING, "thread=EPERM", "--", NULLWORKERD_PROGRAM}, variables);
    daemon.wait_for("event=no_thread");
    daemon.wait_for("the system starts no thread for it");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
    EXPECT_TRUE(contains(daemon.err(), "event=stopped")) << daemon.err();
}

TEST(nullworkerd, what_it_prints_must_be_written) {
    for (const char* option : {"--help", "--version", "--check"})
        for (const char* output : {">/dev/full", ">&-"}) {
            program full(
                {"/bin/sh", "-c", std::string("\"$0\" \"$1\" ") + output, NULLWORKERD_PROGRAM, option},
                on_ports(23200));
            EXPECT_EQ(full.wait(), 1) << option;
            EXPECT_TRUE(contains(full.err(), "nullworkerd: what it printed could not be written"))
                << full.err();
        }
}

TEST(nullworkerd, wrong_configuration_is_one_line_and_exit_code_2) {
    auto incomplete = on_ports(23200);
    incomplete.erase("PUBLIC_IPADDR");
    program daemon({NULLWORKERD_PROGRAM, "--check"}, incomplete);
    EXPECT_EQ(daemon.wait(), 2);
    EXPECT_EQ(daemon.err().find("nullworkerd: PUBLIC_IPADDR is not set"), 0u) << daemon.err();
}

TEST(nullworkerd, check_exits_0_and_shows_no_secret) {
    program daemon({NULLWORKERD_PROGRAM, "--check"}, on_ports(23200));
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.out().find("the-master-token"), std::string::npos);
    EXPECT_NE(daemon.out().find("http://127.0.0.1:23200"), std::string::npos);
}

// What became of a daemon that could not start, and how often the autoscaler heard of it.
struct failed_start {
    int code = 0;
    std::string said;
    std::size_t reports = 0;
};

failed_start start_in_vain(environment variables) {
    peer_in_a_thread autoscaler;
    autoscaler.script().reply_always("/worker_status/", net::json_reply(200, "{}"));
    autoscaler.start();
    variables["REPORT_ADDR"] = autoscaler.origin();
    program daemon({NULLWORKERD_PROGRAM}, variables);
    failed_start out{.code = daemon.wait(), .said = daemon.err()};
    out.reports = autoscaler.asked("/worker_status/");
    if (out.reports > 0) {
        EXPECT_TRUE(contains(autoscaler.body_of("/worker_status/"), "the-master-token"));
    }
    EXPECT_FALSE(contains(out.said, "the-master-token")) << out.said;
    return out;
}

TEST(nullworkerd, a_second_start_is_one_line_and_exit_code_2_and_the_autoscaler_hears_nothing_of_it) {
    program first({NULLWORKERD_PROGRAM}, on_ports(23300));
    first.wait_for("event=ready");
    auto wrong = on_ports(23300);
    wrong["MAX_PERF"] = "much";
    for (const auto& variables : {on_ports(23300), wrong}) {
        const auto second = start_in_vain(variables);
        EXPECT_EQ(second.code, 2);
        EXPECT_EQ(second.reports, 0u);
        EXPECT_TRUE(contains(second.said, "a nullworkerd of this container runs already")) << second.said;
        EXPECT_EQ(std::count(second.said.begin(), second.said.end(), '\n'), 1) << second.said;
    }
}

TEST(nullworkerd, a_second_start_finds_the_first_one_by_its_unix_socket_too) {
    const temporary_directory folder;
    auto variables = on_ports(23300);
    variables["NULLWORKER_CONTROL_SOCKET"] = (folder.path() / "control").string();
    program first({NULLWORKERD_PROGRAM}, variables);
    first.wait_for("event=ready");
    variables["NULL_CONTROL_PORT"] = "23304";
    const auto second = start_in_vain(variables);
    EXPECT_EQ(second.code, 2);
    EXPECT_EQ(second.reports, 0u);
}

TEST(nullworkerd, a_port_that_another_container_uses_is_exit_code_2_and_told_to_the_autoscaler) {
    auto neighbour = on_ports(23300);
    neighbour["CONTAINER_ID"] = "8";
    program first({NULLWORKERD_PROGRAM}, neighbour);
    first.wait_for("event=ready");
    const auto second = start_in_vain(on_ports(23300));
    EXPECT_EQ(second.code, 2);
    EXPECT_EQ(second.reports, 1u);
    EXPECT_TRUE(contains(second.said, "cannot listen on")) << second.said;
    EXPECT_TRUE(contains(second.said, "23300")) << second.said;
}

TEST(nullworkerd, version_and_help_need_no_configuration) {
    program version({NULLWORKERD_PROGRAM, "--version"});
    EXPECT_EQ(version.wait(), 0);
    EXPECT_EQ(version.out().find("nullworkerd "), 0u);
    program help({NULLWORKERD_PROGRAM, "--help"});
    EXPECT_EQ(help.wait(), 0);
    EXPECT_NE(help.out().find("NULL_CONTROL_PORT"), std::string::npos);
}

TEST(nullworkerd, logs_an_object_a_line_that_names_the_worker) {
    const temporary_directory state;
    auto variables = on_ports(23000);
    variables["NULLWORKER_LOG_FORMAT"] = "json";
    variables["NULLWORKER_STATE_DIR"] = state.path();
    program daemon({NULLWORKERD_PROGRAM, "--log-level", "debug"}, variables);
    daemon.wait_for(R"("event":"ready")");
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0) << daemon.err();
    std::istringstream lines(daemon.err());
    std::set<std::string> events;
    for (std::string line; std::getline(lines, line);) {
        const auto read = nlohmann::json::parse(line, nullptr, false);
        ASSERT_TRUE(read.is_object()) << line;
        EXPECT_EQ(read.value("worker_id", 0), 7) << line;
        EXPECT_EQ(read.value("time", "").size(), std::string("2026-01-31T12:00:00.000Z").size()) << line;
        EXPECT_TRUE(read.contains("level")) << line;
        events.insert(read.value("event", ""));
    }
    for (const char* event : {"listening", "ready", "draining", "stopped", "unsecured"})
        EXPECT_TRUE(events.contains(event)) << event << daemon.err();
}

TEST(nullworkerd, tells_in_json_why_it_cannot_start_where_the_log_is_json) {
    auto variables = on_ports(23000);
    variables["WORKER_PORT"] = "23002";  // that of the control listener
    variables["VAST_TCP_PORT_23002"] = "23002";
    program daemon({NULLWORKERD_PROGRAM, "--log-format", "json"}, variables);
    EXPECT_EQ(daemon.wait(), 2);
    std::istringstream lines(daemon.err());
    std::string line;
    while (std::getline(lines, line) && !contains(line, R"("event":"cannot_start")"))
        ;
    const auto read = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(read.is_object()) << daemon.err();
    EXPECT_TRUE(contains(read.value("error", ""), "NULL_CONTROL_PORT")) << daemon.err();
}

TEST(nullworkerd, refuses_a_form_of_the_log_that_it_does_not_know) {
    program daemon({NULLWORKERD_PROGRAM, "--log-format", "xml"}, on_ports(23000));
    EXPECT_EQ(daemon.wait(), 2);
    EXPECT_TRUE(contains(daemon.err(), "text, json")) << daemon.err();
}

}  // namespace
}  // namespace nullworker::test
