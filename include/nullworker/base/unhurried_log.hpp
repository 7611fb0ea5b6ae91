#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace nullworker {

// While it lives, the thread that writes the log is woken by the event loop, a moment after a line and not by
// the handler that has it: what the line tells of is on its way by then.
class unhurried_log {
public:
    explicit unhurried_log(const asio::any_io_executor& executor);
    ~unhurried_log();
    unhurried_log(const unhurried_log&) = delete;
    unhurried_log& operator=(const unhurried_log&) = delete;

private:
    asio::steady_timer x_timer;
};

}  // namespace nullworker
