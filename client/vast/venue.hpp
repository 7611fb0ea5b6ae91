#pragma once

#include <fleet/fleet.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/url.hpp>
#include <vast/failure.hpp>
#include <vast/known_endpoint.hpp>
#include <vast/serverless.hpp>
#include <watch/timeline.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nullworker::client {

// Where a command's sessions are to be held, as the user says it.
struct venue_options {
    std::string endpoint;    // empty: a local fleet inside this program, unless `instance` is given
    std::string instance;    // prod, alpha, candidate, local; empty: prod
    std::string autoscaler;  // URLs that replace those of the instance; may be empty
    std::string console;
    std::string account_key;  // VAST_API_KEY
    fleet::fleet_options fleet;
    std::optional<int> route_rate;  // nothing: the usual one, and no limit for a fleet on this machine
    connection_limits connections;
    std::string worker_command;  // of the local fleet; empty: the nullworkerd beside this program

    // Nothing was said about an endpoint elsewhere.
    [[nodiscard]] bool is_local() const {
        return endpoint.empty() && instance.empty() && autoscaler.empty() && console.empty();
    }
};

// An endpoint elsewhere, before anybody has asked for it.
struct distant_endpoint {
    std::string name;
    service where;
    std::string autoscaler;   // its URL as it was written
    std::string advice = {};  // behind an error of the first request
};

// Throws startup_error for options that make no sense, and where a fleet of its own is meant.
[[nodiscard]] distant_endpoint locate(const venue_options& options);

// The command line of nullworkerd: beside this program, or else in PATH.
[[nodiscard]] std::vector<std::string> default_worker_command();

// An endpoint that is ready to be used: Vast's, that of a running fleet, or of a fleet of its own.
class venue {
public:
    // Throws startup_error when the options make no sense or the local fleet cannot be started.
    venue(asio::any_io_executor executor, venue_options options);

    // Finds the endpoint. What may pass is tried again for `patience`, and `on_trouble` is told why. Without
    // a patience there is no limit, and somebody may come to listen on this machine, too.
    [[nodiscard]] asio::awaitable<outcome<void>> open(
        std::optional<std::chrono::steady_clock::duration> patience,
        const std::function<void(const std::string& why)>& on_trouble);

    // Stops the local fleet, if there is one. To be awaited before the venue is destroyed.
    [[nodiscard]] asio::awaitable<void> close();

    [[nodiscard]] serverless& api() noexcept { return *x_api; }
    [[nodiscard]] known_endpoint& endpoint() noexcept { return *x_endpoint; }
    [[nodiscard]] bool is_local() const noexcept { return x_fleet != nullptr; }

    // Of a fleet of its own: `told` hears of each worker that ended though nobody asked it to, or that
    // reports an error.
    void on_trouble(std::function<void(const std::string& what)> told);

    // Of a fleet of its own: what happened there, also after close(); else nullptr.
    [[nodiscard]] watch::timeline* story() noexcept { return x_fleet ? &x_fleet->story() : nullptr; }

    // How many workers of it could not start, in a row up to now, and what became of the last one.
    [[nodiscard]] fleet::start_trouble failed_starts() const;

    // The URL of the autoscaler.
    [[nodiscard]] const std::string& autoscaler() const noexcept { return x_where; }

    // For the user: which endpoint, where.
    [[nodiscard]] std::string description() const;

private:
    asio::awaitable<outcome<void>> look_around();
    asio::awaitable<failure> explained(failure why);

    std::unique_ptr<fleet::fleet> x_fleet;
    std::optional<serverless> x_api;
    std::string x_name;
    std::string x_where;
    std::string x_advice;  // behind an error of the first request
    url x_console;
    std::optional<known_endpoint> x_endpoint;
};

}  // namespace nullworker::client
