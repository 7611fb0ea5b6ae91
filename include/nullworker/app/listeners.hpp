#pragma once

#include <nullworker/app/settings.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/tls.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace nullworker::app {

// The listeners for programs on the machine have a share of their own, whatever happens to the public one.
// Consumers wait at the control listener for a session.
inline constexpr net::server_limits webhook_limits{.max_connections = 128, .max_silent = 32};
inline constexpr net::server_limits control_limits{.max_connections = 512, .max_silent = 128};

// Descriptors that a worker needs beside those for connections from the outside: for the other two listeners,
// and for callbacks, the autoscaler and files.
inline constexpr std::size_t descriptors_kept_back =
    webhook_limits.max_connections + webhook_limits.max_silent + control_limits.max_connections +
    control_limits.max_silent + 128;

// The three servers of a worker: for the outside, for webhooks and for control, the latter two on loopback.
class listeners {
public:
    // Binds all of them, and so knows under which URL the worker is reached. They listen at once, and
    // connections wait in the kernel's queue; with TLS the one for the outside has its port and refuses
    // connections until there is a certificate. Throws startup_error.
    listeners(const asio::any_io_executor& executor, const settings& config);

    // Connections from the outside made from now on use this certificate.
    void certify(net::tls_context certificate);

    // Lets connections from the outside queue up before they are served. Throws startup_error where somebody
    // else listens on the port by now.
    void listen_outside() { x_outside.listen(); }

    // Serves the two for this machine.
    void serve_inside(net::handler webhook, net::handler control);

    // Serves the outside, if it has what it needs; false where it is to be tried again. Where somebody else
    // listens on the port by now, `state` is told.
    bool serve_outside(const net::handler& on_request, reservation::readiness& state);

    // Tries that again when a certificate has come, and every second where the port was taken, until it is
    // done or a drain begins.
    [[nodiscard]] asio::awaitable<void> serve_outside_later(net::handler on_request,
                                                            reservation::readiness& state);

    // Requests that wait for another session, or for its retirement, are looked at again if either is another
    // one than before.
    void session_changed(std::uint64_t generation, bool retiring);

    [[nodiscard]] net::http_server& outside() noexcept { return x_outside; }
    [[nodiscard]] net::http_server& webhook() noexcept { return x_webhook; }
    [[nodiscard]] net::http_server& control() noexcept { return x_control; }
    [[nodiscard]] const net::http_server& outside() const noexcept { return x_outside; }
    [[nodiscard]] const net::http_server& webhook() const noexcept { return x_webhook; }
    [[nodiscard]] const net::http_server& control() const noexcept { return x_control; }

    // Connections of all three that had to make room for others.
    [[nodiscard]] std::uint64_t evicted() const noexcept;

    // Where the outside reaches the worker, as the contract spells it.
    [[nodiscard]] const std::string& own_url() const noexcept { return x_own_url; }
    [[nodiscard]] const url& own() const noexcept { return x_own; }

private:
    const settings& x_config;
    net::http_server x_outside;
    net::http_server x_webhook;
    net::http_server x_control;
    std::string x_own_url;
    url x_own;
    wakeup x_certified;
    bool x_may_open;
    std::uint64_t x_generation = 0;  // that waiters know of; 0: the empty slot's
    bool x_retiring = false;
};

}  // namespace nullworker::app
