#include "beside_a_worker.hpp"
#include "peer_in_a_thread.hpp"
#include "support/drive.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/control_messages.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

// What a consumer's shell script runs beside a worker.
namespace nullworker::test {
namespace {

TEST_F(beside_a_worker, status_tells_how_it_is_and_whether_all_is_well) {
    start();
    const auto well = run({"status"});
    EXPECT_EQ(well.code, 0) << well.err;
    const std::vector<std::string> parts = {"health       healthy", "session      none",
                                            "consumer     probe unknown", url_text()};
    for (const auto& part : parts)
        EXPECT_TRUE(contains(well.out, part)) << well.out;
    const auto field = run({"status", "--field", "health.state"});
    EXPECT_EQ(field.out, "healthy\n");
    for (const auto* path : {"session", "session.session_id", "last_report.address"}) {
        const auto free = run({"status", "--field", path});
        EXPECT_EQ(free.code, 0) << free.err;
        EXPECT_EQ(free.out, "null\n") << path;
    }
    EXPECT_EQ(run({"status", "--field", "sessions"}).code, 1);
    const auto json = nlohmann::json::parse(run({"status", "--json"}).out);
    EXPECT_EQ(json["container_id"], 7);
}

TEST_F(beside_a_worker, status_is_a_failure_while_something_is_wrong) {
    start({{"NULLWORKER_HEARTBEAT_TIMEOUT", "0.01"}}, "event=consumer_awaited");
    const auto early = run({"status"});
    EXPECT_EQ(early.code, 1);
    EXPECT_TRUE(contains(early.out, "the consumer has given no sign of life yet")) << early.out;
    EXPECT_TRUE(contains(early.out, "heartbeat awaited")) << early.out;
    EXPECT_EQ(run({"heartbeat"}).code, 0);
    x_daemon->wait_for("event=ready");
    reserve();
    x_daemon->wait_for("event=consumer_silent");
    const auto ill = run({"status"});
    EXPECT_EQ(ill.code, 1);
    EXPECT_TRUE(contains(ill.out, "no heartbeat from the consumer for 0.01 s")) << ill.out;
    const auto beat = run({"heartbeat"});
    EXPECT_EQ(beat.code, 0);
    EXPECT_TRUE(contains(beat.out, "noted; ")) << beat.out;
}

TEST_F(beside_a_worker, what_is_told_must_be_written) {
    start();
    for (const char* words : {"status", "status --json", "status --field health.state", "session",
                              "heartbeat", "wait --since 1"}) {
        program it({"/bin/sh", "-c", std::string("\"$0\" ") + words + " >/dev/full", NULLWORKER_PROGRAM},
                   environment());
        EXPECT_EQ(it.wait(), 1) << words;
        EXPECT_TRUE(contains(it.err(), "could not be written")) << it.err();
    }
}

TEST_F(beside_a_worker, session_tells_what_holds_it) {
    start();
    EXPECT_EQ(run({"session"}).out, "no session\n");
    EXPECT_EQ(run({"session", "--json"}).out, "null\n");
    const auto none = run({"session", "--field", "session_id"});
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    const auto id = reserve();
    EXPECT_EQ(run({"session", "--field", "session_id"}).out, id + "\n");
    EXPECT_TRUE(contains(run({"session"}).out, "session      " + id));
}

TEST_F(beside_a_worker, wait_returns_with_the_session_and_then_at_its_end) {
    start();
    program waiting(command({"wait", "--json"}), environment());
    await_waiter();
    const auto id = reserve();
    EXPECT_EQ(waiting.wait(), 0) << waiting.err();
    const auto told = nlohmann::json::parse(waiting.out());
    EXPECT_EQ(told["session_id"], id);
    program ending(command({"wait", "--since", told["generation"].dump()}), environment());
    await_waiter();
    EXPECT_EQ(run({"release", "--session", id}).code, 0);
    EXPECT_EQ(ending.wait(), 0);
    EXPECT_EQ(ending.out(), "no session\n");
}

TEST_F(beside_a_worker, wait_gives_up_when_its_time_is_over) {
    start();
    const auto given_up = run({"wait", "--timeout", "0.05"});
    EXPECT_EQ(given_up.code, 1);
    EXPECT_TRUE(contains(given_up.err, "nothing changed within")) << given_up.err;
}

TEST_F(beside_a_worker, wait_survives_a_restart_of_the_daemon) {
    start();
    program waiting(command({"wait", "--field", "request_idx"}), environment());
    await_waiter();
    x_daemon->signal(SIGKILL);
    x_daemon->wait();
    start();
    reserve();
    EXPECT_EQ(waiting.wait(), 0) << waiting.err();
    EXPECT_EQ(waiting.out(), "7\n");
}

TEST_F(beside_a_worker, renew_sets_the_time_that_remains) {
    start();
    const auto id = reserve();
    const auto renewed = run({"renew", "600"});
    EXPECT_EQ(renewed.code, 0) << renewed.err;
    EXPECT_EQ(renewed.out, "renewed " + id + ", it expires in 10 min\n");
    const auto refused = run({"renew", "600", "--session", "another"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(contains(refused.err, "not the holder; " + id + " holds the slot")) << refused.err;
}

TEST_F(beside_a_worker, protect_keeps_the_session_and_0_lifts_it) {
    start();
    const auto id = reserve();
    const auto kept = run({"protect", "600", "--session", id});
    EXPECT_EQ(kept.code, 0) << kept.err;
    EXPECT_EQ(kept.out, "protected " + id + " for 10 min\n");
    const auto lifted = run({"protect", "0"});
    EXPECT_EQ(lifted.out, id + " is not protected any more\n");
    const auto refused = run({"protect", "600", "--session", "another"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(contains(refused.err, "not the holder; " + id + " holds the slot")) << refused.err;
}

TEST_F(beside_a_worker, a_protection_that_nobody_could_lengthen_while_it_stood_still_lasts_half_a_minute) {
    start();
    const auto id = reserve();
    EXPECT_EQ(run({"protect", "1", "--session", id}).code, 0);
    x_daemon->signal(SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    x_daemon->signal(SIGCONT);
    const auto held = run({"session"});
    EXPECT_TRUE(contains(held.out, "protected    for 30 s\n") ||
                contains(held.out, "protected    for 29 s\n"))
        << held.out;
}

TEST_F(beside_a_worker, a_stop_waits_for_a_protected_job_and_a_second_signal_for_none) {
    start();
    const auto id = reserve();
    EXPECT_EQ(run({"protect", "600", "--session", id}).code, 0);
    x_daemon->signal(SIGTERM);
    x_daemon->wait_for("event=draining");
    EXPECT_EQ(run({"protect", "0", "--session", id}).code, 0);
    EXPECT_EQ(x_daemon->wait(), 0) << x_daemon->err();
    start();
    EXPECT_EQ(run({"protect", "600", "--session", reserve()}).code, 0);
    x_daemon->signal(SIGTERM);
    x_daemon->wait_for("event=draining");
    x_daemon->signal(SIGTERM);
    EXPECT_EQ(x_daemon->wait(), 128 + SIGTERM);
}

TEST_F(beside_a_worker, release_frees_only_the_session_that_is_named) {
    start({{"NULLWORKER_STRICT_RELEASE", "true"}});
    const auto id = reserve();
    EXPECT_EQ(run({"release"}).code, 1);
    EXPECT_EQ(run({"release", "--session", "another"}).code, 1);
    const auto released = run({"release", "--session", id});
    EXPECT_EQ(released.code, 0);
    EXPECT_EQ(released.out, "released " + id + "\n");
    const auto again = run({"release", "--session", id});
    EXPECT_EQ(again.code, 1);
    EXPECT_TRUE(contains(again.err, "not the holder")) << again.err;
}

TEST_F(beside_a_worker, release_may_say_that_there_was_no_job) {
    start();
    const auto silent = reserve();
    EXPECT_EQ(run({"release"}).code, 0);
    x_daemon->wait_for("event=session_closed session_id=" + silent + " reason=released\n");
    const auto idle = reserve();
    EXPECT_EQ(run({"release", "--idle"}).out, "released " + idle + "\n");
    x_daemon->wait_for("event=session_closed session_id=" + idle + " reason=released outcome=idle\n");
}

TEST_F(beside_a_worker, release_of_nothing_is_refused_with_the_reason) {
    start();
    const auto nothing = run({"release"});
    EXPECT_EQ(nothing.code, 1);
    EXPECT_EQ(nothing.err, "nullworker: no active session\n");
    const auto json = run({"release", "--json"});
    EXPECT_EQ(nlohmann::json::parse(json.out)["released"], false);
}

TEST_F(beside_a_worker, the_unix_socket_is_asked_where_there_is_one) {
    const temporary_directory directory;
    const auto path = directory.file("control.sock");
    start({{"NULLWORKER_CONTROL_SOCKET", path}});
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{"status", "--control-socket", path},
                                               {"status", "--control-port", "1", "--control-socket", path}}) {
        const auto told = run(arguments);
        EXPECT_EQ(told.code, 0) << told.err;
    }
}

TEST_F(beside_a_worker, a_flag_beats_what_the_environment_says_of_the_other_way) {
    start();
    program status(command({"status", "--control-port", std::to_string(port + 2)}),
                   {{"NULLWORKER_CONTROL_SOCKET", "/no/such.sock"}});
    EXPECT_EQ(status.wait(), 0) << status.err();
    program confused(command({"status"}), {{"NULL_CONTROL_PORT", "many"}});
    EXPECT_EQ(confused.wait(), 2);
    EXPECT_TRUE(contains(confused.err(), "NULL_CONTROL_PORT is 'many'")) << confused.err();
}

TEST_F(beside_a_worker, what_was_left_around_the_port_is_not_taken) {
    start();
    program status(command({"status"}), {{"NULL_CONTROL_PORT", " " + std::to_string(port + 2) + "\r\n"}});
    EXPECT_EQ(status.wait(), 0) << status.err();
    EXPECT_TRUE(
        contains(status.err(), "NULL_CONTROL_PORT is used without the line ends, blanks around its value"))
        << status.err();
}

TEST_F(beside_a_worker, nobody_there_is_exit_code_3_and_names_the_place) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"status"},
                                                                       {"session"},
                                                                       {"wait", "--timeout", "0"},
                                                                       {"renew", "1"},
                                                                       {"protect", "1"},
                                                                       {"release"},
                                                                       {"heartbeat"}}) {
        const auto lost = run(arguments);
        EXPECT_EQ(lost.code, 3) << arguments.front();
        EXPECT_TRUE(contains(lost.err, "no nullworkerd answers at port 23502")) << lost.err;
    }
    const auto socket = run({"status", "--control-socket", "/no/such.sock"});
    EXPECT_EQ(socket.code, 3);
    EXPECT_TRUE(contains(socket.err, "/no/such.sock (No such file or directory)")) << socket.err;
}

TEST_F(beside_a_worker, wrong_options_are_wrong_usage) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"renew"},
                                                                       {"renew", "0"},
                                                                       {"renew", "soon"},
                                                                       {"protect"},
                                                                       {"protect", "-1"},
                                                                       {"wait", "--since", "-1"},
                                                                       {"wait", "--timeout", "x"},
                                                                       {"status", "--json", "--field", "x"},
                                                                       {"status", "--control-port", "0"},
                                                                       {"release", "extra"},
                                                                       {"heartbeat", "--", "true"}}) {
        const auto refused = run(arguments);
        EXPECT_EQ(refused.code, 2) << arguments.front() << refused.err;
        EXPECT_FALSE(refused.err.empty());
    }
}

// Something at the control port that writes what it likes.
class beside_something_hostile : public testing::Test {
protected:
    static constexpr const char* hostile = "\u009b2J\u202e";
    static constexpr const char* harmless = "\\u009b2J\\u202e";

    [[nodiscard]] std::vector<std::string> asking(std::vector<std::string> words) {
        x_peer.start();
        words.insert(words.begin(), NULLWORKER_PROGRAM);
        words.insert(words.end(), {"--control-port", x_peer.port()});
        return words;
    }

    void SetUp() override {
        wire::worker_status status{.version = "1", .url = hostile};
        status.health = {.state = "unhealthy", .reasons = {hostile}};
        x_peer.script().reply_always("/status", net::json_reply(200, wire::to_json(status)));
    }

    peer_in_a_thread x_peer;
};

TEST_F(beside_something_hostile, status_shows_it_harmless) {
    program status(asking({"status"}));
    EXPECT_EQ(status.wait(), 1);
    EXPECT_TRUE(contains(status.out(), std::string(13, ' ') + harmless + "\n")) << status.out();
    EXPECT_FALSE(contains(status.out(), hostile)) << status.out();
}

TEST_F(beside_something_hostile, a_field_is_exact_for_a_program_and_harmless_for_a_person) {
    program piped(asking({"status", "--field", "health.reasons.0"}));
    (void)piped.wait();
    EXPECT_EQ(piped.out(), std::string(hostile) + "\n");

    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(terminal, 0);
    ASSERT_EQ(::grantpt(terminal), 0);
    ASSERT_EQ(::unlockpt(terminal), 0);
    const std::string name = ::ptsname(terminal);
    std::vector<std::string> shown = {"/bin/sh", "-c", "exec \"$@\" > " + name, "sh"};
    for (auto& word : asking({"status", "--field", "health.reasons.0"}))
        shown.push_back(word);
    const int kept_open =
        ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // what is written stays to be read
    program watched(shown);
    (void)watched.wait();
    std::array<char, 256> text{};
    const auto size = ::read(terminal, text.data(), text.size());
    EXPECT_EQ(std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0),
              std::string(harmless) + "\r\n");
    ::close(kept_open);
    ::close(terminal);
}

TEST_F(beside_something_hostile, what_is_no_answer_is_shown_harmless_even_with_json) {
    x_peer.script().reply_always("/release", net::json_reply(500, "\x1b]0;pwned\x07"));
    for (const auto* flag : {"--json", "--field=reason"}) {
        program release(asking({"release", flag}));
        EXPECT_EQ(release.wait(), 1);
        EXPECT_EQ(release.out(), "");
        EXPECT_EQ(release.err(), "nullworker: refused with status 500: \\u001b]0;pwned\\u0007\n");
    }
}

TEST_F(beside_something_hostile, wait_with_a_time_out_does_not_wait_for_what_never_answers) {
    x_peer.script().hold_once("/session");
    const auto begin = std::chrono::steady_clock::now();
    program wait(asking({"wait", "--timeout", "0.05"}));
    EXPECT_EQ(wait.wait(), 3);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));  // a call may take 10 s
}

TEST_F(beside_something_hostile, an_answer_is_shown_harmless) {
    x_peer.script().reply_always("/heartbeat", net::json_reply(200, R"({"session_id": "\u001b[2J"})"));
    program heartbeat(asking({"heartbeat"}));
    EXPECT_EQ(heartbeat.wait(), 0);
    EXPECT_EQ(heartbeat.out(), "noted; \\u001b[2J holds the slot\n");
}

}  // namespace
}  // namespace nullworker::test
