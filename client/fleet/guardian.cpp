#include <fleet/guardian.hpp>
#include <nullworker/base/process.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker::fleet {
namespace {

// More groups than a fleet can have at a time.
constexpr std::size_t max_groups = 4096;

constexpr int look_every_ms = 20;

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
[[noreturn]] void stand_guard(int socket, int kept) noexcept {
    ::setsid();
    ::prctl(PR_SET_NAME, "guardian");
    ::dup2(socket, 0);
    if (kept >= 0)
        ::dup2(kept, 1);
    close_from(kept >= 0 ? 2 : 1);
    if (::chdir("/") != 0) {
        // The guardian then keeps the directory it stands in, which does no harm.
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
    // What waits for a disk or a driver hears not even that before it has what it waits for.
    for (std::size_t i = 0; kept >= 0 && i < count; ++i)
        while (group_lives(groups[i]))
            ::poll(nullptr, 0, look_every_ms);
    ::_exit(0);
}

}  // namespace

guardian::~guardian() {
    end();
}

void guardian::end() noexcept {
    (void)x_socket.close();
    // It ends at once, and what it guarded has got its signal then.
    while (x_pid > 0 && ::waitpid(x_pid, nullptr, 0) < 0 && errno == EINTR) {
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
        return last_error();
    const descriptor theirs(ends[0]);
    descriptor ours(ends[1]);
    const auto pid = fork_with_signals_blocked();
    if (!pid)
        return pid.error();
    if (*pid == 0)
        stand_guard(theirs.number(), x_kept);
    x_pid = *pid;
    x_socket = std::move(ours);
    for (const pid_t group : alive)
        if (!announce(group))
            return error_code(EPIPE, boost::system::system_category());
    return {};
}

bool guardian::announce(pid_t group) const noexcept {
    return send_message(x_socket.number(), {group, word::add});
}

void guardian::forget(pid_t group) const noexcept {
    // A guardian that is no longer there is replaced before the next start.
    send_message(x_socket.number(), {group, word::remove});
}

}  // namespace nullworker::fleet
