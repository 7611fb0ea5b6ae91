#include <nullworker/base/process.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nullworker {
namespace {

// Those that were to be reaped before they had ended.
std::vector<pid_t>& late_children() {
    static std::vector<pid_t> pids;
    return pids;
}

// Kernels before 5.3 do not know the call; filters of system calls that are as old refuse it.
bool is_refused(const error_code& why) {
    return why.value() == ENOSYS || why.value() == EPERM || why.value() == EACCES;
}

result<descriptor> open_ticker() {
    constexpr timespec interval{.tv_sec = 0, .tv_nsec = 50'000'000};
    constexpr itimerspec ticks{.it_interval = interval, .it_value = interval};
    descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer.is_open() || ::timerfd_settime(timer.number(), 0, &ticks, nullptr) != 0)
        return last_error();
    return timer;
}

// Those that somebody here waits for, until they are reaped.
std::set<pid_t>& own_children() {
    static std::set<pid_t> pids;
    return pids;
}

bool is_collected(pid_t child) {
    const bool collected = ::waitpid(child, nullptr, WNOHANG) != 0;
    if (collected)
        own_children().erase(child);
    return collected;
}

// As `readdir`, which allocates, reads it from the kernel.
struct directory_entry {
    std::uint64_t inode;
    std::int64_t next;
    unsigned short size;
    unsigned char type;
    char name[1];
};

// One line of /proc/<pid>/stat: "7 (a name) S 1 7 …". The name may have anything in it.
bool lives_in(pid_t group, const char* stat) noexcept {
    const char* behind = std::strrchr(stat, ')');
    if (!behind || behind[1] != ' ')
        return false;
    const char state = behind[2];
    const char* rest = state == '\0' ? behind : behind + 3;
    char* end = nullptr;
    (void)std::strtol(rest, &end, 10);  // its parent
    return state != 'Z' && state != 'X' && std::strtol(end, nullptr, 10) == group;
}

bool lives_in(pid_t group, int proc, const char* pid) noexcept {
    std::array<char, 64> path{};
    std::size_t length = 0;
    for (const char* from : {pid, "/stat"})
        while (*from != '\0' && length + 1 < path.size())
            path[length++] = *from++;
    const descriptor file(::openat(proc, path.data(), O_RDONLY | O_CLOEXEC));
    std::array<char, 512> line{};
    return file.is_open() && ::read(file.number(), line.data(), line.size() - 1) > 0 &&
           lives_in(group, line.data());
}

}  // namespace

int shell_code(std::optional<int> status) noexcept {
    if (!status)
        return -1;
    return WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
}

bool group_lives(pid_t group) noexcept {
    const descriptor proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    alignas(directory_entry) std::array<char, 4096> entries{};
    for (;;) {
        const long size = ::syscall(SYS_getdents64, proc.number(), entries.data(), entries.size());
        if (size <= 0)
            return false;
        for (long at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const directory_entry*>(entries.data() + at);
            at += entry->size;
            const char* name = static_cast<const char*>(entry->name);
            if (*name >= '1' && *name <= '9' && lives_in(group, proc.number(), name))
                return true;
        }
    }
}

result<pid_t> fork_with_signals_blocked() noexcept {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = ::fork();
    if (pid == 0)
        return 0;
    const auto failure = last_error();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0)
        return failure;
    claim_child(pid);
    return pid;
}

void close_from(int first) noexcept {
    constexpr int usual_limit = 4096;
    if (::close_range(static_cast<unsigned>(first), ~0U, 0) != 0)
        for (int number = first; number < usual_limit; ++number)
            ::close(number);
}

result<descriptor> open_process(pid_t process) {
    descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (handle.is_open())
        return handle;
    const auto failure = last_error();
    if (!is_refused(failure))
        return failure;
    return open_ticker();
}

void look_taken(int process) noexcept {
    std::uint64_t ticks = 0;
    // Of a process there is nothing to read, which is an error at once.
    [[maybe_unused]] const auto ignored = ::read(process, &ticks, sizeof ticks);
}

bool has_ended(pid_t child) noexcept {
    siginfo_t found{};
    return ::waitid(P_PID, static_cast<id_t>(child), &found, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           found.si_pid == child;
}

asio::awaitable<error_code> until_ended(asio::posix::stream_descriptor& handle, pid_t child) {
    error_code failure;
    while (!failure && !has_ended(child)) {
        look_taken(handle.native_handle());
        std::tie(failure) = co_await handle.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
    }
    co_return failure;
}

std::optional<int> reap(pid_t child) {
    int status = 0;
    const pid_t reaped = ::waitpid(child, &status, WNOHANG);
    if (reaped == 0)
        late_children().push_back(child);
    else
        own_children().erase(child);
    return reaped == child ? std::optional(status) : std::nullopt;
}

std::size_t unreaped_children() {
    std::erase_if(late_children(), is_collected);
    return late_children().size();
}

void claim_child(pid_t child) {
    own_children().insert(child);
}

void reap_inherited() {
    (void)unreaped_children();
    for (;;) {
        siginfo_t found{};
        const bool any = ::waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) == 0 && found.si_pid > 0;
        // One of ours hides those behind it for as long as it takes until its owner collects it.
        if (!any || own_children().contains(found.si_pid) ||
            ::waitpid(found.si_pid, nullptr, WNOHANG) != found.si_pid)
            return;
    }
}

}  // namespace nullworker
