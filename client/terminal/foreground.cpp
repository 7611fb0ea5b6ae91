#include <terminal/foreground.hpp>

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace nullworker::client {

foreground::foreground() : x_terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    if (to_hand_over() < 0)
        (void)x_terminal.close();
}

int foreground::to_hand_over() const noexcept {
    const bool here = x_terminal.is_open() && ::tcgetpgrp(x_terminal.number()) == ::getpgrp();
    return here ? x_terminal.number() : -1;
}

void foreground::hand_over(pid_t group) const noexcept {
    if (to_hand_over() >= 0)
        (void)::tcsetpgrp(x_terminal.number(), group);
}

// Who is in the background may do that with SIGTTOU blocked only.
void foreground::take_back(pid_t group) const noexcept {
    if (!x_terminal.is_open() || ::tcgetpgrp(x_terminal.number()) != group)
        return;
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTTOU);
    (void)::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    (void)::tcsetpgrp(x_terminal.number(), ::getpgrp());
    (void)::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace nullworker::client
