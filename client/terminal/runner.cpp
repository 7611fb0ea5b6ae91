#include <nullworker/base/printable.hpp>
#include <nullworker/base/reaper.hpp>
#include <nullworker/base/signal_watch.hpp>
#include <terminal/runner.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <utility>

namespace nullworker::client {

int run(command work, on_signal signalled_code, second_sigterm again) {
    asio::io_context context(1);
    interruption stop;
    signal_watch::events on{.on_first = [&stop](int number) { stop.request(number); }};
    if (again == second_sigterm::is_passed_over)
        on.never_second.push_back(SIGTERM);
    signal_watch signals(context.get_executor(), std::move(on));
    reaper zombies(context.get_executor());

    int code = exit_failed;
    const auto final_code = [&] {
        const bool mapped = signalled_code == on_signal::exit_128 && code <= exit_failed;
        return signals.received() != 0 && mapped ? 128 + signals.received() : code;
    };
    std::exception_ptr error;
    asio::co_spawn(context, work(context.get_executor(), stop), [&](std::exception_ptr thrown, int returned) {
        error = std::move(thrown);
        code = returned;
        signals.cancel();
        zombies.cancel();
    });
    try {
        context.run();
    } catch (const std::exception& e) {
        // A bug, and what it left behind cannot be unwound in order. The guardian ends the workers.
        std::cerr << "nullworker: unexpected error, please report it: " << printable(e.what()) << std::endl;
        std::_Exit(exit_failed);
    }
    if (error)
        std::rethrow_exception(error);
    return final_code();
}

int run_plainly(const std::function<asio::awaitable<int>()>& make) {
    asio::io_context context(1);
    int code = exit_failed;
    asio::co_spawn(context, make(), [&code](const std::exception_ptr& thrown, int returned) {
        if (thrown)
            std::rethrow_exception(thrown);
        code = returned;
    });
    context.run();
    return code;
}

}  // namespace nullworker::client
