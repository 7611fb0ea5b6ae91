// refusing CALL=ERROR… -- PROGRAM ARGUMENTS…
//
// Runs a program as it runs on a container host whose filter of system calls refuses some of them. CALL is
// clone3, pidfd_open or thread (whatever starts one), ERROR is EPERM or ENOSYS.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using step = sock_filter;

step load(std::size_t place) {
    return {static_cast<std::uint16_t>(BPF_LD | BPF_W | BPF_ABS), 0, 0, static_cast<std::uint32_t>(place)};
}

// Goes on where what was loaded is `value`, or has its bits; else skips some steps.
step unless(int test, std::uint32_t value, std::uint8_t skipped) {
    return {static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), 0, skipped, value};
}

step answer(std::uint32_t value) {
    return {static_cast<std::uint16_t>(BPF_RET | BPF_K), 0, 0, value};
}

void refuse(std::vector<step>& filter, std::uint32_t call, std::uint32_t error) {
    filter.push_back(load(offsetof(seccomp_data, nr)));
    filter.push_back(unless(BPF_JEQ, call, 1));
    filter.push_back(answer(SECCOMP_RET_ERRNO | error));
}

void refuse_threads(std::vector<step>& filter, std::uint32_t error) {
    filter.push_back(load(offsetof(seccomp_data, nr)));
    filter.push_back(unless(BPF_JEQ, SYS_clone, 3));
    filter.push_back(load(offsetof(seccomp_data, args[0])));
    filter.push_back(unless(BPF_JSET, CLONE_THREAD, 1));
    filter.push_back(answer(SECCOMP_RET_ERRNO | error));
    refuse(filter, SYS_clone3, error);
}

}  // namespace

int main(int, char** argv) {
    std::vector<step> filter;
    char** word = argv + 1;
    for (; *word && std::string_view(*word) != "--"; ++word) {
        const std::string_view rule(*word);
        const auto call = rule.substr(0, rule.find('='));
        const std::uint32_t error = rule.ends_with("=ENOSYS") ? ENOSYS : EPERM;
        if (call == "clone3")
            refuse(filter, SYS_clone3, error);
        else if (call == "pidfd_open")
            refuse(filter, SYS_pidfd_open, error);
        else if (call == "thread")
            refuse_threads(filter, error);
    }
    filter.push_back(answer(SECCOMP_RET_ALLOW));
    sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (!*word || !word[1] || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        std::perror("refusing");
        return 125;
    }
    ::execv(word[1], word + 1);
    std::perror(word[1]);
    return 127;
}
