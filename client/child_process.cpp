#include "child_process.hpp"

#include <nullworker/base/error.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace nullworker::client {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& additions) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        if (!additions.contains(text.substr(0, text.find('='))))
            out.push_back(text);
    }
    for (const auto& [name, value] : additions)
        out.push_back(name + '=' + value);
    return out;
}

}  // namespace

child_process::child_process(asio::any_io_executor executor, const std::vector<std::string>& command,
                             const std::map<std::string, std::string>& environment)
    : x_descriptor(std::move(executor)) {
    auto arguments = command;
    auto variables = merged_environment(environment);
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);
    if (const int error = ::posix_spawnp(&x_pid, argv[0], nullptr, nullptr, argv.data(), envp.data());
        error != 0)
        throw startup_error("cannot run '" + command.front() + "': " + std::strerror(error));
    x_descriptor.assign(static_cast<int>(::syscall(SYS_pidfd_open, x_pid, 0)));
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
