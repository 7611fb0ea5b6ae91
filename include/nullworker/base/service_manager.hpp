#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>

// What is said to the service manager that started the process (systemd, or one that speaks its protocol):
// sd_notify(3). Without one, nothing is said.
namespace nullworker {

// Sends assignments such as "READY=1", one a line, to the socket that NOTIFY_SOCKET names. What cannot be
// sent is lost.
void tell_service_manager(const std::string& assignments) noexcept;

// How often the service manager must hear "WATCHDOG=1" at the least, by WATCHDOG_USEC and WATCHDOG_PID;
// nothing where it does not wait for it.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

// Says "WATCHDOG=1" twice as often as that, from the event loop, so that one that stands still is noticed.
// Until cancelled; returns at once where nobody waits for it.
[[nodiscard]] asio::awaitable<void> feed_watchdog();

}  // namespace nullworker
