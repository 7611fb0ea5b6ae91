#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/interruption.hpp>
#include <vast/venue.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>

namespace nullworker::client {

struct watch_options {
    venue_options where;
    std::optional<asio::ip::tcp::endpoint> serve;  // where the page is; nothing: nowhere
    seconds every{5.0};                            // so often Vast is asked
    std::optional<double> price;                   // dollars an hour and worker, where nothing else is known
    std::string state;                             // file of `follow`; empty: the usual one
    bool json = false;
};

// Watches an endpoint until it is no more, or `stop` is requested; returns the exit code. Throws
// startup_error for options that make no sense, and for a port that is taken. `options` and `stop` outlive
// it.
[[nodiscard]] asio::awaitable<int> run_watch(asio::any_io_executor executor, const watch_options& options,
                                             interruption& stop);

}  // namespace nullworker::client
