#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <functional>
#include <vector>

namespace nullworker {

// Waits on an event loop for the signals by which a program is told to end: SIGTERM, SIGINT, SIGHUP, SIGQUIT,
// SIGPWR (of a container's host), SIGXCPU (the limit of processor time). The first one asks the program to
// end; a second one ends the process at once, with the exit code that shells give for it: 128 and its number.
// SIGHUP stays ignored where whoever started the program had it ignored, as nohup does.
class signal_watch {
public:
    struct events {
        std::function<void(int)> on_first;
        std::function<void(int)> before_exit = {};  // of the second; may be empty

        // What is no second one. A hangup tells that a terminal has gone, and not that somebody is impatient:
        // a shell that ends, the kernel and systemd (SendSIGHUP) send it right behind another signal.
        std::vector<int> never_second = {SIGHUP};
    };

    signal_watch(const asio::any_io_executor& executor, events on);

    // The signals have their usual effect again once this is destroyed; until then they are ignored.
    void cancel() { x_signals.cancel(); }

    // The first one; 0 as long as there was none.
    [[nodiscard]] int received() const noexcept { return x_received; }

private:
    void wait();

    asio::signal_set x_signals;
    events x_on;
    int x_received = 0;
};

// From now on the signals that would end a program of ours for no reason of ours do nothing: SIGUSR1,
// SIGUSR2, timers' signals, SIGIO, SIGSTKFLT, the real-time ones, and SIGXFSZ, so that a limit on the size of
// files is an error of the write. Programs that are started from here know nothing of it.
void disregard_stray_signals();

}  // namespace nullworker
