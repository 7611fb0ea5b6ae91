#include "child_process.hpp"

#include <nullworker/base/error.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fleet/exec_arguments.hpp>

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker::client {
using fleet::merged_environment;
using fleet::pointers;

child_process::child_process(const asio::any_io_executor& executor, const std::vector<std::string>& command,
                             const std::map<std::string, std::string>& environment)
    : x_descriptor(executor) {
    auto arguments = command;
    auto variables = merged_environment(environment);
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    // We ignore SIGPIPE; the command should not.
    sigset_t defaults;
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    const int error = ::posix_spawnp(&x_pid, argv[0], nullptr, &attributes, argv.data(), envp.data());
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0)
        throw startup_error("cannot run '" + command.front() + "': " + std::strerror(error));
    const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, x_pid, 0));
    if (descriptor < 0) {
        const int reason = errno;
        ::kill(x_pid, SIGKILL);
        ::waitpid(x_pid, nullptr, 0);
        throw startup_error("cannot watch '" + command.front() + "': " + std::strerror(reason));
    }
    x_descriptor.assign(descriptor);
}

asio::awaitable<int> child_process::wait() {
    co_await x_descriptor.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
    int status = 0;
    while (::waitpid(x_pid, &status, 0) == -1 && errno == EINTR) {
    }
    x_pid = -1;
    co_return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void child_process::signal(int number) {
    if (x_pid > 0)
        ::kill(x_pid, number);
}

}  // namespace nullworker::client
