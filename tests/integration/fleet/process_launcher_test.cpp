#include "fetch.hpp"
#include "observer.hpp"
#include "support/drive.hpp"

#include <fleet/fleet.hpp>
#include <fleet/guarded_start.hpp>
#include <fleet/guardian.hpp>
#include <fleet/process_launcher.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/process.hpp>
#include <nullworker/wire/routing.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

// Whether the process ends in time. One that is not there any more has.
bool ends(pid_t pid) {
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (handle < 0)
        return errno == ESRCH;
    pollfd wait{handle, POLLIN, 0};
    const int count = ::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(patience).count()));
    ::close(handle);
    return count == 1;
}

class process_launcher_test : public testing::Test {
protected:
    process_launcher_test() {
        std::string name = testing::TempDir() + "/nullworker-XXXXXX";
        x_directory = ::mkdtemp(name.data());
        x_fifo = (x_directory / "fifo").string();
        ::mkfifo(x_fifo.c_str(), 0600);
        // Open for writing too, so that it does not end with the first writer.
        x_messages.assign(::open(x_fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }
    ~process_launcher_test() override { std::filesystem::remove_all(x_directory); }

    // Tells `body` with a launcher of workers that run `script`.
    void tell(const std::string& script, std::function<asio::awaitable<void>()> body) {
        x_options.command = {"/bin/sh", "-c", script};
        tell_as_it_is(std::move(body));
    }

    void tell_as_it_is(std::function<asio::awaitable<void>()> body) {
        x_launcher.emplace(x_context.get_executor(), x_options);
        x_launcher->on_exit([this](std::int64_t id, const std::string& how) {
            x_exits[id] = how;
            x_observer.look();
        });
        test::drive(x_context, story(std::move(body)), story_limit);
        x_launcher.reset();
    }

    asio::awaitable<void> story(std::function<asio::awaitable<void>()> body) {
        co_await body();
        for (std::int64_t id = 1; id <= 3; ++id)
            x_launcher->kill(id);
        co_await x_launcher->join();
    }

    void start(std::int64_t id, std::map<std::string, std::string> environment = {}) {
        environment["FIFO"] = x_fifo;
        const auto started = x_launcher->start({id, std::move(environment), {}});
        ASSERT_TRUE(started) << started.error().message();
    }

    // What the workers wrote to $FIFO next.
    asio::awaitable<std::string> message() {
        std::array<char, 4096> chunk;
        const auto space = asio::buffer(chunk);
        const auto [ec, size] = co_await x_messages.async_read_some(space, nothrow);
        EXPECT_FALSE(ec);
        co_return std::string(chunk.data(), size);
    }

    asio::awaitable<std::string> exit_of(std::int64_t id) {
        std::function<bool()> gone = [this, id] { return x_exits.contains(id); };
        const bool in_time = co_await x_observer.until(std::move(gone));
        co_return in_time ? x_exits[id] : "still running";
    }

    asio::io_context x_context;
    observer x_observer{x_context.get_executor()};
    process_options x_options;
    std::optional<process_launcher> x_launcher;
    std::filesystem::path x_directory;
    std::string x_fifo;
    asio::posix::stream_descriptor x_messages{x_context};
    std::map<std::int64_t, std::string> x_exits;
};

TEST_F(process_launcher_test, a_stopped_worker_ends_by_sigterm) {
    tell("exec sleep 1000", [this]() -> asio::awaitable<void> {
        start(1);
        x_launcher->stop(1);
        const auto how = co_await exit_of(1);
        EXPECT_EQ(how, "killed by signal 15");
        EXPECT_EQ(x_launcher->pid_of(1), -1);
    });
}

TEST_F(process_launcher_test, a_worker_that_ignores_sigterm_is_killed_after_the_grace) {
    x_options.stop_grace = 50ms;
    tell(R"(trap '' TERM; echo ready > "$FIFO"; while :; do sleep 1000; done)",
         [this]() -> asio::awaitable<void> {
             start(1);
             co_await message();
             x_launcher->stop(1);
             const auto how = co_await exit_of(1);
             EXPECT_EQ(how, "killed by signal 9");
         });
}

TEST_F(process_launcher_test, an_exit_status_is_told) {
    tell("exit 7", [this]() -> asio::awaitable<void> {
        start(1);
        const auto how = co_await exit_of(1);
        EXPECT_EQ(how, "exited with status 7");
    });
}

TEST_F(process_launcher_test, the_environment_is_inherited_and_overridden) {
    ::setenv("FLEET_TEST_KEPT", "kept", 1);
    ::setenv("FLEET_TEST_OVERRIDDEN", "old", 1);
    tell(R"(echo "$FLEET_TEST_KEPT $FLEET_TEST_OVERRIDDEN $CONTAINER_ID" > "$FIFO")",
         [this]() -> asio::awaitable<void> {
             std::map<std::string, std::string> environment = {{"FLEET_TEST_OVERRIDDEN", "new"},
                                                               {"CONTAINER_ID", "17"}};
             start(1, std::move(environment));
             const auto said = co_await message();
             EXPECT_EQ(said, "kept new 17\n");
         });
}

TEST_F(process_launcher_test, a_worker_inherits_no_descriptors_but_the_three) {
    tell(R"(ls /proc/self/fd > "$FIFO")", [this]() -> asio::awaitable<void> {
        start(1);
        const auto said = co_await message();
        EXPECT_EQ(said, "0\n1\n2\n3\n");  // the last one is the listing's own
    });
}

TEST_F(process_launcher_test, output_goes_to_a_file_by_worker) {
    x_options.output = worker_output::files;
    x_options.log_dir = x_directory.string();
    tell("echo out; echo err >&2", [this]() -> asio::awaitable<void> {
        start(2);
        co_await exit_of(2);
        std::ifstream file(x_directory / "worker-2.log");
        const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        EXPECT_EQ(text, "out\nerr\n");
    });
}

TEST_F(process_launcher_test, what_a_worker_leaves_in_its_group_is_killed) {
    tell(R"(sleep 1000 & echo $! > "$FIFO"; exit 0)", [this]() -> asio::awaitable<void> {
        start(1);
        const auto said = co_await message();
        const auto how = co_await exit_of(1);
        EXPECT_EQ(how, "exited with status 0");
        EXPECT_TRUE(ends(std::stoi(said)));
    });
}

TEST_F(process_launcher_test, a_consumer_runs_beside_its_worker_in_the_same_environment) {
    x_options.consumer = {"/bin/sh", "-c",
                          R"(echo "consumer of $CONTAINER_ID $$" > "$FIFO"; exec sleep 1000)"};
    tell("exec sleep 1000", [this]() -> asio::awaitable<void> {
        std::map<std::string, std::string> environment = {{"CONTAINER_ID", "17"}};
        start(1, std::move(environment));
        const auto said = co_await message();
        EXPECT_TRUE(said.starts_with("consumer of 17 ")) << said;
        const pid_t consumer = std::stoi(said.substr(said.rfind(' ')));
        EXPECT_EQ(::getpgid(consumer), x_launcher->pid_of(1));
        x_launcher->kill(1);
        co_await exit_of(1);
        EXPECT_TRUE(ends(consumer));
    });
}

TEST_F(process_launcher_test, a_consumer_that_ends_by_itself_is_told_and_its_worker_goes_on) {
    std::string told;
    x_options.consumer = {"/bin/sh", "-c", "exit 3"};
    x_options.on_consumer_exit = [&](std::int64_t id, const std::string& how) {
        told = std::to_string(id) + ' ' + how;
        x_observer.look();
    };
    tell("exec sleep 1000", [this, &told]() -> asio::awaitable<void> {
        start(1);
        std::function<bool()> heard = [&told] { return !told.empty(); };
        co_await x_observer.until(std::move(heard));
        EXPECT_EQ(told, "1 exited with status 3");
        EXPECT_GT(x_launcher->pid_of(1), 0);
    });
}

TEST_F(process_launcher_test, the_end_of_a_consumer_with_its_worker_is_no_news) {
    int told = 0;
    x_options.consumer = {"/bin/sh", "-c", "exec sleep 1000"};
    x_options.on_consumer_exit = [&](std::int64_t, const std::string&) { ++told; };
    tell("exec sleep 1000", [this]() -> asio::awaitable<void> {
        start(1);
        start(2);
        x_launcher->stop(1);
        x_launcher->kill(2);
        co_await exit_of(1);
        co_await exit_of(2);
    });
    EXPECT_EQ(told, 0);
}

TEST_F(process_launcher_test, a_consumer_that_left_the_group_ends_with_its_worker_too) {
    x_options.consumer = {"/bin/sh", "-c", R"(exec setsid -w sh -c 'echo $$ > "$FIFO"; exec sleep 1000')"};
    tell("exec sleep 1000", [this]() -> asio::awaitable<void> {
        start(1);
        const auto said = co_await message();
        x_launcher->kill(1);
        co_await exit_of(1);
        co_await x_launcher->join();
        ::kill(std::stoi(said), SIGKILL);  // what the consumer itself started elsewhere is its own
    });
}

TEST_F(process_launcher_test, a_consumer_that_is_no_program_is_a_startup_error) {
    x_options.command = {"/bin/true"};
    x_options.consumer = {"/no/such/consumer"};
    EXPECT_THROW(process_launcher(x_context.get_executor(), x_options), startup_error);
}

TEST_F(process_launcher_test, other_children_of_the_program_are_left_alone) {
    const pid_t other = ::fork();
    if (other == 0)
        ::_exit(3);
    tell("exit 0", [this]() -> asio::awaitable<void> {
        start(1);
        co_await exit_of(1);
    });
    int status = 0;
    EXPECT_EQ(::waitpid(other, &status, 0), other);
    EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST_F(process_launcher_test, a_command_that_does_not_exist_is_a_startup_error) {
    x_options.command = {"no-such-program-anywhere"};
    EXPECT_THROW(process_launcher(x_context.get_executor(), x_options), startup_error);
    x_options.command = {"/etc"};
    EXPECT_THROW(process_launcher(x_context.get_executor(), x_options), startup_error);
    x_options.command = {};
    EXPECT_THROW(process_launcher(x_context.get_executor(), x_options), startup_error);
}

TEST_F(process_launcher_test, a_line_of_shell_is_run_as_it_is) {
    for (const std::string line : {"cd / && pwd > \"$FIFO\"", "WORD=/ && echo $WORD > \"$FIFO\"",
                                   "WORD=/ sh -c 'echo $WORD' > \"$FIFO\"", "(cd / ; pwd) | cat > \"$FIFO\"",
                                   "if true; then echo / > \"$FIFO\"; fi # done"}) {
        x_options.command = shell_command(line);
        tell_as_it_is([this, line]() -> asio::awaitable<void> {
            start(1);
            const auto said = co_await message();
            EXPECT_EQ(said, "/\n") << line;
            const auto how = co_await exit_of(1);
            EXPECT_EQ(how, "exited with status 0") << line;
        });
        x_exits.clear();
    }
}

TEST_F(process_launcher_test, what_a_line_of_shell_runs_may_end_in_its_own_time) {
    x_options.command = shell_command(
        R"(cd / && sh -c 'trap "echo bye > $FIFO; exit 0" TERM; echo up > $FIFO; while :; do sleep 0.01; done'; )"
        R"(echo more > "$FIFO")");
    tell_as_it_is([this]() -> asio::awaitable<void> {
        start(1);
        const auto first = co_await message();
        EXPECT_EQ(first, "up\n");
        x_launcher->stop(1);
        const auto last = co_await message();
        EXPECT_EQ(last, "bye\n");
        const auto how = co_await exit_of(1);
        EXPECT_EQ(how, "exited with status 0");
    });
}

TEST_F(process_launcher_test, the_end_of_a_worker_is_told_with_its_last_line) {
    tell(R"(echo first; printf 'boom\033 \n\n' >&2; exit 9)", [this]() -> asio::awaitable<void> {
        start(1);
        const auto how = co_await exit_of(1);
        EXPECT_EQ(how, "exited with status 9: boom\\u001b");
    });
}

TEST_F(process_launcher_test, a_worker_that_says_much_is_held_up_by_nobody) {
    tell("yes | head -n 1000000; echo done; exit 1", [this]() -> asio::awaitable<void> {
        start(1);
        const auto how = co_await exit_of(1);
        EXPECT_EQ(how, "exited with status 1: done");
    });
}

TEST_F(process_launcher_test, with_a_log_the_last_line_is_that_of_the_log) {
    x_options.output = worker_output::files;
    x_options.log_dir = x_directory.string();
    tell("echo out; echo boom >&2; exit 9", [this]() -> asio::awaitable<void> {
        start(2);
        const auto how = co_await exit_of(2);
        EXPECT_EQ(how, "exited with status 9: boom");
    });
}

TEST(last_line, is_the_last_one_that_is_not_blank) {
    EXPECT_EQ(last_line(""), "");
    EXPECT_EQ(last_line("\n \n"), "");
    EXPECT_EQ(last_line("a\nb"), "b");
    EXPECT_EQ(last_line("a\nb c \r\n\n"), "b c");
    EXPECT_EQ(last_line("a\tb\xff"), "a\\u0009b\\xff");
    EXPECT_EQ(last_line(std::string(1000, 'x')), std::string(200, 'x') + " …");
}

TEST_F(process_launcher_test, a_fleet_stops_its_processes) {
    x_options.command = shell_command("sleep 1000");
    auto launcher = std::make_unique<process_launcher>(x_context.get_executor(), x_options);
    process_launcher& processes = *launcher;
    fleet_options options;
    options.port = 0;
    fleet whole(x_context.get_executor(), options, std::move(launcher));
    whole.on_event([this](const event&) { x_observer.look(); });
    whole.start();
    pid_t worker = -1;
    const auto tale = [&]() -> asio::awaitable<void> {
        wire::route_request question;
        question.endpoint = whole.endpoint_name();
        question.api_key = whole.endpoint_key();
        auto address = whole.url() + "/route/";
        auto body = wire::to_json(question);
        co_await fetch(net::verb::post, std::move(address), std::move(body));
        std::function<bool()> running = [&] { return processes.pid_of(1) > 0; };
        const bool in_time = co_await x_observer.until(std::move(running));
        EXPECT_TRUE(in_time);
        worker = processes.pid_of(1);
        co_await whole.stop();
    };
    test::drive(x_context, tale(), story_limit);
    ASSERT_GT(worker, 1);
    EXPECT_EQ(::kill(worker, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

// The program of a helper process that owns a launcher and will be killed. Never returns.
[[noreturn]] void own_a_launcher(const std::string& fifo) {
    asio::io_context context;
    process_options options;
    options.command = {"/bin/sh", "-c", R"(sleep 1000 & echo "$$ $!" > "$FIFO"; wait)"};
    process_launcher launcher(context.get_executor(), options);
    std::map<std::string, std::string> environment = {{"FIFO", fifo}};
    if (!launcher.start({1, std::move(environment), {}}))
        ::_exit(1);
    context.run();
    ::_exit(1);
}

TEST_F(process_launcher_test, no_process_is_left_when_its_owner_is_killed) {
    // Orphans become ours, so that it shows when the last one is gone.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    ::pthread_sigmask(SIG_BLOCK, &child_ended, nullptr);

    const pid_t helper = ::fork();
    if (helper == 0)
        own_a_launcher(x_fifo);
    std::string pids;
    const auto listen = [&]() -> asio::awaitable<void> { pids = co_await message(); };
    test::drive(x_context, listen(), story_limit);
    const pid_t worker = std::stoi(pids);
    const pid_t its_child = std::stoi(pids.substr(pids.find(' ')));
    EXPECT_EQ(::kill(worker, 0), 0);

    ::kill(helper, SIGKILL);
    EXPECT_TRUE(ends(worker));
    EXPECT_TRUE(ends(its_child));
    // The helper, the worker, its child and the guardian.
    int reaped = 0;
    for (;;) {
        const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
        if (pid > 0) {
            ++reaped;
            continue;
        }
        if (pid < 0)
            break;
        const timespec limit{std::chrono::seconds(patience).count(), 0};
        const int signal_number = ::sigtimedwait(&child_ended, nullptr, &limit);
        ASSERT_EQ(signal_number, SIGCHLD) << "a process is left";
    }
    EXPECT_EQ(reaped, 4);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    ::pthread_sigmask(SIG_UNBLOCK, &child_ended, nullptr);
}

TEST(guardian_test, keeps_a_descriptor_until_what_it_guards_is_gone) {
    const std::string name = "nullworker guardian_test " + std::to_string(::getpid());
    const std::string shell = "/bin/sh";
    const std::vector<std::string> line = {"sh", "-c", "trap '' TERM; sleep 600 & wait"};
    std::optional<name_lock> lock(name_lock::take(name).value());
    std::optional<guardian> guard;
    guard.emplace(lock->number());
    ASSERT_TRUE(guard->ensure({}));
    const auto begun = start_guarded(*guard, {.program = shell, .arguments = line});
    ASSERT_TRUE(begun);
    lock.reset();
    EXPECT_EQ(name_lock::take(name).error(), errc::file_in_use);
    guard.reset();
    EXPECT_FALSE(group_lives(begun->id));
    EXPECT_TRUE(name_lock::take(name));
    reap(begun->id);
}

}  // namespace
}  // namespace nullworker::fleet
