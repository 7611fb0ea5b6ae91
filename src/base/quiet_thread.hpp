#pragma once

#include <csignal>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

namespace nullworker {

// Starts a thread that nobody waits for, and that no signal disturbs: those are for the event loop. False
// where the system lets us have no more of them; there may be room for one later.
inline bool begin_quiet_thread(std::function<void()> work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    bool begun = true;
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error&) {
        begun = false;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return begun;
}

}  // namespace nullworker
