#include <nullworker/base/process.hpp>

#include <cerrno>
#include <tuple>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker {

result<int> open_process(pid_t child) {
    const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    if (handle < 0)
        return error_code(errno, boost::system::system_category());
    return handle;
}

bool has_ended(pid_t child) noexcept {
    siginfo_t found{};
    return ::waitid(P_PID, static_cast<id_t>(child), &found, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           found.si_pid == child;
}

asio::awaitable<error_code> until_ended(asio::posix::stream_descriptor& handle, pid_t child) {
    error_code failure;
    while (!failure && !has_ended(child))
        std::tie(failure) = co_await handle.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
    co_return failure;
}

std::optional<int> reap(pid_t child) noexcept {
    int status = 0;
    pid_t reaped = -1;
    do
        reaped = ::waitpid(child, &status, 0);
    while (reaped < 0 && errno == EINTR);
    return reaped == child ? std::optional(status) : std::nullopt;
}

}  // namespace nullworker
