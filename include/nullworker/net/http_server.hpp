#pragma once

#include <nullworker/base/file.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/request_head.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

namespace nullworker::net {

struct server_limits {
    std::size_t max_header_bytes = 8 * 1024;  // more is answered 431
    std::size_t max_body_bytes = 64 * 1024;   // more is answered 413
    std::size_t max_connections = 1024;       // at this many, a new one takes the place of one that waits
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(5);
    // For the whole head, from accept or handshake for the first request, from its first byte for later ones.
    std::chrono::steady_clock::duration header_timeout = std::chrono::seconds(5);
    std::chrono::steady_clock::duration body_timeout = std::chrono::seconds(5);   // for the whole body
    std::chrono::steady_clock::duration write_timeout = std::chrono::seconds(5);  // for the whole reply
    std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(15);  // between requests
};

// Answers one request, which outlives the coroutine. An exception that leaves it is a bug: it is logged and
// answered 500.
using handler = std::function<asio::awaitable<reply>(const request&)>;

// An HTTP/1.1 server, with TLS where a context is given, on any number of addresses. Stops in two phases:
// `drain()` closes the acceptors and the idle connections and lets the busy ones finish; `join()` waits for
// them, then cancels.
//
// Connections that do not get to the point cannot keep others out: at the cap, and when the process is out of
// descriptors, a new one takes the place of the one that has waited longest without a whole request. Idle
// ones go before those in the middle of a request; one whose request is being answered never does. Where all
// the others are being answered, a request that is held is answered before its time.
class http_server {
public:
    // `name` is for the log.
    http_server(asio::any_io_executor executor, std::string name, handler on_request,
                server_limits limits = {}, tls_context tls = nullptr);
    ~http_server();

    // Binds and listens; port 0 takes any free one. From here on connections queue up in the kernel.
    // Throws startup_error that names `setting`, the address and the reason.
    void bind(const asio::ip::tcp::endpoint& address, const std::string& setting);

    // Binds without listening: the port is taken, and whoever connects is refused until `listen()` or
    // `start()`.
    void reserve(const asio::ip::tcp::endpoint& address, const std::string& setting);

    // Listens on what was reserved. Throws startup_error where somebody else does by now.
    void listen();

    // Binds and listens on a Unix socket at `path`, which those may use who may write to the file (mode
    // 0660). A file that a dead process left there is replaced, any other is left alone.
    void bind_local(const std::string& path, const std::string& setting);

    // The port bound last.
    [[nodiscard]] std::uint16_t port() const noexcept { return x_port; }

    // Connections accepted from now on use `tls`; those that are open keep what they began with.
    void use_tls(tls_context tls) { x_tls = std::move(tls); }

    // Listens where that was left to do, and starts to accept. Throws as `listen()`.
    void start();

    // Something changed that requests may be held for: they are asked for again.
    void look_again();

    void drain();

    // Waits at most `patience` for the connections after `drain()`, then cancels them. No connection is left
    // when it returns.
    [[nodiscard]] asio::awaitable<void> join(std::chrono::steady_clock::duration patience);

    [[nodiscard]] std::size_t connections() const noexcept { return x_open; }

    // How many requests are held now.
    [[nodiscard]] std::size_t holding() const noexcept {
        return x_connections[static_cast<std::size_t>(stage::holding)].size();
    }

    // How many connections had to make room for others so far.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return x_evicted; }

private:
    class connection;

    // What a connection is at, in the order in which they have to make room.
    enum class stage : std::uint8_t {
        leaving,
        idle,
        reading_head,
        reading_body,
        holding,
        answering,
        evicted
    };
    static constexpr std::size_t stages = 7;
    using acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;
    using queue = std::list<connection*>;

    // Something that comes in bursts: one warning each, however long it lasts.
    class episode {
    public:
        // Whether what happens now is the first for a while.
        [[nodiscard]] bool begins() {
            const auto now = std::chrono::steady_clock::now();
            return now >= std::exchange(x_over, now + std::chrono::minutes(1));
        }

    private:
        std::chrono::steady_clock::time_point x_over;
    };

    enum class reading : std::uint16_t;
    static reading reading_of(head_state state);

    [[nodiscard]] queue& at(stage where) { return x_connections[static_cast<std::size_t>(where)]; }

    struct listener {
        acceptor socket;
        std::string described;  // address and setting, for an error
    };

    void bind_to(const asio::generic::stream_protocol::endpoint& address, std::string described);
    static void require_port(const listener& which, const error_code& ec);
    asio::awaitable<void> accept_loop(acceptor& from);
    asio::awaitable<void> recover_from(error_code ec);
    asio::awaitable<void> make_room();
    bool evict_one();
    void hurry_one();

    asio::awaitable<void> serve(std::unique_ptr<connection> self);
    template <class Stream>
    asio::awaitable<void> converse(Stream& stream, connection& self);
    template <class Stream>
    asio::awaitable<bool> exchange(Stream& stream, connection& self);
    template <class Stream>
    asio::awaitable<error_code> read_more(Stream& stream, connection& self);
    template <class Stream>
    asio::awaitable<reading> read_head(Stream& stream, connection& self, head_reader& reader);
    template <class Stream>
    asio::awaitable<reading> read_body(Stream& stream, connection& self, request_head& head);
    template <class Stream>
    asio::awaitable<reading> read_counted(Stream& stream, connection& self, std::string& body,
                                          std::size_t length);
    template <class Stream>
    asio::awaitable<reading> read_chunked(Stream& stream, connection& self, std::string& body);
    asio::awaitable<reply> answer_in_time(connection& self, request& incoming);
    asio::awaitable<reply> answer(const request& incoming);

    asio::any_io_executor x_executor;
    std::string x_name;
    handler x_on_request;
    server_limits x_limits;
    tls_context x_tls;
    std::list<listener> x_listeners;
    std::string x_local_path;  // of the Unix socket; empty: none
    file_stamp x_local_file;
    asio::steady_timer x_room;  // never expires; cancelled when a connection ends, or could make room
    task_group x_tasks;
    std::array<queue, stages> x_connections;  // each in the order in which they came to that stage
    std::size_t x_open = 0;                   // without those evicted, which are about to end
    std::uint64_t x_evicted = 0;
    std::uint64_t x_changes = 0;  // calls of look_again
    std::uint16_t x_port = 0;
    episode x_accept_failures;
    episode x_evictions;
    bool x_draining = false;
};

}  // namespace nullworker::net
