#include <nullworker/base/program_start.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nullworker {
namespace {

std::atomic<bool>& output_is_lost() {
    static std::atomic<bool> lost = false;
    return lost;
}

bool is_closed(int number) noexcept {
    return ::fcntl(number, F_GETFD) == -1 && errno == EBADF;
}

// Each gets the lowest number that is free. What was closed to be rid of errors takes them; output that was
// asked for cannot be written there, as it could not before.
void open_standard_descriptors() noexcept {
    constexpr int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number)
        if (is_closed(number))
            (void)::open("/dev/null", modes[number]);
}

#if defined(__x86_64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t this_machine = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t this_machine = 0;
#endif

// The filters of container hosts that are older than the call refuse it with EPERM. The C library, which
// would do with `clone` after ENOSYS, then starts no thread and no program. Of several filters that refuse a
// call the latest says how, so a filter of our own says ENOSYS.
void do_without_clone3() noexcept {
    const bool refuses = ::syscall(SYS_clone3, nullptr, 0) == -1 && errno == EPERM;
    if (!refuses || this_machine == 0)
        return;
    constexpr auto load = static_cast<std::uint16_t>(BPF_LD | BPF_W | BPF_ABS);
    constexpr auto go_on_if = static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K);
    constexpr auto answer = static_cast<std::uint16_t>(BPF_RET | BPF_K);
    sock_filter steps[] = {
        {load, 0, 0, offsetof(seccomp_data, arch)}, {go_on_if, 0, 3, this_machine},
        {load, 0, 0, offsetof(seccomp_data, nr)},   {go_on_if, 0, 1, SYS_clone3},
        {answer, 0, 0, SECCOMP_RET_ERRNO | ENOSYS}, {answer, 0, 0, SECCOMP_RET_ALLOW},
    };
    sock_fprog filter{std::size(steps), steps};
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
        return;
    // Without privileges that is allowed to who gives up to gain some, as by sudo.
    (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

}  // namespace

void prepare_program() noexcept {
    open_standard_descriptors();
    do_without_clone3();
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, nullptr);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void note_lost_output() noexcept {
    output_is_lost() = true;
}

int code_after_output(int code, const char* program) {
    if (!std::cout.flush())
        note_lost_output();
    if (!output_is_lost() || code != EXIT_SUCCESS)
        return code;
    std::cerr << program << ": what it printed could not be written; is the disk full, or the reader gone?"
              << std::endl;
    return EXIT_FAILURE;
}

}  // namespace nullworker
