#include "support/drive.hpp"
#include "support/program.hpp"
#include "support/scripted_peer.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <string>

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
