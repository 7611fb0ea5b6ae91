#include <nullworker/base/error.hpp>
#include <nullworker/base/signal_watch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace nullworker {
namespace {

constexpr int ending[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPWR, SIGXCPU};
constexpr int stray[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGSTKFLT, SIGXFSZ};

bool is_ignored(int number) {
    struct sigaction present {};
    return ::sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
}

}  // namespace

void disregard_stray_signals() {
    // A handler, and not SIG_IGN, which programs would inherit.
    struct sigaction nothing {};
    nothing.sa_handler = [](int) {};
    nothing.sa_flags = SA_RESTART;
    for (const int number : stray)
        ::sigaction(number, &nothing, nullptr);
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number)
        ::sigaction(number, &nothing, nullptr);
}

signal_watch::signal_watch(const asio::any_io_executor& executor, events on)
    : x_signals(executor), x_on(std::move(on)) {
    for (const int number : ending)
        if (number != SIGHUP || !is_ignored(number))
            x_signals.add(number);
    wait();
}

void signal_watch::wait() {
    x_signals.async_wait([this](const error_code& ec, int number) {
        if (ec)
            return;
        const auto& passed_over = x_on.never_second;
        if (x_received != 0 && std::find(passed_over.begin(), passed_over.end(), number) != passed_over.end())
            return wait();
        if (x_received != 0) {
            if (x_on.before_exit)
                x_on.before_exit(number);
            std::_Exit(128 + number);
        }
        x_received = number;
        x_on.on_first(number);
        wait();
    });
}

}  // namespace nullworker
