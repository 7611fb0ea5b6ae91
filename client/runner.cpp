#include "runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <utility>

namespace nullworker::client {

int run(command work) {
    asio::io_context context(1);
    interruption stop;
    int signalled = 0;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    std::function<void()> await_signal = [&] {
        signals.async_wait([&](const boost::system::error_code& ec, int number) {
            if (ec)
                return;
            if (signalled != 0)
                std::_Exit(128 + number);
            signalled = number;
            stop.request(number);
            await_signal();
        });
    };
    await_signal();

    int code = exit_failed;
    std::exception_ptr error;
    asio::co_spawn(context, work(context.get_executor(), stop), [&](std::exception_ptr thrown, int returned) {
        error = std::move(thrown);
        code = returned;
        signals.cancel();
    });
    context.run();
    if (error)
        std::rethrow_exception(error);
    return signalled != 0 && code <= exit_failed ? 128 + signalled : code;
}

}  // namespace nullworker::client
