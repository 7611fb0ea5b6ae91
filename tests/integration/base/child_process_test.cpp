#include "support/drive.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/process.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker {
namespace {

using namespace std::chrono_literals;

// Looks until the process is gone, or is but a number that nobody has asked for; false after 10 s.
bool ends(pid_t pid) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < limit) {
        std::string number;
        std::string name;
        std::string state;
        std::ifstream("/proc/" + std::to_string(pid) + "/stat") >> number >> name >> state;
        if (state.empty() || state == "Z" || state == "X")
            return true;
    }
    return false;
}

asio::awaitable<void> run_and_forget(std::string line) {
    (void)co_await run_shell(std::move(line));
}

shell_outcome run(const std::string& line) {
    asio::io_context loop;
    return test::drive(loop, run_shell(line)).value();
}

TEST(shell, what_a_command_says_and_how_it_ends_is_told) {
    const auto ended = run("echo out; echo err >&2; exit 3");
    EXPECT_EQ(ended.code, 3);
    EXPECT_EQ(ended.output, "out\n");
    EXPECT_EQ(ended.error, "err\n");
}

TEST(shell, is_not_started_for_a_program_and_its_words) {
    const auto alone = run("cat /proc/self/stat");
    ASSERT_EQ(alone.code, 0);
    const auto in_shell = run("cat /proc/self/stat; true");
    const auto parent_in = [](const std::string& stat) {
        std::istringstream words(stat);
        std::string skipped;
        pid_t parent = 0;
        words >> skipped >> skipped >> skipped >> parent;
        return parent;
    };
    EXPECT_EQ(parent_in(alone.output), ::getpid());
    EXPECT_NE(parent_in(in_shell.output), ::getpid());
    EXPECT_EQ(run("false").code, 1);
}

TEST(shell, knows_a_word_that_is_no_program) {
    EXPECT_EQ(run("exit 3").code, 3);
    const auto unknown = run("no-such-program -x");
    EXPECT_EQ(unknown.code, 127);
    EXPECT_NE(unknown.error.find("no-such-program"), std::string::npos) << unknown.error;
}

TEST(shell, a_signal_is_told_as_shells_do) {
    EXPECT_EQ(run("kill -9 $$").code, 137);
}

TEST(shell, a_command_has_no_input) {
    EXPECT_EQ(run("cat").code, 0);
}

TEST(shell, the_ending_is_described_with_the_last_line_of_what_was_said) {
    EXPECT_EQ(run("exit 3").described(), "exited with status 3");
    EXPECT_EQ(run("echo why; exit 3").described(), "exited with status 3: why");
    EXPECT_EQ(run("echo out; printf 'first\\nlast \\n\\n' >&2; exit 1").described(),
              "exited with status 1: last");
    EXPECT_EQ(run("kill -15 $$").described(), "killed by signal 15");
}

TEST(shell, more_output_than_is_kept_does_no_harm) {
    const auto ended = run("head -c 10000000 /dev/zero; echo whole >&2");
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.output.size(), 64U * 1024);
    EXPECT_EQ(ended.error, "whole\n");
}

TEST(shell, a_command_may_write_to_its_outputs_by_name) {
    const auto ended = run("echo 7 | tee /dev/stderr; echo 8 >/dev/stdout");
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.output, "7\n8\n");
    EXPECT_EQ(ended.error, "7\n");
}

TEST(shell, a_command_may_close_its_outputs_and_go_on) {
    EXPECT_EQ(run("exec >&- 2>&-; sleep 0.05; exit 4").code, 4);
}

TEST(shell, a_command_gets_no_descriptors_of_ours) {
    EXPECT_EQ(run("ls /proc/self/fd | grep -vxE '[0-3]'").output, "");
}

TEST(shell, a_command_that_takes_too_long_is_killed_with_all_it_started) {
    asio::io_context loop;
    const test::temporary_directory directory;
    const std::string file = directory.path() / "pid";
    test::drive(loop, [&]() -> asio::awaitable<void> {
        auto work = run_shell("sleep 1000 & echo $! > " + file + "; wait");
        const auto ended = co_await within(1s, std::move(work));
        EXPECT_EQ(ended.error(), errc::timed_out);
    });
    pid_t left = 0;
    std::ifstream(file) >> left;
    ASSERT_GT(left, 0);
    EXPECT_TRUE(ends(left));
}

// Stands between a process and its parent: until it lets go, the parent cannot collect the end of that
// process, as with one that waits for a disk and hears not even SIGKILL.
class tracer {
public:
    // Takes hold of the process that writes its number into the FIFO at `path`, and says so on a pipe.
    explicit tracer(const std::string& path) {
        EXPECT_EQ(::pipe(x_pipe), 0);
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        x_pid = ::fork();
        if (x_pid == 0)
            trace(path);
    }
    ~tracer() { let_go(); }
    tracer(const tracer&) = delete;
    tracer& operator=(const tracer&) = delete;

    // Readable once it has told what became of it: 'y' or 'n'.
    [[nodiscard]] int told() const { return x_pipe[0]; }

    void let_go() {
        if (x_pid <= 0)
            return;
        ::kill(std::exchange(x_pid, -1), SIGKILL);
        ::waitpid(-1, nullptr, 0);
    }

private:
    [[noreturn]] void trace(const std::string& path) const {
        pid_t target = 0;
        std::ifstream(path) >> target;
        const bool held = target > 0 && ::ptrace(PTRACE_SEIZE, target, nullptr, nullptr) == 0;
        (void)!::write(x_pipe[1], held ? "y" : "n", 1);
        for (;;)
            ::pause();
    }

    int x_pipe[2] = {-1, -1};
    pid_t x_pid = -1;
};

TEST(shell, a_command_that_cannot_be_ended_holds_nobody_up_and_no_second_one_starts_beside_it) {
    asio::io_context loop;
    const test::temporary_directory directory;
    const std::string fifo = directory.path() / "pid";
    tracer in_between(fifo);
    test::drive(loop, [&]() -> asio::awaitable<void> {
        asio::posix::stream_descriptor told(loop, in_between.told());
        char held = 'n';
        {
            task_group stuck(loop.get_executor());
            std::string line = "echo $$ > " + fifo + "; exec sleep 1000";
            stuck.spawn(run_and_forget(std::move(line)));
            co_await told.async_read_some(asio::buffer(&held, 1), asio::use_awaitable);
            stuck.cancel();
            co_await stuck.join();
        }
        if (held != 'y')
            co_return;  // this system lets nobody trace
        EXPECT_EQ(unreaped_children(), 1U);
        const auto refused = co_await run_shell("true");
        EXPECT_EQ(refused.error(), errc::child_still_there);
        in_between.let_go();
        const auto allowed = co_await run_shell("true");
        EXPECT_TRUE(allowed.has_value()) << allowed.error().message();
    });
}

TEST(child_process, has_ended_only_when_it_has) {
    asio::io_context loop;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        child_options options;
        options.command = {"sleep", "1000"};
        child_process child(loop.get_executor(), options);
        const pid_t pid = child.id();
        EXPECT_FALSE(has_ended(pid));
        child.signal(SIGTERM);
        const int code = co_await child.wait();
        EXPECT_EQ(code, 128 + SIGTERM);
        EXPECT_TRUE(has_ended(pid));  // there is no such child any more
    });
}

TEST(child_process, an_end_that_nobody_can_tell_is_no_success) {
    asio::io_context loop;
    test::drive(loop, [&]() -> asio::awaitable<void> {
        child_options options;
        options.command = {"true"};
        child_process child(loop.get_executor(), options);
        (void)::waitpid(child.id(), nullptr, 0);  // somebody else collects it
        const int code = co_await child.wait();
        EXPECT_EQ(code, child_process::unknown_end);
    });
    EXPECT_EQ((shell_outcome{.code = child_process::unknown_end}).described(), "ended, and nobody knows how");
}

TEST(child_process, a_program_that_is_not_there_is_an_error_that_names_it) {
    asio::io_context loop;
    child_options options;
    options.command = {"no-such-program"};
    try {
        const child_process child(loop.get_executor(), options);
        FAIL();
    } catch (const startup_error& e) {
        EXPECT_NE(std::string(e.what()).find("cannot run 'no-such-program'"), std::string::npos);
    }
}

TEST(shell, keeps_the_line_out_of_the_list_of_processes) {
    asio::io_context loop;
    const auto seen = test::drive(
        loop, run_shell(": SECRET123; tr '\\0' ' ' </proc/$$/cmdline; echo ${NULLWORKER_SHELL_LINE:-gone}"));
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->output.find("SECRET123"), std::string::npos) << seen->output;
    EXPECT_NE(seen->output.find("gone"), std::string::npos) << seen->output;
}

TEST(group_lives, for_as_long_as_one_of_it_does) {
    asio::io_context loop;
    std::optional<child_process> first;
    first.emplace(loop.get_executor(),
                  child_options{.command = {"/bin/sh", "-c", "exec sleep 600"}, .job = true});
    const pid_t group = first->id();
    EXPECT_TRUE(group_lives(group));
    ::kill(group, SIGKILL);
    EXPECT_TRUE(ends(group));
    EXPECT_FALSE(group_lives(group));  // though nobody has collected it
    EXPECT_EQ(test::drive(loop, [&]() -> asio::awaitable<int> { co_return co_await first->wait(); }),
              128 + SIGKILL);
    EXPECT_FALSE(group_lives(group));
    EXPECT_TRUE(group_lives(::getpgrp()));
}

}  // namespace
}  // namespace nullworker
