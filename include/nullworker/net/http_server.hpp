#pragma once

#include <nullworker/base/task_group.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>

namespace nullworker::net {

struct server_limits {
    std::size_t max_header_bytes = 8 * 1024;  // more is answered 431
    std::size_t max_body_bytes = 64 * 1024;   // more is answered 413
    std::size_t max_connections = 1024;       // further ones wait in the kernel's queue
    std::chrono::steady_clock::duration header_timeout = std::chrono::seconds(5);
    std::chrono::steady_clock::duration body_timeout = std::chrono::seconds(5);
    std::chrono::steady_clock::duration write_timeout = std::chrono::seconds(5);
    std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(15);
};

// Answers one request. An exception that leaves it is a bug: it is logged and answered 500.
using handler = std::function<asio::awaitable<reply>(request)>;

// An HTTP/1.1 listener, with TLS where a context is given. Stops in two phases: `drain()` closes the
// acceptor and the idle connections and lets the busy ones finish; `join()` waits for them, then cancels.
class http_server {
public:
    // `name` is for the log.
    http_server(asio::any_io_executor executor, std::string name, handler on_request,
                server_limits limits = {}, tls_context tls = nullptr);

    // Binds and listens; port 0 takes any free one. From here on connections queue up in the kernel.
    // Throws startup_error that names `setting`, the address and the reason.
    void bind(const asio::ip::tcp::endpoint& address, const std::string& setting);

    // The port bound.
    [[nodiscard]] std::uint16_t port() const noexcept { return x_port; }

    // Starts to accept.
    void start();

    void drain();

    // Waits at most `patience` for the connections after `drain()`, then cancels them. No connection is left
    // when it returns.
    [[nodiscard]] asio::awaitable<void> join(std::chrono::steady_clock::duration patience);

    [[nodiscard]] std::size_t connections() const noexcept { return x_connections.size(); }

private:
    struct connection;

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> serve(asio::ip::tcp::socket socket);
    template <class Stream>
    asio::awaitable<void> converse(Stream& stream, connection& self);
    asio::awaitable<reply> answer(request incoming);

    asio::any_io_executor x_executor;
    std::string x_name;
    handler x_on_request;
    server_limits x_limits;
    tls_context x_tls;
    asio::ip::tcp::acceptor x_acceptor;
    asio::steady_timer x_room;  // cancelled when a connection ends
    task_group x_tasks;
    std::list<connection*> x_connections;
    std::uint16_t x_port = 0;
    bool x_draining = false;
};

}  // namespace nullworker::net
