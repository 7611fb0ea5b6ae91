#include <nullworker/base/asio.hpp>
#include <nullworker/base/parent.hpp>
#include <nullworker/base/process.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <tuple>

#include <unistd.h>

namespace nullworker {

// A signal for the parent's death (PR_SET_PDEATHSIG) would come when the thread that started us ends, too.
asio::awaitable<void> until_parent_ends(pid_t parent) {
    const auto executor = co_await asio::this_coro::executor;
    if (parent > 1) {
        auto opened = open_process(parent);
        // Its number may be another process's by now: whose child we are tells.
        if (::getppid() != parent)
            co_return;
        if (opened) {
            asio::posix::stream_descriptor handle(executor, opened->release());
            error_code failure;
            while (!failure && ::getppid() == parent) {
                look_taken(handle.native_handle());
                std::tie(failure) =
                    co_await handle.async_wait(asio::posix::stream_descriptor::wait_read, nothrow);
            }
            if (!failure)
                co_return;
        }
    }
    asio::steady_timer never(executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::use_awaitable);
}

}  // namespace nullworker
