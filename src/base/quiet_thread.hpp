#pragma once

#include <nullworker/base/error.hpp>

#include <csignal>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

namespace nullworker {

// Starts a thread that nobody waits for, and that no signal disturbs: those are for the event loop. Fails
// where the system lets us have no more of them, which may be otherwise later, or none at all.
inline error_code begin_quiet_thread(std::function<void()> work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    error_code failure;
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error& e) {
        failure = error_code(e.code().value(), boost::system::system_category());
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return failure;
}

}  // namespace nullworker
