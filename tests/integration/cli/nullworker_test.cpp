#include "support/program.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

// The client as a user runs it, with real workers.
namespace nullworker::test {
namespace {

std::vector<std::string> nullworker(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), NULLWORKER_PROGRAM);
    return arguments;
}

bool accepts_connections(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool accepted = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return accepted;
}

// Looks until nobody listens on `port`; false when somebody still does after 10 s.
bool falls_silent(std::uint16_t port) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline)
        if (!accepts_connections(port))
            return true;
    return false;
}

TEST(demo, workers_grow_with_the_sessions_and_shrink_back_to_zero) {
    program demo(nullworker(
        {"demo", "--count", "2", "--interval", "2", "--plateau", "0.1", "--worker-port", "22000"}));
    EXPECT_EQ(demo.wait(), 0) << demo.out() << demo.err();
    EXPECT_TRUE(contains(demo.out(), "workers: 0 -> 1 -> 2 -> 1 -> 0")) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "all 2 sessions were held and released")) << demo.out();
    for (const auto* next : {"scripts/example-redis", "nullworker hold --instance local", "docs/deploy.md"})
        EXPECT_TRUE(contains(demo.out(), next)) << demo.out();
    EXPECT_FALSE(contains(demo.out(), "\x1b")) << "a pipe gets plain lines";
}

TEST(demo, rounds_repeat_it_when_the_workers_have_gone_and_tell_what_that_costs) {
    program demo(nullworker({"demo", "--count", "2", "--rounds", "2", "--interval", "1", "--plateau", "2",
                             "--worker-port", "22150"}));
    EXPECT_EQ(demo.wait(), 0) << demo.out() << demo.err();
    EXPECT_TRUE(contains(demo.out(), "4 sessions of 3 s take 0.2 machine-minutes")) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "round 2 of 2")) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "workers: 0 -> 1 -> 2 -> 1 -> 0 -> 1 -> 2 -> 1 -> 0")) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "all 4 sessions were held and released")) << demo.out();
    for (const auto* session : {"session 1  held", "session 2  held", "session 3  held", "session 4  held"})
        EXPECT_TRUE(contains(demo.out(), session)) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "workers were there for 0.")) << demo.out();
}

TEST(demo, with_json_every_line_is_an_object_with_a_time) {
    program demo(nullworker({"demo", "--count", "1", "--plateau", "0", "--worker-port", "22100", "--json"}));
    EXPECT_EQ(demo.wait(), 0) << demo.err();
    std::istringstream lines(demo.out());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_TRUE(nlohmann::json::parse(line)["time"].is_number()) << line;
    EXPECT_GT(count, 4);
}

TEST(demo, a_worker_that_cannot_start_is_named_at_once_and_fails_each_session_after_a_few) {
    program demo(nullworker({"demo", "--count", "2", "--interval", "0", "--timeout", "60", "--worker-port",
                             "22400", "--worker", "echo boom >&2; exit 3"}));
    demo.wait_for("worker 1 is gone: exited with status 3: boom");
    EXPECT_EQ(demo.wait(), 1);
    EXPECT_TRUE(
        contains(demo.out(), "no worker is free; a worker could not start: exited with status 3: boom") ||
        contains(demo.out(), "workers in a row could not start, the last one: exited with status 3: boom"))
        << demo.out();
    EXPECT_TRUE(contains(demo.out(), "failed    5 workers in a row could not start")) << demo.out();
    for (const auto* session : {"session 1  failed    ", "session 2  failed    "})
        EXPECT_TRUE(contains(demo.out(), session)) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "2 of 2 sessions failed; the local fleet and its workers are stopped\n"))
        << demo.out();
    EXPECT_FALSE(contains(demo.out(), "by itself")) << "nobody waits for workers that never worked";
}

TEST(demo, it_ends_when_nobody_reads_any_more) {
    program shell({"/bin/sh", "-c",
                   "{ \"$0\" demo --plateau 600 --worker-port 22440; echo code $? >&2; } | head -n 3",
                   NULLWORKER_PROGRAM});
    EXPECT_EQ(shell.wait(), 0);
    EXPECT_TRUE(contains(shell.err(), "code " + std::to_string(128 + SIGPIPE))) << shell.err();
    EXPECT_FALSE(accepts_connections(22440));
}

TEST(demo, a_worker_may_be_any_line_of_shell) {
    program demo(nullworker({"demo", "--count", "1", "--plateau", "0", "--worker-port", "22420", "--worker",
                             std::string("cd / && NULLWORKER_LOG_LEVEL=debug ") + NULLWORKERD_PROGRAM}));
    EXPECT_EQ(demo.wait(), 0) << demo.out();
    EXPECT_FALSE(contains(demo.out(), "is gone")) << demo.out();
}

TEST(demo, its_fleet_is_as_large_as_it_needs) {
    program demo(
        nullworker({"demo", "--count", "17", "--interval", "0", "--plateau", "0", "--worker-port", "22500"}));
    EXPECT_EQ(demo.wait(), 0) << demo.out();
    EXPECT_TRUE(contains(demo.out(), "all 17 sessions were held and released")) << demo.out();
}

TEST(usage, every_help_fits_100_columns) {
    std::vector<std::vector<std::string>> commands = {{NULLWORKERD_PROGRAM, "--help"}};
    for (const auto* name : {"", "demo", "doctor", "hold", "follow", "depth", "watch", "fleet", "status",
                             "session", "wait", "renew", "release", "heartbeat"})
        commands.push_back(nullworker({*name ? name : "--help", "--help"}));
    for (const auto& words : commands) {
        program help(words);
        EXPECT_EQ(help.wait(), 0);
        std::istringstream lines(help.out());
        for (std::string line; std::getline(lines, line);) {
            const auto wide = std::count_if(line.begin(), line.end(), [](char c) {
                return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
            });
            EXPECT_LE(wide, 100) << words[1] << ": " << line;
        }
    }
}

TEST(local_fleet, no_more_sessions_than_a_local_fleet_has_room_for) {
    program follow(nullworker({"follow", "--depth", "echo 0", "--max", "501"}));
    EXPECT_EQ(follow.wait(), 2);
    EXPECT_EQ(follow.err(),
              "nullworker: a local fleet has room for 500 workers, and 501 sessions need as many\n");
}

TEST(demo, an_unreachable_console_is_a_failure_that_names_it) {
    program demo(nullworker({"demo", "--endpoint", "x", "--autoscaler-url", "http://127.0.0.1:1",
                             "--console-url", "http://127.0.0.1:1", "--api-key", "k"}));
    EXPECT_EQ(demo.wait(), 1);
    EXPECT_TRUE(contains(demo.out(), "http://127.0.0.1:1")) << demo.out();
}

TEST(hold, where_no_fleet_answers_it_says_how_to_start_one) {
    for (const auto* tls : {"", " --tls"}) {
        std::vector<std::string> words{"hold", "--instance", "local"};
        if (*tls)
            words.emplace_back("--tls");
        program hold(nullworker(words));
        EXPECT_EQ(hold.wait(), 1);
        EXPECT_TRUE(contains(hold.out(), "no fleet answers at http")) << hold.out();
        EXPECT_TRUE(contains(hold.out(), std::string("; start one with `nullworker fleet") + tls + "`"))
            << hold.out();
    }
}

TEST(hold, http_spoken_to_an_https_fleet_and_the_other_way_round_is_told) {
    for (const bool secured : {true, false}) {
        std::vector<std::string> words{"fleet", "--port", "22890", "--worker-port", "22800"};
        if (secured)
            words.emplace_back("--tls");
        program fleet(nullworker(words));
        fleet.wait_for("autoscaler and console at");
        const std::string url = (secured ? "http" : "https") + std::string("://127.0.0.1:22890");
        program hold(nullworker({"hold", "--endpoint", "local", "--api-key", "k", "--autoscaler-url", url,
                                 "--console-url", url}));
        EXPECT_EQ(hold.wait(), 1);
        EXPECT_TRUE(contains(hold.out(), secured ? "HTTPS is spoken at " + url + ": say --tls"
                                                 : "HTTP is spoken at " + url + ", without TLS"))
            << hold.out();
        fleet.signal(SIGTERM);
        EXPECT_EQ(fleet.wait(), 0);
    }
}

TEST(demo, a_missing_key_is_wrong_usage) {
    program demo(nullworker({"demo", "--endpoint", "x"}));
    EXPECT_EQ(demo.wait(), 2);
    EXPECT_TRUE(contains(demo.err(), "VAST_API_KEY")) << demo.err();
}

TEST(demo, a_key_that_would_become_another_header_is_wrong_usage_and_is_not_repeated) {
    program demo(nullworker({"demo", "--endpoint", "x"}), {{"VAST_API_KEY", "key\r\nX-Evil: 1"}});
    EXPECT_EQ(demo.wait(), 2);
    EXPECT_TRUE(contains(demo.err(), "VAST_API_KEY has a control character in it")) << demo.err();
    EXPECT_FALSE(contains(demo.err(), "Evil")) << demo.err();
}

TEST(demo, wrong_options_are_wrong_usage) {
    for (const auto& wrong : std::vector<std::vector<std::string>>{{"demo", "--count", "0"},
                                                                   {"demo", "--nonsense"},
                                                                   {"nonsense"},
                                                                   {},
                                                                   {"demo", "--instance", "elsewhere"}}) {
        program demo(nullworker(wrong));
        EXPECT_EQ(demo.wait(), 2) << demo.err();
        EXPECT_TRUE(demo.err().starts_with("nullworker: ")) << demo.err();
        EXPECT_EQ(std::count(demo.err().begin(), demo.err().end(), '\n'), 1) << demo.err();
    }
}

TEST(usage, a_mistake_names_the_word_and_what_was_meant) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
        {{"dem"}, "unknown command 'dem'; did you mean demo?; see nullworker --help"},
        {{"demo", "--cout", "3"}, "unknown option --cout; did you mean --count?; see nullworker demo --help"},
        {{"hold", "echo", "hi"},
         "'echo' belongs to no option; a command stands behind --, as in nullworker hold -- echo; see "
         "nullworker hold --help"},
        {{"fleet", "--max-workers", "501"},
         "--max-workers: 501 is not in the range 0 to 500; see nullworker fleet --help"},
        {{"follow", "--depth", "true", "--max", "100001"},
         "--max: 100001 is not in the range 1 to 100000; see nullworker follow --help"},
        {{"demo", "--count", "99999999999999999999"},
         "--count: 99999999999999999999 is not in the range 1 to 100000; see nullworker demo --help"},
        {{"--versoin"}, "unknown option --versoin; did you mean --version?; see nullworker --help"},
        {{"hold", "--"},
         "no command stands behind --; name one, or leave out the --; see nullworker hold --help"},
        {{"hold", "--", ""},
         "no command stands behind --; name one, or leave out the --; see nullworker hold --help"},
        {{"demo", "--", "true"}, "a command behind -- is for `nullworker work` and `nullworker hold`"},
        {{"demo", "--worker", ""},
         "--worker: an empty value means nothing; leave it out; see nullworker demo --help"},
        {{"follow", "--max", "1", "--depth", " "},
         "--depth: an empty value means nothing; leave it out; see nullworker follow --help"},
        {{"release", "--session="},
         "--session: an empty value means nothing; leave it out; see nullworker release --help"},
    };
    for (const auto& [words, message] : mistakes) {
        program mistaken(nullworker(words));
        EXPECT_EQ(mistaken.wait(), 2);
        EXPECT_EQ(mistaken.err(), "nullworker: " + message + "\n");
    }
}

TEST(demo, an_interrupt_ends_every_open_session_first) {
    program demo(nullworker(
        {"demo", "--count", "2", "--interval", "0", "--plateau", "600", "--worker-port", "22200"}));
    demo.wait_for("all 2 sessions are held");
    demo.signal(SIGINT);
    EXPECT_EQ(demo.wait(), 128 + SIGINT);
    for (const auto* session : {"session 1  released", "session 2  released"})
        EXPECT_TRUE(contains(demo.out(), session)) << demo.out();
    EXPECT_FALSE(accepts_connections(22200));
    EXPECT_FALSE(accepts_connections(22210));
}

TEST(demo, an_interrupt_before_the_end_is_told_as_it_was) {
    for (const bool by_json : {false, true}) {
        std::vector<std::string> words{"demo", "--count",       "3",    "--interval", "600", "--plateau",
                                       "600",  "--worker-port", "22250"};
        if (by_json)
            words.emplace_back("--json");
        program demo(nullworker(words));
        demo.wait_for(by_json ? R"("state":"held")" : "session 1  held");
        demo.signal(SIGINT);
        EXPECT_EQ(demo.wait(), 128 + SIGINT);
        const auto begin = demo.out().rfind(by_json ? "\n{" : "of 3 sessions") + (by_json ? 1 : 0);
        const std::string last = demo.out().substr(begin, demo.out().find('\n', begin) - begin);
        const std::string sentence =
            "of 3 sessions 1 was held and released, 2 were never held; the local fleet and its workers are "
            "stopped";
        EXPECT_TRUE(contains(last, sentence)) << last;
        if (by_json) {
            const auto event = nlohmann::json::parse(last);
            EXPECT_EQ(event["event"], "summary");
            EXPECT_EQ(event["released"], 1);
            EXPECT_EQ(event["not_held"], 2);
        }
    }
}

TEST(demo, kill_9_leaves_no_worker_behind) {
    program demo(nullworker({"demo", "--count", "1", "--plateau", "600", "--worker-port", "22300"}));
    demo.wait_for("all 1 sessions are held");
    EXPECT_TRUE(accepts_connections(22300));
    demo.signal(SIGKILL);
    EXPECT_EQ(demo.wait(), 128 + SIGKILL);
    EXPECT_TRUE(falls_silent(22300));
}

TEST(hold, holds_for_as_long_as_asked) {
    program hold(nullworker({"hold", "--hold", "0.1", "--worker-port", "22400"}));
    EXPECT_EQ(hold.wait(), 0) << hold.out() << hold.err();
    EXPECT_TRUE(contains(hold.out(), "session 1  released")) << hold.out();
}

TEST(hold, a_command_finds_the_session_and_its_exit_code_is_passed_on) {
    program hold(nullworker({"hold", "--worker-port", "22500", "--", "sh", "-c",
                             "echo $NULLWORKER_SESSION_ID $NULLWORKER_WORKER_URL; exit 7"}));
    EXPECT_EQ(hold.wait(), 7) << hold.out() << hold.err();
    EXPECT_EQ(hold.out().find(" http://127.0.0.1:22500\n"), 13u) << hold.out();
    EXPECT_TRUE(contains(hold.err(), "session 1  released")) << hold.err();
}

TEST(hold, a_commands_arguments_arrive_as_they_were_written) {
    program hold(
        nullworker({"hold", "--worker-port", "22550", "--", "printf", "%s|", "[1,2]", "--json", "a b"}));
    EXPECT_EQ(hold.wait(), 0) << hold.err();
    EXPECT_EQ(hold.out(), "[1,2]|--json|a b|");
}

TEST(hold, options_without_an_effect_are_wrong_usage) {
    program both(nullworker({"hold", "--hold", "1", "--", "true"}));
    EXPECT_EQ(both.wait(), 2);
    program elsewhere(nullworker({"hold", "--instance", "local", "--worker", "true"}));
    EXPECT_EQ(elsewhere.wait(), 2);
    for (const auto& where : std::vector<std::vector<std::string>>{
             {"--endpoint", "x"},
             {"--instance", "local", "--autoscaler-url", "http://127.0.0.1:1"},
             {"--instance", "local", "--console-url", "http://127.0.0.1:1"}}) {
        std::vector<std::string> words{"hold", "--tls"};
        words.insert(words.end(), where.begin(), where.end());
        program secured(nullworker(words));
        EXPECT_EQ(secured.wait(), 2);
        EXPECT_TRUE(contains(secured.err(), "--tls is for the local fleet")) << secured.err();
    }
    program misplaced(nullworker({"demo", "--", "true"}));
    EXPECT_EQ(misplaced.wait(), 2);
}

TEST(hold, a_command_that_does_not_exist_is_127_and_the_session_is_released) {
    program hold(nullworker({"hold", "--worker-port", "22600", "--", "/nonexistent"}));
    EXPECT_EQ(hold.wait(), 127);
    EXPECT_TRUE(contains(hold.err(), "session 1  released")) << hold.err();
}

TEST(hold, a_signal_is_passed_on_to_the_command) {
    program hold(nullworker({"hold", "--worker-port", "22700", "--", "sh", "-c",
                             "trap 'exit 9' TERM; sh -c 'echo on; exec sleep 60' & wait"}));
    hold.wait_for("on\n");
    hold.signal(SIGTERM);
    EXPECT_EQ(hold.wait(), 9);
    EXPECT_TRUE(contains(hold.err(), "session 1  released")) << hold.err();
}

TEST(fleet, serves_sessions_to_clients_elsewhere_and_stops_with_its_workers) {
    program fleet(
        nullworker({"fleet", "--port", "22800", "--worker-port", "22810", "--inactivity-timeout", "60"}));
    fleet.wait_for("http://127.0.0.1:22800");
    program hold(
        nullworker({"hold", "--hold", "0", "--endpoint", "local", "--api-key", "any", "--autoscaler-url",
                    "http://127.0.0.1:22800", "--console-url", "http://127.0.0.1:22800"}));
    EXPECT_EQ(hold.wait(), 0) << hold.out() << hold.err();
    fleet.wait_for("busy -> idle");
    EXPECT_TRUE(accepts_connections(22810));
    fleet.signal(SIGTERM);
    EXPECT_EQ(fleet.wait(), 0);
    EXPECT_FALSE(accepts_connections(22810));
}

TEST(fleet, says_where_its_page_is) {
    program fleet(nullworker({"fleet", "--port", "22950", "--price", "0.5"}));
    fleet.wait_for("see it work: http://127.0.0.1:22950/");
    program with_json(nullworker({"fleet", "--port", "22960", "--json"}));
    with_json.wait_for(R"("page":"http://127.0.0.1:22960/")");
    EXPECT_FALSE(contains(with_json.out(), "see it work"));
}

TEST(fleet, takes_no_price_that_is_none) {
    for (const auto* price : {"-1", "nan", "inf", "", "2 dollars", "1e9"}) {
        program fleet(nullworker({"fleet", "--port", "22950", "--price", price}));
        EXPECT_EQ(fleet.wait(), 2) << price;
        EXPECT_TRUE(contains(fleet.err(), "--price")) << fleet.err();
    }
}

TEST(fleet, a_port_in_use_is_named) {
    program first(nullworker({"fleet", "--port", "22900"}));
    first.wait_for("http://127.0.0.1:22900");
    program second(nullworker({"fleet", "--port", "22900"}));
    EXPECT_EQ(second.wait(), 2);
    EXPECT_TRUE(contains(second.err(), "22900")) << second.err();
}

TEST(help, must_be_written) {
    for (const auto* command : {"", "demo", "fleet", "status"})
        for (const char* output : {">/dev/full", ">&-"}) {
            program full(
                {"/bin/sh", "-c", std::string("\"$0\" $1 --help ") + output, NULLWORKER_PROGRAM, command});
            EXPECT_EQ(full.wait(), 1) << command;
            EXPECT_TRUE(contains(full.err(), "could not be written")) << full.err();
        }
}

TEST(help, teaches_every_command) {
    for (const auto* command : {"", "demo", "doctor", "hold", "follow", "depth", "fleet", "status", "session",
                                "wait", "renew", "release", "heartbeat"}) {
        program help(*command ? nullworker({command, "--help"}) : nullworker({"--help"}));
        EXPECT_EQ(help.wait(), 0);
        EXPECT_TRUE(contains(help.out(), "Usage")) << help.out();
    }
}

}  // namespace
}  // namespace nullworker::test
