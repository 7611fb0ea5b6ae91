#include "support/drive.hpp"
#include "support/program.hpp"
#include "support/scripted_peer.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
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
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
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
    for (const int number : {SIGUSR1, SIGUSR2, SIGALRM, SIGXFSZ})
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

TEST(nullworkerd, a_port_in_use_is_exit_code_2_and_told_to_the_autoscaler) {
    program first({NULLWORKERD_PROGRAM}, on_ports(23300));
    first.wait_for("event=ready");
    asio::io_context loop;
    scripted_peer autoscaler(loop.get_executor());
    autoscaler.reply_always("/worker_status/", net::json_reply(200, "{}"));
    program second({NULLWORKERD_PROGRAM}, on_ports(23300, autoscaler.origin()));
    const auto story = [](scripted_peer& peer) -> asio::awaitable<void> {
        const auto report = co_await peer.received("/worker_status/");
        EXPECT_NE(report.body.find("cannot listen on"), std::string::npos) << report.body;
        EXPECT_NE(report.body.find("the-master-token"), std::string::npos);
        co_await peer.stop();
    };
    drive(loop, story(autoscaler));
    EXPECT_EQ(second.wait(), 2);
    EXPECT_NE(second.err().find("23300"), std::string::npos) << second.err();
    EXPECT_EQ(second.err().find("the-master-token"), std::string::npos) << second.err();
}

TEST(nullworkerd, version_and_help_need_no_configuration) {
    program version({NULLWORKERD_PROGRAM, "--version"});
    EXPECT_EQ(version.wait(), 0);
    EXPECT_EQ(version.out().find("nullworkerd "), 0u);
    program help({NULLWORKERD_PROGRAM, "--help"});
    EXPECT_EQ(help.wait(), 0);
    EXPECT_NE(help.out().find("NULL_CONTROL_PORT"), std::string::npos);
}

}  // namespace
}  // namespace nullworker::test
