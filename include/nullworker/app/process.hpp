#pragma once

#include <nullworker/app/settings.hpp>
#include <nullworker/base/asio.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>

namespace nullworker::app {

// Runs a daemon until a signal asks it to stop, and says with which exit code to end. Takes as many file
// descriptors as the system lets it have. Throws startup_error.
int run_daemon(const settings& config);

// Tells the autoscaler that this worker cannot start: once, then every 10 s for `config.error_linger`; no
// more once the container has a worker all the same. `config` outlives it.
[[nodiscard]] asio::awaitable<void> startup_error_report(const settings& config, std::string message);

// Tells the autoscaler that this worker cannot start, in an event loop of its own.
void report_startup_error(const settings& config, const std::string& message);

// Whether this container has its worker already (`has_incumbent`), asked in an event loop of its own.
[[nodiscard]] bool runs_already(const settings& config);

}  // namespace nullworker::app
