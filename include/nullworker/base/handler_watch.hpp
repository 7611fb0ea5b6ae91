#pragma once

#include <chrono>

// Development builds time every handler that an event loop runs, and abort where one takes longer than 100
// ms: it must have waited for something. NULLWORKER_HANDLER_LIMIT_MS raises the limit, for sanitizers and
// machines under load.
//
// Asio includes this header in place of its own tracking of handlers, by BOOST_ASIO_CUSTOM_HANDLER_TRACKING,
// and wants all of the macros.
namespace nullworker {

class handler_watch {
public:
    handler_watch() = default;
    ~handler_watch() {
        const auto took = std::chrono::steady_clock::now() - x_begun;
        if (took > limit())
            abort_after(took);
    }
    handler_watch(const handler_watch&) = delete;
    handler_watch& operator=(const handler_watch&) = delete;

private:
    static std::chrono::steady_clock::duration limit();
    [[noreturn]] static void abort_after(std::chrono::steady_clock::duration took);

    std::chrono::steady_clock::time_point x_begun = std::chrono::steady_clock::now();
};

}  // namespace nullworker

#define BOOST_ASIO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define BOOST_ASIO_HANDLER_TRACKING_INIT (void)0
#define BOOST_ASIO_HANDLER_LOCATION(args) (void)0
#define BOOST_ASIO_HANDLER_CREATION(args) (void)0
#define BOOST_ASIO_HANDLER_COMPLETION(args) (void)0
#define BOOST_ASIO_HANDLER_INVOCATION_BEGIN(args) const ::nullworker::handler_watch watched_handler
#define BOOST_ASIO_HANDLER_INVOCATION_END (void)0
#define BOOST_ASIO_HANDLER_OPERATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_REGISTRATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_DEREGISTRATION(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_READ_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_EVENTS(args) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_OPERATION(args) (void)0
