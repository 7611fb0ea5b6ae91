#include "support/program.hpp"

#include <nullworker/base/exec_arguments.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker::test {
namespace {

constexpr int patience_ms = 30000;

// With a program that writes on and on, and never what is waited for.
constexpr std::chrono::minutes longest_wait(2);

}  // namespace

struct program::spawn_actions {
    spawn_actions() { posix_spawn_file_actions_init(&all); }
    ~spawn_actions() { posix_spawn_file_actions_destroy(&all); }
    spawn_actions(const spawn_actions&) = delete;
    spawn_actions& operator=(const spawn_actions&) = delete;

    posix_spawn_file_actions_t all{};
};

program::program(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment, std::optional<terminal> on) {
    if (on)
        start_on(*on, command, environment);
    else
        start_with_pipes(command, environment);
}

void program::start_with_pipes(const std::vector<std::string>& command,
                               const std::map<std::string, std::string>& environment) {
    spawn_actions actions;
    std::array<std::array<int, 2>, 2> pipes{};
    for (int i = 0; i < 2; ++i) {
        if (::pipe2(pipes[i].data(), O_CLOEXEC) != 0)
            throw std::runtime_error("no pipe");
        posix_spawn_file_actions_adddup2(&actions.all, pipes[i][1], i + 1);
        x_pipe[i] = pipes[i][0];
    }
    posix_spawn_file_actions_addopen(&actions.all, 0, "/dev/null", O_RDONLY, 0);
    start(command, environment, actions, 0);
    for (const auto& each : pipes)
        ::close(each[1]);
}

// The leader of a session gets the first terminal that it opens.
void program::start_on(terminal size, const std::vector<std::string>& command,
                       const std::map<std::string, std::string>& environment) {
    x_pipe[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    std::array<char, 64> name{};
    if (x_pipe[0] < 0 || ::grantpt(x_pipe[0]) != 0 || ::unlockpt(x_pipe[0]) != 0 ||
        ::ptsname_r(x_pipe[0], name.data(), name.size()) != 0)
        throw std::runtime_error("no terminal");
    // Held open, so that its end is not seen before the program has opened it.
    const int held = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    resize(size);
    spawn_actions actions;
    posix_spawn_file_actions_addopen(&actions.all, 0, name.data(), O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions.all, 0, 1);
    posix_spawn_file_actions_adddup2(&actions.all, 0, 2);
    start(command, environment, actions, POSIX_SPAWN_SETSID);
    ::close(held);
}

void program::start(const std::vector<std::string>& command,
                    const std::map<std::string, std::string>& environment, const spawn_actions& actions,
                    short flags) {
    auto arguments = command;
    const char* path = std::getenv("PATH");
    std::vector<std::string> variables = {std::string("PATH=") + (path ? path : "/usr/bin:/bin")};
    if (const char* limit = std::getenv("NULLWORKER_HANDLER_LIMIT_MS"))
        variables.push_back(std::string("NULLWORKER_HANDLER_LIMIT_MS=") + limit);
    for (const auto& [name, value] : environment)
        variables.push_back(name + '=' + value);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, flags);
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    const int error = ::posix_spawn(&x_pid, argv[0], &actions.all, &attributes, argv.data(), envp.data());
    posix_spawnattr_destroy(&attributes);
    if (error != 0)
        throw std::runtime_error("cannot start " + command[0]);
}

program::~program() {
    if (x_pid > 0) {
        ::kill(x_pid, SIGKILL);
        ::waitpid(x_pid, nullptr, 0);
    }
    for (const int fd : x_pipe)
        if (fd >= 0)
            ::close(fd);
}

careless_parent::careless_parent() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &x_blocked_before);
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGCHLD, &ignored, &x_before);
}

careless_parent::~careless_parent() {
    ::sigaction(SIGCHLD, &x_before, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &x_blocked_before, nullptr);
}

// Reads what is there, or waits for it; false when both pipes are at their end or nothing came for too long.
bool program::read_some() {
    std::array<pollfd, 2> waiting = {pollfd{x_pipe[0], POLLIN, 0}, pollfd{x_pipe[1], POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), patience_ms) <= 0)
        return false;
    for (int i = 0; i < 2; ++i) {
        if (waiting[i].fd < 0 || waiting[i].revents == 0)
            continue;
        std::array<char, 4096> buffer{};
        const auto size = ::read(x_pipe[i], buffer.data(), buffer.size());
        if (size > 0) {
            x_text[i].append(buffer.data(), static_cast<std::size_t>(size));
        } else {
            ::close(x_pipe[i]);
            x_pipe[i] = -1;
        }
    }
    return x_pipe[0] >= 0 || x_pipe[1] >= 0;
}

void program::wait_for(const std::string& text) {
    x_seen[0] = x_seen[1] = 0;
    wait_for_next(text);
}

void program::wait_for_next(const std::string& text) {
    const auto until = std::chrono::steady_clock::now() + longest_wait;
    for (;;) {
        for (int i = 0; i < 2; ++i)
            if (const auto at = x_text[i].find(text, x_seen[i]); at != std::string::npos) {
                x_seen[i] = at + text.size();
                return;
            }
        if (!read_some() || std::chrono::steady_clock::now() > until) {
            ADD_FAILURE() << "'" << text << "' never came; it said:\n" << out() << err();
            return;
        }
    }
}

int program::wait() {
    while (read_some()) {
    }
    int status = 0;
    while (::waitpid(x_pid, &status, 0) == -1 && errno == EINTR) {
    }
    x_pid = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void program::signal(int number) const {
    ::kill(x_pid, number);
}

void program::resize(terminal size) const {
    const winsize told{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(::ioctl(x_pipe[0], TIOCSWINSZ, &told), 0);
}

void program::type(const std::string& keys) const {
    EXPECT_EQ(::write(x_pipe[0], keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

}  // namespace nullworker::test
