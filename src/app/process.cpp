#include <nullworker/app/daemon.hpp>
#include <nullworker/app/incumbent.hpp>
#include <nullworker/app/listeners.hpp>
#include <nullworker/app/process.hpp>
#include <nullworker/autoscaler/startup_failure.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/reaper.hpp>
#include <nullworker/base/signal_watch.hpp>
#include <nullworker/base/unhurried_log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

namespace nullworker::app {
namespace {

// An exception here is a bug, and what it left behind cannot be unwound in order.
void run_or_die(asio::io_context& context) {
    try {
        context.run();
    } catch (const std::exception& e) {
        log::error("unexpected_error", {{"error", e.what()}});
        log::flush();
        std::_Exit(EXIT_FAILURE);
    }
}

// In an event loop of its own.
void run_alone(asio::awaitable<void> work) {
    asio::io_context context(1);
    reaper zombies(context.get_executor());
    asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& error) {
        zombies.cancel();
        if (error)
            std::rethrow_exception(error);
    });
    run_or_die(context);
}

// Takes no more connections than fit into the descriptors: a listener that runs out of them could not even
// write the state. Silent ones get what is left, but at least a quarter.
settings fit_to_descriptors(settings config) {
    const auto descriptors =
        take_descriptors(config.max_connections + config.max_silent + descriptors_kept_back);
    if (!descriptors)
        return config;
    const std::size_t fitting =
        std::max<std::size_t>(4, *descriptors - std::min(*descriptors, descriptors_kept_back));
    const std::size_t left = fitting - std::min(fitting, config.max_connections);
    config.max_silent = std::min(config.max_silent, std::max(left, fitting / 4));
    const std::size_t connections = std::min(config.max_connections, fitting - config.max_silent);
    if (connections < config.max_connections)
        log::warning("connections_limited", {{"connections", connections},
                                             {"wanted", config.max_connections},
                                             {"descriptors", *descriptors},
                                             {"remedy", "raise the limit of open files (ulimit -n)"}});
    config.max_connections = connections;
    return config;
}

}  // namespace

int run_daemon(const settings& config) {
    const auto started = now();
    asio::io_context context(1);
    const unhurried_log log_lines(context.get_executor());
    daemon worker(context, fit_to_descriptors(config), started);
    signal_watch signals(context.get_executor(),
                         {.on_first = [&worker](int) { worker.stop(); },
                          .before_exit =
                              [](int number) {
                                  log::warning("ended_by_second_signal", {{"signal", number}});
                                  log::flush();
                              }});
    reaper zombies(context.get_executor());
    std::exception_ptr failure;
    asio::co_spawn(context, worker.run(), [&](std::exception_ptr error) {
        failure = std::move(error);
        signals.cancel();
        zombies.cancel();
    });
    run_or_die(context);
    if (failure)
        std::rethrow_exception(failure);
    return EXIT_SUCCESS;
}

asio::awaitable<void> startup_error_report(const settings& config, std::string message) {
    return autoscaler::report_failure({.worker = config.identity(config.own_url(config.worker_port)),
                                       .addresses = config.report_addresses,
                                       .message = std::move(message),
                                       .linger = to_ticks(config.error_linger),
                                       .is_moot = [&config] { return has_incumbent(config); }});
}

void report_startup_error(const settings& config, const std::string& message) {
    run_alone(startup_error_report(config, message));
}

bool runs_already(const settings& config) {
    bool out = false;
    run_alone([&]() -> asio::awaitable<void> { out = co_await has_incumbent(config); }());
    return out;
}

}  // namespace nullworker::app
