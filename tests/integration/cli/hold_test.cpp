#include "elsewhere.hpp"

#include <nullworker/base/descriptor.hpp>

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace nullworker::test {
namespace {

using hold_elsewhere = elsewhere;
using demo_elsewhere = elsewhere;
using follow_elsewhere = elsewhere;

TEST_F(hold_elsewhere, it_ends_its_session_when_the_process_that_started_it_is_killed) {
    auto& shell_of_it = run(shell("\"$@\" & echo started; wait"));
    shell_of_it.wait_for("session 1  held");
    shell_of_it.signal(SIGKILL);
    EXPECT_EQ(shell_of_it.wait(), 128 + SIGKILL);  // when the last one that writes has ended
    EXPECT_TRUE(contains(shell_of_it.out(), "the process that started this has ended")) << shell_of_it.out();
    EXPECT_TRUE(contains(shell_of_it.out(), "session 1  released")) << shell_of_it.out();
    EXPECT_EQ(x_peer.asked("/session/end"), 1u);
}

TEST_F(hold_elsewhere, its_command_gets_sigterm_then) {
    auto& shell_of_it = run(
        {"/bin/sh", "-c",
         "\"$@\" -- sh -c 'trap \"echo told; exit\" TERM; sh -c \"echo on; exec sleep 60\" & wait' & wait",
         "sh", NULLWORKER_PROGRAM, "hold", "--endpoint", "local", "--api-key", "account-key",
         "--autoscaler-url", x_peer.origin(), "--console-url", x_peer.origin()});
    shell_of_it.wait_for("on\n");
    shell_of_it.signal(SIGKILL);
    shell_of_it.wait_for("told");
    x_peer.await_requests("/session/end", 1);
}

// `nullworker hold … -- sh -c LINE` whose worker says, once it was asked, that it does not hold the session.
class hold_that_loses : public elsewhere {
protected:
    program& run_line(const std::string& line, std::vector<std::string> more = {}) {
        x_peer.script().reply_once("/session/health", net::json_reply(200, R"({"ok": true})"));
        x_peer.script().reply_always("/session/health", net::json_reply(200, R"({"ok": false})"));
        more.insert(more.begin(), "hold");
        auto command = at_it(std::move(more));
        for (const auto* word : {"--", "sh", "-c"})
            command.emplace_back(word);
        command.push_back(line);
        return run(command);
    }
};

TEST_F(hold_that_loses, its_command_and_that_ones_children_get_sigterm) {
    auto& it = run_line("trap 'echo told; exit 3' TERM; sh -c 'echo on; exec sleep 600' & wait");
    EXPECT_EQ(it.wait(), 75) << it.err();  // when the last one that writes has ended
    EXPECT_EQ(it.out(), "on\ntold\n");
    EXPECT_TRUE(contains(it.err(), "lost while held")) << it.err();
    EXPECT_TRUE(contains(it.err(), "ending the command by SIGTERM")) << it.err();
    EXPECT_EQ(x_peer.asked("/session/end"), 0u);
}

TEST_F(hold_that_loses, a_command_that_does_not_heed_that_is_killed) {
    auto& it = run_line("trap '' TERM; while :; do sleep 600; done", {"--grace", "0.1"});
    EXPECT_EQ(it.wait(), 75) << it.err();
}

TEST_F(hold_that_loses, so_is_a_child_that_outlives_its_command) {
    auto& it = run_line("(trap '' TERM; while :; do sleep 600; done) & wait", {"--grace", "0.1"});
    EXPECT_EQ(it.wait(), 75) << it.err();
}

TEST_F(hold_that_loses, its_command_goes_on_where_the_user_wants_that) {
    auto& it = run_line("trap 'exit 9' TERM; sleep 600 & wait", {"--on-lost", "warn"});
    it.wait_for("lost while held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 9) << it.err();
    EXPECT_FALSE(contains(it.err(), "SIGTERM")) << it.err();
}

TEST_F(hold_elsewhere, its_command_has_the_terminal_and_nobody_draws_there) {
    const descriptor terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::grantpt(terminal.number()), 0);
    ASSERT_EQ(::unlockpt(terminal.number()), 0);
    const std::string name = ::ptsname(terminal.number());
    const descriptor kept_open(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    std::vector<std::string> command = {
        "/bin/sh", "-c", "TERM=xterm exec setsid -c -w \"$@\" <" + name + " >" + name + " 2>&1", "sh"};
    for (auto& word : at_it({"hold"}))
        command.push_back(std::move(word));
    for (const auto* word : {"--", "sh", "-c", "echo first; read x; echo \"got $x\"; exec cat"})
        command.emplace_back(word);
    auto& it = run(command);

    std::string seen;
    const auto read_until = [&](const std::string& text) {
        std::array<char, 4096> chunk{};
        while (!contains(seen, text)) {
            pollfd ready{terminal.number(), POLLIN, 0};
            ASSERT_EQ(::poll(&ready, 1, 30'000), 1) << text << " never came; it said:\n" << seen;
            const auto size = ::read(terminal.number(), chunk.data(), chunk.size());
            ASSERT_GT(size, 0);
            seen.append(chunk.data(), static_cast<std::size_t>(size));
        }
    };
    read_until("first\r\n");
    ASSERT_EQ(::write(terminal.number(), "hello\n", 6), 6);
    read_until("got hello\r\n");
    // Before the shell has become it, the shell would keep the signal to itself.
    ASSERT_EQ(::write(terminal.number(), "again\n", 6), 6);
    read_until("again\r\nagain\r\n");
    ASSERT_EQ(::write(terminal.number(), "\x03", 1), 1);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    read_until("session 1  released");
    EXPECT_FALSE(contains(seen, "\x1b")) << seen;
}

TEST_F(hold_elsewhere, an_orphan_stays) {
    auto& shell_of_it = run(shell("\"$@\" & echo \"pid $!.\"; wait", {"--orphan"}));
    shell_of_it.wait_for("session 1  held");
    const auto at = shell_of_it.out().find("pid ") + 4;
    const auto orphan = static_cast<pid_t>(std::stol(shell_of_it.out().substr(at)));
    shell_of_it.signal(SIGKILL);
    x_peer.await_requests("/session/health", x_peer.asked("/session/health") + 5);
    EXPECT_EQ(x_peer.asked("/session/end"), 0u);
    ::kill(orphan, SIGTERM);
    (void)shell_of_it.wait();
    EXPECT_TRUE(contains(shell_of_it.out(), "session 1  released")) << shell_of_it.out();
}

TEST_F(hold_elsewhere, a_hangup_is_ignored_where_nohup_said_so) {
    auto& it = run(shell("trap '' HUP; exec \"$@\""));
    it.wait_for("session 1  held");
    it.signal(SIGHUP);
    x_peer.await_requests("/session/health", x_peer.asked("/session/health") + 3);
    EXPECT_EQ(x_peer.asked("/session/end"), 0u);
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 128 + SIGTERM);
    EXPECT_TRUE(contains(it.out(), "session 1  released")) << it.out();
}

TEST_F(hold_elsewhere, what_else_ends_a_process_from_outside_ends_its_session_first) {
    for (const int number : {SIGQUIT, SIGPWR, SIGXCPU}) {
        auto& it = run(at_it({"hold"}));
        it.wait_for("session 1  held");
        it.signal(SIGVTALRM);
        it.signal(number);
        EXPECT_EQ(it.wait(), 128 + number);
        EXPECT_TRUE(contains(it.out(), "session 1  released")) << it.out();
    }
}

TEST_F(hold_elsewhere, how_its_command_ended_is_known_where_children_were_not_waited_for) {
    x_peer.start();
    auto words = at_it({"hold"});
    for (const char* word : {"--", "/bin/sh", "-c", "exit 7"})
        words.emplace_back(word);
    {
        const careless_parent while_it_starts;
        x_program.emplace(words);
    }
    EXPECT_EQ(x_program->wait(), 7) << x_program->err();
}

TEST_F(hold_elsewhere, its_command_runs_where_old_hosts_refuse_what_it_is_started_and_watched_with) {
    x_peer.start();
    for (const char* call : {"clone3=EPERM", "pidfd_open=EPERM", "pidfd_open=ENOSYS", "thread=EPERM"}) {
        auto words = at_it({"hold"});
        words.insert(words.begin(), {NULLWORKER_REFUSING, call, "--"});
        words.insert(words.end(), {"--", "/bin/sh", "-c", "exit 7"});
        program it(words);
        EXPECT_EQ(it.wait(), 7) << call << it.err();
        EXPECT_TRUE(contains(it.err(), "session 1  released")) << call << it.err();
    }
}

TEST_F(hold_elsewhere, what_it_shows_must_be_written) {
    auto& it = run(shell("\"$@\" >/dev/full", {"--hold", "0"}));
    EXPECT_EQ(it.wait(), 1);
    EXPECT_TRUE(contains(it.err(), "nullworker: what it printed could not be written")) << it.err();
    EXPECT_EQ(x_peer.asked("/session/end"), 1u);
}

TEST_F(hold_elsewhere, a_second_signal_ends_it_while_it_tries_to_end_its_session) {
    x_peer.script().reply_always("/session/end", net::status_reply(503));
    auto& it = run(at_it({"hold"}));
    it.wait_for("session 1  held");
    it.signal(SIGTERM);
    x_peer.await_requests("/session/end", 2);
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 128 + SIGTERM);
    EXPECT_FALSE(contains(it.out(), "failed")) << it.out();
}

TEST_F(hold_elsewhere, a_signal_does_not_wait_for_a_console_that_hangs) {
    x_peer.script().hold_once("/api/v0/endptjobs/");
    auto& it = run(at_it({"hold"}));
    x_peer.await_requests("/api/v0/endptjobs/", 1);
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    EXPECT_TRUE(contains(it.out(), "interrupted")) << it.out();
}

TEST_F(hold_elsewhere, a_console_that_fails_at_the_start_is_asked_again) {
    auto& console = x_peer.script();
    console.reply_once("/static/jvastai_root.cer", net::status_reply(503));
    console.drop_once("/api/v0/endptjobs/");
    console.reply_once("/api/v0/endptjobs/", net::text_reply(200, "<html>"));
    auto& it = run(at_it({"hold", "--hold", "0"}));
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_TRUE(contains(it.out(), "Service Unavailable; trying again")) << it.out();
    EXPECT_TRUE(contains(it.out(), "cannot read the list of endpoints")) << it.out();
    EXPECT_EQ(x_peer.asked("/api/v0/endptjobs/"), 3u);
}

TEST_F(hold_elsewhere, a_console_that_fails_for_longer_than_the_timeout_ends_it) {
    x_peer.script().reply_always("/api/v0/endptjobs/", net::status_reply(503));
    auto& it = run(at_it({"hold", "--hold", "0", "--timeout", "0.1"}));
    EXPECT_EQ(it.wait(), 1) << it.out();
    EXPECT_TRUE(contains(it.out(), "session 1  failed    cannot list the endpoints")) << it.out();
}

TEST_F(hold_elsewhere, a_console_that_refuses_the_account_is_not_asked_again) {
    x_peer.script().reply_always("/api/v0/endptjobs/", net::status_reply(401));
    auto& it = run(at_it({"hold", "--hold", "0"}));
    EXPECT_EQ(it.wait(), 1) << it.out();
    EXPECT_EQ(x_peer.asked("/api/v0/endptjobs/"), 1u);
}

TEST_F(hold_elsewhere, what_the_autoscaler_and_the_worker_wrote_is_shown_harmless) {
    x_peer.script().reply_once(
        "/route/", net::json_reply(200, "{\"request_idx\": 5, \"status\": \"\\u001b[2J\u202e\"}"));
    x_peer.script().reply_always(
        "/session/create",
        net::json_reply(201, R"({"session_id": "\u001b]0;pwned\u0007", "expiration": 1})"));
    auto& it = run(at_it({"hold", "--hold", "0"}));
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_TRUE(contains(it.out(), "request 5: \\u001b[2J\\u202e\n")) << it.out();
    EXPECT_TRUE(contains(it.out(), "released  \\u001b]0;pwned\\u0007\n")) << it.out();
    EXPECT_FALSE(contains(it.out(), "\x1b")) << it.out();
}

TEST_F(hold_elsewhere, a_key_of_the_consoles_that_would_become_another_header_is_not_sent) {
    x_peer.script().reply_always("/api/v0/endptjobs/", endpoint_with("key\r\nX-Evil: 1"));
    auto& it = run(at_it({"hold", "--hold", "0"}));
    EXPECT_EQ(it.wait(), 1) << it.out();
    EXPECT_TRUE(contains(it.out(), "a header or the URL would have a control character in it")) << it.out();
    EXPECT_EQ(x_peer.asked("/route/"), 0u);
}

TEST_F(hold_elsewhere, its_session_gets_the_route_that_is_called_at_its_end) {
    auto& it =
        run(at_it({"hold", "--hold", "0", "--on-close", "/closed", "--on-close-payload", R"({"job": [1]})"}));
    EXPECT_EQ(it.wait(), 0) << it.out();
    const auto body = x_peer.body_of("/session/create");
    EXPECT_TRUE(contains(body, R"("on_close_route":"/closed")")) << body;
    EXPECT_TRUE(contains(body, R"("on_close_payload":{"job":[1]})")) << body;
}

TEST_F(hold_elsewhere, a_route_or_a_payload_that_no_worker_would_take_is_wrong_usage) {
    const std::vector<std::vector<std::string>> all = {{"--on-close", "closed"},
                                                       {"--on-close", "ftp://h/"},
                                                       {"--on-close", "/a b"},
                                                       {"--on-close", "/a", "--on-close-payload", "{"},
                                                       {"--on-close-payload", "{}"}};
    for (auto words : all) {
        for (const auto* command : {"hold", "demo"}) {
            auto line = words;
            line.insert(line.begin(), command);
            auto& it = run(at_it(line));
            EXPECT_EQ(it.wait(), 2) << it.err();
            EXPECT_TRUE(contains(it.err(), "--on-close")) << it.err();
        }
    }
}

TEST_F(hold_elsewhere, a_password_in_a_url_is_not_repeated) {
    auto& it = run({NULLWORKER_PROGRAM, "hold", "--endpoint", "x", "--api-key", "k", "--autoscaler-url",
                    "http://admin:secret@127.0.0.1"});
    EXPECT_EQ(it.wait(), 2);
    EXPECT_TRUE(contains(it.err(), "--autoscaler-url is 'http://127.0.0.1'")) << it.err();
}

TEST_F(follow_elsewhere, it_goes_on_with_the_endpoints_new_key_when_the_old_one_is_refused) {
    auto& script = x_peer.script();
    script.reply_once("/api/v0/endptjobs/", endpoint_with("old-key"));
    script.reply_always("/api/v0/endptjobs/", endpoint_with("new-key"));
    script.reply_by("/route/", [found = worker_found()](const net::request& asked) {
        return asked.find("Authorization") == "Bearer new-key" ? found : net::status_reply(401);
    });
    auto& it = run(at_it({"follow", "--depth", "echo 1", "--max", "1", "--state", x_files.file("state")}));
    it.wait_for("looking the endpoint up anew");
    it.wait_for("session 1  held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_FALSE(contains(it.out(), "-key")) << it.out();
}

TEST_F(demo_elsewhere, an_interrupt_ends_all_sessions_at_the_same_time) {
    x_peer.script().hold_once("/session/end");
    x_peer.script().hold_once("/session/end");
    auto& it = run(at_it({"demo", "--count", "2", "--interval", "0", "--plateau", "600"}));
    it.wait_for("all 2 sessions are held");
    it.signal(SIGINT);
    x_peer.await_requests("/session/end", 2);
    x_peer.let_go();
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    EXPECT_TRUE(contains(it.out(), "session 2  released")) << it.out();
}

}  // namespace
}  // namespace nullworker::test
