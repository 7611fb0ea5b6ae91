#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/exec_arguments.hpp>
#include <nullworker/base/last_line.hpp>
#include <nullworker/base/pipe.hpp>
#include <nullworker/base/plain_command.hpp>
#include <nullworker/base/process.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker {
namespace {

// What posix_spawn wants to know, freed with its scope.
class spawn_plan {
public:
    explicit spawn_plan(const child_options& options) {
        ::posix_spawnattr_init(&x_attributes);
        ::posix_spawn_file_actions_init(&x_actions);
        // We ignore SIGPIPE; the program should not.
        sigset_t defaults;
        ::sigemptyset(&defaults);
        ::sigaddset(&defaults, SIGPIPE);
        ::posix_spawnattr_setsigdefault(&x_attributes, &defaults);
        const int group = options.own_group || options.job ? POSIX_SPAWN_SETPGROUP : 0;
        ::posix_spawnattr_setflags(&x_attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | group));
        if (options.own_group)
            ::posix_spawn_file_actions_addopen(&x_actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (options.terminal >= 0)
            ::posix_spawn_file_actions_addtcsetpgrp_np(&x_actions, options.terminal);
        if (options.output >= 0)
            ::posix_spawn_file_actions_adddup2(&x_actions, options.output, STDOUT_FILENO);
        if (options.error >= 0)
            ::posix_spawn_file_actions_adddup2(&x_actions, options.error, STDERR_FILENO);
        // Listeners among them: a program that kept one would keep its port.
        ::posix_spawn_file_actions_addclosefrom_np(&x_actions, STDERR_FILENO + 1);
    }
    ~spawn_plan() {
        ::posix_spawn_file_actions_destroy(&x_actions);
        ::posix_spawnattr_destroy(&x_attributes);
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;

    [[nodiscard]] const posix_spawnattr_t* attributes() const { return &x_attributes; }
    [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &x_actions; }

private:
    posix_spawnattr_t x_attributes{};
    posix_spawn_file_actions_t x_actions{};
};

// One of a program's outputs: the first 64 KiB are kept, the rest is read and forgotten.
class output_pipe {
public:
    explicit output_pipe(const asio::any_io_executor& executor) : x_reader(executor) {
        auto made = open_pipe();
        if (!made)
            return;
        x_reader.assign(made->reader.release());
        x_writer = std::move(made->writer);
    }

    // The program's end; to be closed once it has its own copy. Not open where there is no pipe.
    [[nodiscard]] descriptor& writer() noexcept { return x_writer; }

    [[nodiscard]] asio::posix::stream_descriptor& reader() noexcept { return x_reader; }
    [[nodiscard]] std::string& text() noexcept { return x_text; }

    // Reads what is there. Once nothing can come any more, the reader is never ready again.
    void read_some() {
        std::array<char, 4096> chunk;
        for (std::size_t rounds = 0; rounds < most / chunk.size(); ++rounds) {
            const auto size = ::read(x_reader.native_handle(), chunk.data(), chunk.size());
            if (size < 0)
                return;
            if (size == 0)
                return retire();
            x_text.append(chunk.data(), std::min(static_cast<std::size_t>(size), most - x_text.size()));
        }
    }

private:
    static constexpr std::size_t most = 64 * 1024;

    void retire() {
        const int silent = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        x_reader.close();
        x_reader.assign(silent);
    }

    asio::posix::stream_descriptor x_reader;
    descriptor x_writer;
    std::string x_text;
};

// A line may hold a secret, and arguments can be read by everyone on the machine.
constexpr const char* line_variable = "NULLWORKER_SHELL_LINE";
constexpr const char* run_the_variable =
    "nullworker_line=$NULLWORKER_SHELL_LINE; unset NULLWORKER_SHELL_LINE; eval \"$nullworker_line\"";

std::vector<std::string> shell_command(std::string shell) {
    const bool is_bash = shell.substr(shell.rfind('/') + 1) == "bash";
    std::vector<std::string> out = {std::move(shell)};
    if (is_bash)
        out.insert(out.end(), {"-o", "pipefail"});
    out.insert(out.end(), {"-c", run_the_variable});
    return out;
}

// Starts the program, or fails with the system's reason.
error_code start(std::optional<child_process>& child, const asio::any_io_executor& executor,
                 const child_options& options) {
    try {
        child.emplace(executor, options);
    } catch (const child_error& e) {
        return e.code();
    }
    return {};
}

// To start a shell costs more than most probes do. Where the first word is no program after all, it is the
// shell's to say what it is.
error_code start_line(std::optional<child_process>& child, const asio::any_io_executor& executor,
                      child_options options, std::string line, std::string shell) {
    auto plain = shell == "/bin/sh" ? plain_command(line) : std::nullopt;
    if (plain) {
        options.command = std::move(*plain);
        if (!start(child, executor, options))
            return {};
    }
    options.command = shell_command(std::move(shell));
    options.environment[line_variable] = std::move(line);
    return start(child, executor, options);
}

constexpr auto patience_with_the_killed = std::chrono::seconds(1);
constexpr auto look_at_the_killed_every = std::chrono::milliseconds(10);

}  // namespace

child_process::child_process(const asio::any_io_executor& executor, const child_options& options)
    : x_own_group(options.own_group), x_job(options.job), x_descriptor(executor) {
    auto arguments = options.command;
    auto variables = merged_environment(options.environment, options.withheld);
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    const spawn_plan plan(options);
    const int error =
        ::posix_spawnp(&x_pid, argv[0], plan.actions(), plan.attributes(), argv.data(), envp.data());
    if (error != 0)
        throw child_error("cannot run '" + options.command.front() + "'",
                          {error, boost::system::system_category()});
    claim_child(x_pid);
    auto handle = open_process(x_pid);
    if (!handle) {
        ::kill(x_pid, SIGKILL);
        reap(x_pid);
        throw child_error("cannot watch '" + options.command.front() + "'", handle.error());
    }
    x_descriptor.assign(handle->release());
}

child_process::~child_process() {
    if (x_pid <= 0 || !x_own_group)
        return;
    ::kill(-x_pid, SIGKILL);
    reap(x_pid);
}

asio::awaitable<int> child_process::wait() {
    (void)co_await until_ended(x_descriptor, x_pid);
    // Before it is reaped its number is its own, and so is the group's.
    if (x_own_group)
        ::kill(-x_pid, SIGKILL);
    co_return shell_code(reap(std::exchange(x_pid, -1)));
}

void child_process::signal(int number) {
    if (x_pid > 0)
        ::kill(x_job ? -x_pid : x_pid, number);
}

bool child_process::was_stopped() {
    siginfo_t told{};
    return x_pid > 0 && ::waitid(P_PID, static_cast<id_t>(x_pid), &told, WSTOPPED | WNOHANG) == 0 &&
           told.si_pid == x_pid;
}

std::string shell_outcome::described() const {
    const std::string how = code == child_process::unknown_end ? "ended, and nobody knows how"
                            : code > 128 ? "killed by signal " + std::to_string(code - 128)
                                         : "exited with status " + std::to_string(code);
    constexpr std::size_t longest = 200;
    const auto said = last_line(error.empty() ? output : error, "\r\n").substr(0, longest);
    return said.empty() ? how : how + ": " + std::string(said);
}

asio::awaitable<result<shell_outcome>> run_shell(std::string line, const char* withheld, std::string shell) {
    namespace experimental = asio::experimental;
    constexpr auto readable = asio::posix::stream_descriptor::wait_read;
    const auto executor = co_await asio::this_coro::executor;
    const auto latest = std::chrono::steady_clock::now() + patience_with_the_killed;
    while (unreaped_children() > 0) {
        if (std::chrono::steady_clock::now() >= latest)
            co_return errc::child_still_there;
        co_await sleep_for(look_at_the_killed_every);
    }
    output_pipe output(executor);
    output_pipe error(executor);
    if (!output.writer().is_open() || !error.writer().is_open())
        co_return last_error();
    child_options options;
    if (withheld)
        options.withheld.emplace(withheld);
    options.own_group = true;
    options.output = output.writer().number();
    options.error = error.writer().number();
    std::optional<child_process> child;
    if (const auto failure =
            start_line(child, executor, std::move(options), std::move(line), std::move(shell)))
        co_return failure;
    (void)output.writer().close();
    (void)error.writer().close();
    while (!has_ended(child->id())) {
        look_taken(child->handle().native_handle());
        auto first = experimental::make_parallel_group(child->handle().async_wait(readable, asio::deferred),
                                                       output.reader().async_wait(readable, asio::deferred),
                                                       error.reader().async_wait(readable, asio::deferred));
        (void)co_await first.async_wait(experimental::wait_for_one(), asio::use_awaitable);
        output.read_some();
        error.read_some();
    }
    output.read_some();
    error.read_some();
    const int code = co_await child->wait();
    co_return shell_outcome{code, std::move(output.text()), std::move(error.text())};
}

}  // namespace nullworker
