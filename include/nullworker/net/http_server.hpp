#pragma once

#include <nullworker/base/episode.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/net/crowd.hpp>
#include <nullworker/net/listener.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/server_limits.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::net {

class connection;

// Takes one request, which outlives the coroutine. An exception that leaves it is a bug: it is logged and
// answered 500.
using handler = std::function<asio::awaitable<reaction>(const request&)>;

// An HTTP/1.1 server, with TLS where a context is given, on any number of addresses. It has its addresses,
// and knows its port, before anybody knows what to answer there; the handler comes last. Stops in two phases:
// `drain()` closes the listeners and the idle connections and lets the busy ones finish; `join()` waits for
// them, then cancels.
//
// Connections that do not get to the point cannot keep others out: at the cap, and when the process is out of
// descriptors, one of its `crowd` makes room for a new one.
class http_server {
public:
    // `name` is for the log.
    http_server(asio::any_io_executor executor, std::string name, server_limits limits = {},
                tls_context tls = nullptr);
    ~http_server();

    // Binds and listens; port 0 takes any free one. From here on connections queue up in the kernel.
    // Throws startup_error that names `setting`, the address and the reason.
    void bind(const asio::ip::tcp::endpoint& address, const std::string& setting);

    // Binds without listening: the port is taken, and whoever connects is refused until `listen()` or
    // `start()`.
    void reserve(const asio::ip::tcp::endpoint& address, const std::string& setting);

    // Listens on what was reserved. Throws startup_error where somebody else does by now.
    void listen();

    // Binds and listens on a Unix socket at `path`; see `listener::local`.
    void bind_local(const std::string& path, const std::string& setting);

    // The port bound last.
    [[nodiscard]] std::uint16_t port() const noexcept { return x_port; }

    // Connections accepted from now on use `tls`; those that are open keep what they began with.
    void use_tls(tls_context tls) { x_tls = std::move(tls); }

    // Listens where that was left to do, and starts to accept. Throws as `listen()`, and may be called again
    // then.
    void start(handler on_request);

    // Something changed that requests may wait for: they are asked for again.
    void look_again();

    void drain();

    // Waits at most `patience` for the connections after `drain()`, then cancels them. No connection is left
    // when it returns.
    [[nodiscard]] asio::awaitable<void> join(std::chrono::steady_clock::duration patience);

    [[nodiscard]] std::size_t connections() const noexcept { return x_crowd.size(); }

    // How many requests wait for a change now.
    [[nodiscard]] std::size_t waiting() const noexcept { return x_crowd.waiting(); }

    // How many connections had to make room for others so far.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return x_crowd.evicted(); }

private:
    asio::awaitable<void> accept_loop(listener& from);
    asio::awaitable<void> recover_from(error_code ec);
    asio::awaitable<void> make_room();
    bool evict_one();

    asio::awaitable<void> serve(std::unique_ptr<connection> self);
    asio::awaitable<void> converse(connection& self);
    asio::awaitable<bool> exchange(connection& self);
    asio::awaitable<std::optional<reply>> answer_in_time(connection& self, request& incoming);
    asio::awaitable<reaction> react(const request& incoming);

    asio::any_io_executor x_executor;
    std::string x_name;
    handler x_on_request;
    server_limits x_limits;
    tls_context x_tls;
    std::list<listener> x_listeners;
    std::uint16_t x_port = 0;
    asio::steady_timer x_room;  // never expires; cancelled when there may be room for one more
    crowd x_crowd;
    task_group x_tasks;
    std::uint64_t x_changes = 0;  // calls of look_again
    episode x_accept_failures;
    episode x_evictions;
    bool x_draining = false;
};

}  // namespace nullworker::net
