#include "beside_a_worker.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <list>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

// A consumer that `nullworker work` runs beside a worker.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;

class work_beside_a_worker : public beside_a_worker {
protected:
    // `nullworker work OPTIONS -- sh -c LINE`, where the line finds our folder in $dir.
    program& work(const std::string& line, std::vector<std::string> options = {}) {
        options.insert(options.begin(), "work");
        options.insert(options.end(), {"--", "sh", "-c", line});
        auto variables = environment();
        variables["dir"] = x_directory.path();
        return x_programs.emplace_back(command(std::move(options)), variables);
    }

    // For a line: waits until `touch` made a file of that name.
    static std::string until(const std::string& file) {
        return "while [ ! -e $dir/" + file + " ]; do sleep 0.02; done; ";
    }

    void touch(const std::string& file) const { (void)x_directory.write(file, "\n"); }

    // The number that a line wrote to a file of that name, and whether such a process lives.
    [[nodiscard]] pid_t number_in(const std::string& file) const {
        pid_t number = 0;
        std::ifstream(x_directory.file(file)) >> number;
        return number;
    }
    static bool lives(pid_t process) {
        std::string number;
        std::string name;
        std::string state;
        std::ifstream("/proc/" + std::to_string(process) + "/stat") >> number >> name >> state;
        return !state.empty() && state != "Z" && state != "X";
    }

    // Fails the test where it has not ended within a second.
    static void expect_soon_gone(pid_t process) {
        ASSERT_GT(process, 1);
        const auto limit = std::chrono::steady_clock::now() + 1s;
        while (lives(process) && std::chrono::steady_clock::now() < limit) {
        }
        EXPECT_FALSE(lives(process));
    }

    std::string holder() { return run({"status", "--field", "session.session_id"}).out; }
    std::string protected_until() { return run({"status", "--field", "session.protected_until"}).out; }

    // Returns once the session was protected anew.
    void await_protection() {
        const auto before = protected_until();
        while (protected_until() == before) {
        }
    }

    void restart(int by, std::map<std::string, std::string> variables = {}) {
        x_daemon->signal(by);
        x_daemon->wait();
        start(std::move(variables));
    }

    temporary_directory x_directory;
    std::list<program> x_programs;
};

TEST_F(work_beside_a_worker, the_log_may_be_json) {
    start();
    auto& it = work("true", {"--log-format", "json"});
    const auto id = reserve();
    it.wait_for(R"("event":"job_done","session_id":")" + id + '"');
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_EQ(it.err().front(), '{') << it.err();
}

TEST_F(work_beside_a_worker, a_job_is_a_session) {
    start();
    auto& it = work(
        "echo does $NULLWORKER_SESSION_ID; echo to $NULL_CONTROL_PORT, $NULLWORKER_PAUSE and "
        "$NULLWORKER_NO_JOB");
    for (int times = 0; times < 2; ++times) {
        const auto id = reserve();
        it.wait_for_next("does " + id + "\n");
        it.wait_for_next("event=job_done session_id=" + id);
        it.wait_for_next("event=released session_id=" + id);
        x_daemon->wait_for("event=session_closed session_id=" + id + " reason=released\n");
    }
    EXPECT_EQ(holder(), "null\n");
    EXPECT_TRUE(contains(it.out(), "to 23502, 1 and 75\n")) << it.out();
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
}

TEST_F(work_beside_a_worker, a_session_does_not_end_under_a_job) {
    start();
    auto& it = work("echo on; sleep 1; echo done", {"--term", "0.4"});
    const auto id = reserve(0.1);
    it.wait_for("on\n");
    EXPECT_NE(protected_until(), "null\n");
    it.wait_for("done\n");
    it.wait_for("event=released session_id=" + id);
}

TEST_F(work_beside_a_worker, without_a_job_the_session_is_kept_and_not_protected) {
    start();
    auto& it = work("[ -e $dir/job ] || exit 75; echo done", {"--pause", "0.02"});
    const auto id = reserve();
    while (protected_until() == "null\n") {
    }
    while (protected_until() != "null\n") {
    }
    EXPECT_EQ(holder(), id + '\n');
    touch("job");
    it.wait_for("event=released session_id=" + id);
    EXPECT_EQ(it.out(), "done\n");
}

TEST_F(work_beside_a_worker, a_job_outlasts_a_daemon_that_grants_less_than_the_term) {
    start({{"NULLWORKER_MAX_LIFETIME", "2"}});
    auto& it = work("echo on; " + until("go") + "echo done");
    const auto id = reserve(1);
    it.wait_for("on\n");
    for (int times = 0; times < 6; ++times) {
        const auto before = protected_until();
        while (protected_until() == before && holder() == id + '\n') {
        }
        ASSERT_EQ(holder(), id + '\n') << it.err();
    }
    touch("go");
    it.wait_for("event=released session_id=" + id);
}

TEST_F(work_beside_a_worker, several_jobs_share_a_session_that_the_last_releases) {
    start();
    auto& it =
        work("echo on $NULLWORKER_SLOT; " + until("go-$NULLWORKER_SLOT") + "echo done $NULLWORKER_SLOT",
             {"--parallel", "3", "--term", "0.4"});
    const auto id = reserve(0.1);
    for (const char* slot : {"0", "1", "2"})
        it.wait_for(std::string("on ") + slot + '\n');
    touch("go-1");
    it.wait_for("event=job_done session_id=" + id + " slot=1");
    for (int times = 0; times < 4; ++times)
        await_protection();
    EXPECT_EQ(holder(), id + '\n');
    touch("go-0");
    touch("go-2");
    it.wait_for("event=released session_id=" + id);
    x_daemon->wait_for("event=session_closed session_id=" + id + " reason=released\n");
    const auto next = reserve();
    it.wait_for("event=released session_id=" + next);
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_EQ(it.err().find("event=released session_id=" + id),
              it.err().rfind("event=released session_id=" + id));
    EXPECT_EQ(holder(), "null\n");
}

TEST_F(work_beside_a_worker, several_commands_without_a_job_leave_the_machine_unprotected) {
    start();
    auto& it = work("[ -e $dir/job-$NULLWORKER_SLOT ] || exit 75; echo done $NULLWORKER_SLOT",
                    {"--parallel", "2", "--pause", "0.02"});
    const auto id = reserve();
    while (protected_until() == "null\n") {
    }
    while (protected_until() != "null\n") {
    }
    EXPECT_EQ(holder(), id + '\n');
    touch("job-1");
    it.wait_for("done 1\n");
    x_daemon->wait_for("event=session_closed session_id=" + id + " reason=released\n");
    EXPECT_FALSE(contains(it.out(), "done 0")) << it.out();
}

TEST_F(work_beside_a_worker, a_command_of_a_lost_session_may_finish) {
    start();
    auto& it = work("trap 'echo told' TERM; echo on $NULLWORKER_SESSION_ID; " + until("go") + "echo done",
                    {"--on-lost", "finish", "--term", "0.4"});
    const auto id = reserve();
    it.wait_for("on " + id + '\n');
    EXPECT_EQ(run({"release"}).code, 0);
    it.wait_for("event=session_lost session_id=" + id);
    touch("go");
    it.wait_for("done\n");
    it.wait_for("event=job_done session_id=" + id);
    const auto next = reserve();
    it.wait_for("on " + next + '\n');
    it.wait_for("event=released session_id=" + next);
    EXPECT_FALSE(contains(it.out(), "told")) << it.out();
}

TEST_F(work_beside_a_worker, it_releases_for_want_of_a_job_where_it_is_told_to) {
    start();
    auto& it = work("exit 3", {"--pause", "0.02", "--no-job", "3", "--idle", "0.1"});
    const auto id = reserve();
    it.wait_for("event=idle session_id=" + id);
    it.wait_for("event=released session_id=" + id);
    x_daemon->wait_for("event=session_closed session_id=" + id + " reason=released outcome=idle\n");
}

TEST_F(work_beside_a_worker, it_keeps_the_session_while_there_are_jobs) {
    start();
    auto& it = work("echo does $NULLWORKER_SESSION_ID", {"--keep"});
    const auto id = reserve();
    for (int jobs = 0; jobs < 3; ++jobs)
        it.wait_for_next("does " + id + '\n');
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_EQ(holder(), "null\n");
}

TEST_F(work_beside_a_worker, a_command_that_fails_is_told_of_and_its_session_is_released) {
    start();
    auto& it = work("exit 9");
    const auto id = reserve();
    it.wait_for("level=warning event=command_failed session_id=" + id + " code=9");
    it.wait_for("event=released session_id=" + id);
}

TEST_F(work_beside_a_worker, what_a_command_leaves_behind_ends_with_it) {
    start();
    auto& it = work("sleep 600 & echo $! >$dir/left");
    reserve();
    it.wait_for("event=released");
    expect_soon_gone(number_in("left"));
}

TEST_F(work_beside_a_worker, a_command_and_its_children_get_sigterm_when_their_session_is_lost) {
    start();
    auto& it = work(
        "trap 'echo told; exit 3' TERM; sh -c \"trap 'echo told, too' TERM; echo on; sleep 600\" & "
        "wait");
    reserve();
    it.wait_for("on\n");
    EXPECT_EQ(run({"release"}).code, 0);
    it.wait_for("event=session_lost");
    it.wait_for("told\n");
    it.wait_for("told, too\n");
    it.wait_for("event=command_was_ended");
    EXPECT_FALSE(contains(it.err(), "event=released")) << it.err();
}

TEST_F(work_beside_a_worker, one_that_does_not_heed_it_is_killed) {
    start();
    auto& it = work("trap '' TERM; echo on; while :; do sleep 600; done", {"--grace", "0.1"});
    reserve();
    it.wait_for("on\n");
    EXPECT_EQ(run({"release"}).code, 0);
    it.wait_for("event=command_does_not_end");
    it.wait_for("event=command_was_ended");
    const auto id = reserve();
    it.wait_for("event=reserved session_id=" + id);
}

TEST_F(work_beside_a_worker, nothing_happens_to_a_command_when_the_daemon_is_restarted) {
    const std::map<std::string, std::string> kept = {{"NULLWORKER_STATE_DIR", x_directory.path()}};
    start(kept);
    auto& it = work("echo on; " + until("go") + "echo done", {"--term", "0.4"});
    const auto id = reserve();
    it.wait_for("on\n");
    restart(SIGKILL, kept);
    await_protection();
    EXPECT_EQ(holder(), id + '\n');
    touch("go");
    it.wait_for("event=released session_id=" + id);
    EXPECT_TRUE(contains(it.out(), "done\n"));
    EXPECT_FALSE(contains(it.err(), "session_lost")) << it.err();
}

TEST_F(work_beside_a_worker, nor_when_the_daemon_has_lost_its_state) {
    start();
    auto& it = work("echo on; " + until("go") + "echo done", {"--term", "0.4"});
    reserve();
    it.wait_for("on\n");
    restart(SIGKILL);
    it.wait_for("level=warning event=session_forgotten");
    touch("go");
    it.wait_for("done\n");
    it.wait_for("event=job_done");
    const auto id = reserve();
    it.wait_for("event=released session_id=" + id);
    EXPECT_FALSE(contains(it.err(), "session_lost")) << it.err();
}

TEST_F(work_beside_a_worker, nor_when_the_machine_is_reserved_anew_then) {
    start();
    auto& it = work("echo on; " + until("go") + "echo done", {"--term", "0.4"});
    reserve();
    it.wait_for("on\n");
    restart(SIGKILL);
    const auto id = reserve(0.3);
    it.wait_for("event=session_changed session_id=" + id);
    await_protection();
    EXPECT_EQ(holder(), id + '\n');
    touch("go");
    it.wait_for("event=released session_id=" + id);
    EXPECT_EQ(it.out(), "on\ndone\n");
}

TEST_F(work_beside_a_worker, it_waits_for_the_daemon) {
    auto& it = work("echo done");
    it.wait_for("event=no_nullworkerd_answers at=\"port 23502 of 127.0.0.1\"");
    start();
    it.wait_for("event=nullworkerd_answers");
    reserve();
    it.wait_for("done\n");
}

TEST_F(work_beside_a_worker, after_sigterm_a_command_goes_on_to_its_end_however_often_it_comes) {
    start();
    auto& it = work("trap 'echo told' TERM; echo on; " + until("go") + "echo done", {"--term", "0.4"});
    reserve(0.1);
    it.wait_for("on\n");
    it.signal(SIGTERM);
    it.wait_for("event=stopping");
    it.signal(SIGTERM);  // by another who stops it
    await_protection();
    touch("go");
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_EQ(it.out(), "on\ndone\n");
    EXPECT_EQ(holder(), "null\n");
}

TEST_F(work_beside_a_worker, within_the_grace_where_there_is_one) {
    start();
    auto& it =
        work("trap 'echo told; exit 1' TERM; echo on; while :; do sleep 0.1; done", {"--grace", "0.1"});
    reserve();
    it.wait_for("on\n");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.err();
    EXPECT_EQ(it.out(), "on\ntold\n");
    EXPECT_EQ(holder(), "null\n");
}

TEST_F(work_beside_a_worker, when_it_is_killed_its_command_dies_with_it_and_another_starts_nothing_before) {
    start();
    const std::string line =
        "[ ! -e $dir/first ] || { grep -qs '^State:.[RSDT]' /proc/$(cat $dir/first)/status && echo both; "
        "echo "
        "next; exit; }; trap '' TERM; sleep 600 & echo $! >$dir/child; echo $$ >$dir/first; "
        "echo on; wait";
    auto& first = work(line);
    reserve();
    first.wait_for("on\n");
    auto& second = work(line);
    second.wait_for("event=another_is_here");
    first.signal(SIGKILL);
    expect_soon_gone(number_in("first"));
    expect_soon_gone(number_in("child"));
    second.wait_for("next\n");
    EXPECT_EQ(second.out(), "next\n");
    second.wait_for("event=released");
}

TEST_F(work_beside_a_worker, a_second_interrupt_ends_all_at_once) {
    start();
    auto& it = work("trap '' TERM; echo $$ >$dir/command; echo on; while :; do sleep 600; done");
    reserve();
    it.wait_for("on\n");
    it.signal(SIGINT);
    it.wait_for("event=stopping");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    expect_soon_gone(number_in("command"));
}

TEST_F(work_beside_a_worker, a_guardian_that_was_killed_is_replaced) {
    start();
    auto& it = work("echo $$ >$dir/command; echo on; exec sleep 600", {"--term", "0.4"});
    reserve();
    it.wait_for("on\n");
    const auto guardian = [&] {
        std::ifstream children("/proc/" + std::to_string(it.pid()) + "/task/" + std::to_string(it.pid()) +
                               "/children");
        for (pid_t child = 0; children >> child;) {
            std::string name;
            std::ifstream("/proc/" + std::to_string(child) + "/comm") >> name;
            if (name == "guardian" && lives(child))
                return child;
        }
        return 0;
    };
    pid_t first = guardian();
    while (first == 0)
        first = guardian();
    ::kill(first, SIGKILL);
    while (guardian() == 0 || guardian() == first) {
    }
    await_protection();  // before which it was told what it guards
    it.signal(SIGKILL);
    expect_soon_gone(number_in("command"));
}

TEST_F(work_beside_a_worker, it_finds_the_daemon_at_its_unix_socket_and_so_does_its_command) {
    const auto path = x_directory.file("control.sock");
    start({{"NULLWORKER_CONTROL_SOCKET", path}});
    auto& it =
        work(std::string(NULLWORKER_PROGRAM) + " session --field session_id", {"--control-socket", path});
    const auto id = reserve();
    it.wait_for("event=released session_id=" + id);
    EXPECT_EQ(it.out(), id + '\n');
}

TEST_F(work_beside_a_worker, there_is_one_whichever_way_each_takes_to_the_daemon) {
    const auto path = x_directory.file("control.sock");
    start({{"NULLWORKER_CONTROL_SOCKET", path}});
    auto& first = work("true", {"--control-socket", path});
    const auto id = reserve();
    first.wait_for("event=released session_id=" + id);
    const std::vector<std::vector<std::string>> ways = {
        {}, {"--control-socket", path}, {"--control-socket", x_directory.file("./control.sock")}};
    for (const auto& way : ways) {
        auto& second = work("true", way);
        second.wait_for("event=another_is_here");
        second.signal(SIGTERM);
        EXPECT_EQ(second.wait(), 0);
    }
}

TEST_F(work_beside_a_worker, it_does_not_start_without_a_command) {
    EXPECT_EQ(run({"work"}).code, 2);
    const auto unknown = run({"work", "--", "/no/such/program"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_TRUE(contains(unknown.err, "/no/such/program")) << unknown.err;
    EXPECT_EQ(run({"work", "--no-job", "0", "--", "true"}).code, 2);
}

}  // namespace
}  // namespace nullworker::test
