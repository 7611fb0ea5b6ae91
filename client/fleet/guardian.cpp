#include <fleet/guardian.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker::fleet {
namespace {

// More groups than a fleet can have at a time.
constexpr std::size_t max_groups = 4096;

enum class word : std::int32_t { add, remove };

struct message {
    std::int32_t group;
    word what;
};

bool send_message(int socket, message sent) noexcept {
    ssize_t size = 0;
    do
        size = ::send(socket, &sent, sizeof sent, MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return size == sizeof sent;
}

// Zeroed memory of the program's image: nothing is allocated after fork.
std::array<pid_t, max_groups> groups;

// Everything here runs in a copy of a process that may be in any state: async-signal-safe calls only.
[[noreturn]] void stand_guard(int socket) noexcept {
    ::setsid();
    ::prctl(PR_SET_NAME, "fleet-guardian");
    ::dup2(socket, 0);
    if (::close_range(1, ~0U, 0) != 0)
        for (int fd = 1; fd < 4096; ++fd)
            ::close(fd);
    if (::chdir("/") != 0) {
        // It then keeps the directory it stands in, which does no harm.
    }

    std::size_t count = 0;
    for (;;) {
        message received{};
        const ssize_t size = ::recv(0, &received, sizeof received, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size != sizeof received || received.group <= 1)
            break;
        const auto end = groups.begin() + static_cast<std::ptrdiff_t>(count);
        const auto found = std::find(groups.begin(), end, received.group);
        if (received.what == word::remove && found != end)
            *found = groups[--count];
        if (received.what == word::add && found == end && count < max_groups)
            groups[count++] = received.group;
    }
    for (std::size_t i = 0; i < count; ++i)
        ::kill(-groups[i], SIGKILL);
    ::_exit(0);
}

}  // namespace

guardian::~guardian() {
    end();
}

void guardian::end() noexcept {
    if (x_socket >= 0)
        ::close(std::exchange(x_socket, -1));
    if (x_pid > 0)
        while (::waitpid(x_pid, nullptr, 0) < 0 && errno == EINTR) {
        }
    x_pid = -1;
}

result<void> guardian::ensure(const std::vector<pid_t>& alive) {
    if (x_pid > 0) {
        if (::waitpid(x_pid, nullptr, WNOHANG) == 0)
            return {};
        x_pid = -1;  // somebody killed it
        end();
    }
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return error_code(errno, boost::system::system_category());

    // Handlers of this process must not run in the copy, where their effects would reach the original.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0)
        stand_guard(ends[0]);
    const int failure = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(ends[0]);
    if (pid < 0) {
        ::close(ends[1]);
        return error_code(failure, boost::system::system_category());
    }
    x_pid = pid;
    x_socket = ends[1];
    for (const pid_t group : alive)
        if (!announce(group))
            return error_code(EPIPE, boost::system::system_category());
    return {};
}

bool guardian::announce(pid_t group) const noexcept {
    return send_message(x_socket, {group, word::add});
}

void guardian::forget(pid_t group) const noexcept {
    // One that is no longer there is replaced before the next start.
    send_message(x_socket, {group, word::remove});
}

}  // namespace nullworker::fleet
