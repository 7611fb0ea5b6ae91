#include <nullworker/base/child_process.hpp>
#include <nullworker/base/exec_arguments.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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
        const int group = options.own_group ? POSIX_SPAWN_SETPGROUP : 0;
        ::posix_spawnattr_setflags(&x_attributes, static_cast<short>(POSIX_SPAWN_SETSIGDEF | group));
        if (options.own_group)
            ::posix_spawn_file_actions_addopen(&x_actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
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

int reap(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) == -1 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// A file in memory for a program to write to, which cannot grow: whoever writes more gets an error.
class bounded_output {
public:
    bounded_output() : x_descriptor(::memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
        if (x_descriptor >= 0 && ::ftruncate(x_descriptor, size) == 0)
            (void)::fcntl(x_descriptor, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
    }
    ~bounded_output() {
        if (x_descriptor >= 0)
            ::close(x_descriptor);
    }
    bounded_output(const bounded_output&) = delete;
    bounded_output& operator=(const bounded_output&) = delete;

    [[nodiscard]] int descriptor() const noexcept { return x_descriptor; }

    // What was written so far: the position is shared with the writer.
    [[nodiscard]] std::string text() const {
        const auto written = ::lseek(x_descriptor, 0, SEEK_CUR);
        std::string out(static_cast<std::size_t>(std::clamp<off_t>(written, 0, size)), '\0');
        const auto got = ::pread(x_descriptor, out.data(), out.size(), 0);
        out.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        return out;
    }

private:
    static constexpr off_t size = 64 * 1024;
    int x_descriptor;
};

std::string last_line(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    constexpr std::size_t longest = 200;
    const auto end = text.find_last_not_of(blanks);
    if (end == std::string_view::npos)
        return {};
    text = text.substr(0, end + 1);
    const auto begin = text.find_last_of("\r\n");
    return std::string(text.substr(begin == std::string_view::npos ? 0 : begin + 1).substr(0, longest));
}

}  // namespace

child_process::child_process(const asio::any_io_executor& executor, const child_options& options)
    : x_own_group(options.own_group), x_descriptor(executor) {
    auto arguments = options.command;
    auto variables = merged_environment(options.environment);
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    const spawn_plan plan(options);
    const int error =
        ::posix_spawnp(&x_pid, argv[0], plan.actions(), plan.attributes(), argv.data(), envp.data());
    if (error != 0)
        throw startup_error("cannot run '" + options.command.front() + "': " + std::strerror(error));
    const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, x_pid, 0));
    if (descriptor < 0) {
        const int reason = errno;
        ::kill(x_pid, SIGKILL);
        reap(x_pid);
        throw startup_error("cannot watch '" + options.command.front() + "': " + std::strerror(reason));
    }
    x_descriptor.assign(descriptor);
}

child_process::~child_process() {
    if (x_pid <= 0 || !x_own_group)
        return;
    ::kill(-x_pid, SIGKILL);
    reap(x_pid);
}

asio::awaitable<int> child_process::wait() {
    co_await x_descriptor.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
    // Before it is reaped its number is its own, and so is the group's.
    if (x_own_group)
        ::kill(-x_pid, SIGKILL);
    co_return reap(std::exchange(x_pid, -1));
}

void child_process::signal(int number) {
    if (x_pid > 0)
        ::kill(x_pid, number);
}

std::string shell_outcome::described() const {
    const std::string how = code > 128 ? "killed by signal " + std::to_string(code - 128)
                                       : "exited with status " + std::to_string(code);
    const auto said = last_line(error.empty() ? output : error);
    return said.empty() ? how : how + ": " + said;
}

asio::awaitable<result<shell_outcome>> run_shell(std::string line) {
    const auto executor = co_await asio::this_coro::executor;
    const bounded_output output;
    const bounded_output error;
    if (output.descriptor() < 0 || error.descriptor() < 0)
        co_return error_code(errno, boost::system::system_category());
    child_options options;
    options.command = {"/bin/sh", "-c", std::move(line)};
    options.own_group = true;
    options.output = output.descriptor();
    options.error = error.descriptor();
    std::optional<child_process> child;
    try {
        child.emplace(executor, options);
    } catch (const startup_error&) {
        co_return error_code(ENOENT, boost::system::system_category());
    }
    const int code = co_await child->wait();
    co_return shell_outcome{code, output.text(), error.text()};
}

}  // namespace nullworker
