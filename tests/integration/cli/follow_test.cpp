#include "beside_a_worker.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// Sessions that follow the depth of a queue, on a local fleet. The queue is a file with a number in it.
namespace nullworker::test {
namespace {

class follow : public testing::Test {
protected:
    // Whole or not at all, as a queue would tell it.
    void queue(const std::string& depth) {
        std::ofstream(x_directory.file("new")) << depth;
        std::filesystem::rename(x_directory.file("new"), x_directory.file("depth"));
    }

    [[nodiscard]] std::vector<std::string> command(const std::string& worker_port,
                                                   const std::vector<std::string>& more = {}) const {
        std::vector<std::string> out = {NULLWORKER_PROGRAM,
                                        "follow",
                                        "--depth",
                                        "cat " + x_directory.file("depth"),
                                        "--max",
                                        "2",
                                        "--interval",
                                        "0.05",
                                        "--hysteresis",
                                        "0.2",
                                        "--worker-port",
                                        worker_port};
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }

    temporary_directory x_directory;
};

TEST_F(follow, sessions_come_and_go_with_the_work) {
    queue("0");
    program it(command("22600"));
    it.wait_for("work: 0");
    queue("7");
    it.wait_for("session 1  held");
    it.wait_for("session 2  held");
    queue("1");
    it.wait_for("session 2  released");
    queue("0");
    it.wait_for("session 1  released");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_FALSE(contains(it.out(), "session 3")) << it.out();
}

TEST_F(follow, a_signal_ends_the_sessions) {
    queue("2");
    program it(command("22650"));
    it.wait_for("session 1  held");
    it.wait_for("session 2  held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_TRUE(contains(it.out(), "session 1  released")) << it.out();
    EXPECT_TRUE(contains(it.out(), "session 2  released")) << it.out();
}

TEST_F(follow, a_stop_waits_for_a_job_where_the_workers_end_with_it) {
    queue("1");
    program it(command("22650"));
    it.wait_for("session 1  held");
    program begin({NULLWORKER_PROGRAM, "protect", "60", "--control-port", "22652"});
    EXPECT_EQ(begin.wait(), 0) << begin.err();
    it.signal(SIGTERM);
    it.wait_for("session 1  retiring");
    program job_is_done({NULLWORKER_PROGRAM, "protect", "0", "--control-port", "22652"});
    EXPECT_EQ(job_is_done.wait(), 0) << job_is_done.err();
    it.wait_for("session 1  released");
    EXPECT_EQ(it.wait(), 0) << it.err();
}

net::reply figures_at(const std::string& place, std::vector<net::header> headers = {}) {
    const auto target = parse_url("http://" + place + "/metrics");
    return send({.target = target.value(), .headers = std::move(headers)});
}

TEST_F(follow, its_figures_are_for_prometheus_on_this_machine) {
    queue("2");
    program it(command("22650", {"--metrics", "127.0.0.1:22690"}));
    it.wait_for("metrics at http://127.0.0.1:22690/metrics");
    it.wait_for("session 1  held");
    it.wait_for("session 2  held");
    const auto told = figures_at("127.0.0.1:22690");
    EXPECT_EQ(told.status, 200U);
    for (const char* line :
         {"\nnullworker_follow_active 1\n", "\nnullworker_follow_depth 2\n",
          "\nnullworker_follow_wanted_sessions 2\n", "\nnullworker_follow_sessions{state=\"idle\"} 2\n",
          "\nnullworker_follow_reservations_total{result=\"held\"} 2\n",
          "\nnullworker_follow_wait_seconds_count 2\n", "nullworker_build_info{program=\"nullworker\""})
        EXPECT_TRUE(contains(told.body, line)) << line << told.body;
    for (const net::header& foreign :
         {net::header{"Origin", "http://example.com"}, net::header{"X-Forwarded-For", "192.0.2.1"}}) {
        const auto refused = figures_at("127.0.0.1:22690", {foreign});
        EXPECT_EQ(refused.status, 403U) << foreign.first;
        EXPECT_FALSE(contains(refused.body, "nullworker_follow")) << refused.body;
    }
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
}

TEST_F(follow, its_figures_say_that_the_depth_is_not_known) {
    queue("nonsense");
    program it(command("22650", {"--metrics", "[::1]:22690"}));
    it.wait_for("cannot tell how much work there is");
    const auto told = figures_at("[::1]:22690");
    EXPECT_TRUE(contains(told.body, "\nnullworker_follow_depth_failing 1\n")) << told.body;
    EXPECT_FALSE(contains(told.body, "\nnullworker_follow_depth ")) << told.body;
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
}

TEST_F(follow, its_figures_are_refused_to_other_machines_and_where_there_are_none) {
    queue("0");
    program elsewhere(command("22650", {"--metrics", "0.0.0.0:22690"}));
    EXPECT_EQ(elsewhere.wait(), 2);
    EXPECT_TRUE(contains(elsewhere.err(), "this machine alone")) << elsewhere.err();
    program without_port(command("22650", {"--metrics", "127.0.0.1"}));
    EXPECT_EQ(without_port.wait(), 2);
    EXPECT_TRUE(contains(without_port.err(), "an address and a port")) << without_port.err();
    program rehearsal(command("22650", {"--metrics", "127.0.0.1:22690", "--dry-run"}));
    EXPECT_EQ(rehearsal.wait(), 2);
    EXPECT_TRUE(contains(rehearsal.err(), "--dry-run")) << rehearsal.err();
}

TEST_F(follow, a_port_for_its_figures_that_is_taken_is_told_at_the_start) {
    queue("0");
    program first(command("22650", {"--metrics", "127.0.0.1:22690"}));
    first.wait_for("work: 0");
    program second(command("22700", {"--metrics", "127.0.0.1:22690"}));
    EXPECT_EQ(second.wait(), 2);
    EXPECT_TRUE(contains(second.err(), "127.0.0.1 port 22690 (--metrics)")) << second.err();
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait(), 0) << first.err();
}

TEST_F(follow, a_signal_ends_even_a_reservation_under_way) {
    queue("1");
    program it(command("22650", {"--worker", "sleep 1000"}));
    it.wait_for("session 1  queued");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 0) << it.err();
}

TEST_F(follow, a_depth_command_that_fails_is_told_once_and_changes_nothing) {
    queue("1");
    program it(command("22700"));
    it.wait_for("session 1  held");
    queue("nonsense");
    it.wait_for("it printed 'nonsense', which is no number of jobs");
    std::filesystem::remove(x_directory.file("depth"));
    it.wait_for("exited with status 1: cat: ");
    queue("1");
    it.wait_for("works again");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
    EXPECT_FALSE(contains(it.out().substr(0, it.out().find("works again")), "released")) << it.out();
    const auto first = it.out().find("it printed 'nonsense'");
    EXPECT_EQ(it.out().find("it printed 'nonsense'", first + 1), std::string::npos) << it.out();
}

TEST_F(follow, a_depth_command_that_prints_nothing_has_failed) {
    queue("1");
    program it(command("22700"));
    it.wait_for("session 1  held");
    queue("");
    it.wait_for("it printed no number");
    queue("0");
    it.wait_for("works again");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
    EXPECT_FALSE(contains(it.out().substr(0, it.out().find("works again")), "released")) << it.out();
}

TEST_F(follow, another_shell_runs_the_depth_command_and_of_bash_a_pipe_fails_in_any_of_its_parts) {
    const std::string pipe = "echo \"no server\" >&2; false | echo ${BASH_VERSION:+1} 2";
    program sh({NULLWORKER_PROGRAM, "follow", "--depth", pipe, "--max", "1", "--dry-run"});
    sh.wait_for("work: 2");
    program bash(
        {NULLWORKER_PROGRAM, "follow", "--depth", pipe, "--max", "1", "--dry-run", "--depth-shell", "bash"});
    bash.wait_for("exited with status 1: no server");
    program none(
        {NULLWORKER_PROGRAM, "follow", "--depth", pipe, "--max", "1", "--dry-run", "--depth-shell", "/none"});
    none.wait_for("No such file or directory");
    for (auto* it : {&sh, &bash, &none}) {
        it->signal(SIGTERM);
        EXPECT_EQ(it->wait(), 0) << it->out();
    }
}

TEST_F(follow, a_dry_run_tells_what_would_be_done_and_asks_nobody) {
    queue("3");
    program it({NULLWORKER_PROGRAM, "follow", "--depth", "cat " + x_directory.file("depth"), "--max", "2",
                "--interval", "0.05", "--hysteresis", "0", "--endpoint", "x", "--autoscaler-url",
                "http://127.0.0.1:1", "--console-url", "http://127.0.0.1:1", "--state",
                x_directory.file("state"), "--dry-run"});
    it.wait_for("work: 3, which opens 2 sessions, and 2 sessions are open");
    it.wait_for("work: 3, which changes nothing, and 2 sessions are open");
    queue("1");
    it.wait_for("work: 1, which gives back 1 session, and 1 session is open");
    queue("nonsense");
    it.wait_for("'nonsense', which is no number of jobs; everything stays as it is");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_FALSE(std::filesystem::exists(x_directory.file("state")));
    EXPECT_FALSE(std::filesystem::exists(x_directory.file("state.lock")));
    EXPECT_FALSE(contains(it.out(), "127.0.0.1")) << it.out();
}

TEST_F(follow, what_a_depth_command_says_beside_its_number_is_told_once) {
    const auto runs = x_directory.file("runs");
    for (const bool dry : {true, false}) {
        std::filesystem::remove(runs);
        std::vector<std::string> words = {NULLWORKER_PROGRAM,
                                          "follow",
                                          "--depth",
                                          "echo 'no such key' >&2; echo run >> " + runs + "; echo 0",
                                          "--max",
                                          "1",
                                          "--interval",
                                          "0.05"};
        if (dry)
            words.emplace_back("--dry-run");
        else
            words.insert(words.end(), {"--worker-port", "22700"});
        program it(words);
        it.wait_for("the command of --depth says: no such key");
        while (std::filesystem::file_size(runs) < 5 * std::string_view("run\n").size()) {
        }
        it.signal(SIGTERM);
        EXPECT_EQ(it.wait(), 0);
        const auto first = it.out().find("no such key");
        EXPECT_EQ(it.out().find("no such key", first + 1), std::string::npos) << it.out();
    }
}

TEST_F(follow, a_depth_command_that_hangs_is_given_up) {
    program it({NULLWORKER_PROGRAM, "follow", "--depth", "sleep 1000", "--max", "1", "--depth-timeout", "0.1",
                "--worker-port", "22700"});
    it.wait_for("the command of --depth: ");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
}

TEST_F(follow, a_signal_does_not_wait_for_the_depth_command) {
    program it({NULLWORKER_PROGRAM, "follow", "--depth",
                "echo > " + x_directory.file("asked") + "; sleep 1000", "--max", "1", "--depth-timeout",
                "1000", "--worker-port", "22700"});
    it.wait_for("following");
    while (!std::filesystem::exists(x_directory.file("asked"))) {
    }
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
    EXPECT_FALSE(contains(it.out(), "asking")) << it.out();
}

TEST_F(follow, an_endpoint_out_of_reach_is_named_and_waited_for) {
    queue("1");
    program it({NULLWORKER_PROGRAM, "follow", "--depth", "cat " + x_directory.file("depth"), "--max", "1",
                "--instance", "local", "--autoscaler-url", "http://127.0.0.1:22790", "--console-url",
                "http://127.0.0.1:22790", "--state", x_directory.file("state")});
    it.wait_for("no fleet answers at http://127.0.0.1:22790");
    it.wait_for("trying again");
    program fleet({NULLWORKER_PROGRAM, "fleet", "--port", "22790", "--worker-port", "22750"});
    it.wait_for("session 1  held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
}

TEST_F(follow, who_is_told_to_stop_while_it_waits_for_its_endpoint_has_nothing_to_end) {
    program it({NULLWORKER_PROGRAM, "follow", "--depth", "echo 1", "--max", "1", "--endpoint", "x",
                "--api-key", "k", "--autoscaler-url", "http://127.0.0.1:1", "--console-url",
                "http://127.0.0.1:1"});
    it.wait_for("http://127.0.0.1:1");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
}

TEST_F(follow, with_json_every_line_is_an_object) {
    queue("1");
    program it(command("22700", {"--json"}));
    it.wait_for("\"held\"");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
    std::istringstream lines(it.out());
    for (std::string line; std::getline(lines, line);)
        EXPECT_TRUE(line.starts_with("{\"time\":") && line.ends_with("}")) << line;
}

TEST_F(follow, a_session_that_its_consumer_releases_makes_room_for_the_next) {
    queue("1");
    program it(command("22750"));
    it.wait_for("session 1  held");
    program release({NULLWORKER_PROGRAM, "release", "--control-port", "22752"});
    EXPECT_EQ(release.wait(), 0) << release.err();
    it.wait_for("at its worker");
    it.wait_for_next("session 1  held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
}

TEST_F(follow, who_waits_under_protection_is_told_to_end_and_is_kept_when_there_is_work) {
    queue("1");
    program it(command("22750"));
    it.wait_for("session 1  held");
    program begin({NULLWORKER_PROGRAM, "protect", "60", "--control-port", "22752"});
    EXPECT_EQ(begin.wait(), 0) << begin.err();
    queue("0");
    it.wait_for("session 1  retiring");
    queue("1");
    it.wait_for("is kept after all");
    queue("0");
    it.wait_for_next("session 1  retiring");
    program lift({NULLWORKER_PROGRAM, "protect", "0", "--control-port", "22752"});
    EXPECT_EQ(lift.wait(), 0) << lift.err();
    it.wait_for("session 1  released");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
}

TEST_F(follow, jobs_that_no_worker_finds_are_told_of_once_and_looked_for_again) {
    queue("3");
    program it(command("22750", {"--jobs-per-session", "3"}));
    for (int looks = 0; looks < 3; ++looks) {
        it.wait_for_next("session 1  held");
        program release({NULLWORKER_PROGRAM, "release", "--idle", "--control-port", "22752"});
        EXPECT_EQ(release.wait(), 0) << release.err();
    }
    it.wait_for_next("session 1  held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
    const std::string told = "3 jobs are counted, but a worker found none";
    const auto first = it.out().find(told);
    EXPECT_NE(first, std::string::npos) << it.out();
    EXPECT_EQ(it.out().find(told, first + 1), std::string::npos) << it.out();
}

TEST_F(follow, a_lost_worker_is_replaced_when_the_time_of_its_session_is_over) {
    queue("1");
    // The worker ends by itself as soon as its session has begun.
    program it(
        command("22850", {"--patience", "0.2", "--lifetime", "1", "--worker",
                          "sh -c '" NULLWORKERD_PROGRAM " & " NULLWORKER_PROGRAM " wait && kill -9 $!'"}));
    it.wait_for("is lost: ");
    it.wait_for_next("session 2  asking");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
}

// The machine is reserved when the consumer is ready, and not before: a model loads for longer than a
// heartbeat may be missing, and no machine is replaced for that.
TEST_F(follow, a_consumer_that_loads_for_long_gets_its_jobs_and_keeps_its_machine) {
    for (const char* folder : {"jobs", "running"})
        std::filesystem::create_directory(x_directory.file(folder));
    for (const char* job : {"jobs/1", "jobs/2", "jobs/3", "jobs/4"})
        (void)x_directory.write(job, "\n");
    const auto one_job = x_directory.write("one-job",
                                           "cd \"$dir\" && set -- jobs/*\n"
                                           "mv \"$1\" running 2>/dev/null || exit 75\n"
                                           "rm \"running/${1#jobs/}\" && echo done >>done\n");
    const auto machine =
        x_directory.write("machine",
                          "echo start >>\"$dir/starts\"\n"
                          "(sleep 2.5; exec " NULLWORKER_PROGRAM " work --term 0.4 --pause 0.1 -- sh " +
                              one_job +
                              ") &\n"
                              "exec " NULLWORKERD_PROGRAM "\n");
    const std::string dir = x_directory.path();
    program it({NULLWORKER_PROGRAM, "follow", "--depth",
                "find " + dir + "/jobs " + dir + "/running -type f | wc -l", "--max", "2", "--interval",
                "0.1", "--hysteresis", "0.3", "--worker-port", "22870", "--worker", "sh " + machine},
               {{"dir", dir}, {"NULLWORKER_HEARTBEAT_TIMEOUT", "1"}, {"NULLWORKER_HEARTBEAT_GRACE", "0.2"}});
    it.wait_for("work: 4");
    it.wait_for_next("work: 0");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_EQ(read_file(x_directory.file("done")), "done\ndone\ndone\ndone\n") << it.out();
    EXPECT_LE(read_file(x_directory.file("starts")).size(), std::string("start\nstart\n").size()) << it.out();
    EXPECT_FALSE(contains(it.out(), "failed")) << it.out();
    EXPECT_FALSE(contains(it.out(), "reports: ")) << "a worker complained: " << it.out();
}

TEST_F(follow, sessions_are_kept_without_work_where_that_is_wanted) {
    queue("0");
    program it(command("22950", {"--min", "1"}));
    it.wait_for("session 1  held");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0);
}

TEST_F(follow, wrong_options_are_wrong_usage) {
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{},
                                               {"--depth", "true"},
                                               {"--max", "1"},
                                               {"--depth", "true", "--max", "0"},
                                               {"--depth", "true", "--max", "1", "--min", "2"},
                                               {"--depth", "true", "--max", "1", "--interval", "0"},
                                               {"--depth", "true", "--max", "1", "--on-stop", "stay"},
                                               {"--depth", "true", "--max", "1", "--jobs-per-session", "0"},
                                               {"--depth", "true", "--max", "1", "--recheck", "0"},
                                               {"--dry-run", "--max", "1"},
                                               {"--depth", "true", "--max", "1", "--state", "x"},
                                               {"--depth", "true", "--max", "1", "--", "x"}}) {
        std::vector<std::string> whole = {NULLWORKER_PROGRAM, "follow"};
        whole.insert(whole.end(), arguments.begin(), arguments.end());
        program it(whole);
        EXPECT_EQ(it.wait(), 2) << it.out();
        EXPECT_FALSE(it.err().empty());
    }
}

}  // namespace
}  // namespace nullworker::test
