#pragma once

#include <nullworker/base/episode.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/crowd.hpp>
#include <nullworker/net/listener.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/peak.hpp>
#include <nullworker/net/server_limits.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

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
// Connections that do not get to the point cannot keep others out. Those that have not sent anything yet are
// a `crowd` of their own, the lobby. With its first byte a connection goes to the crowd of those that are
// served, or queues up at the door to it. Where one of the two is full, and when the process is out of
// descriptors, a connection makes room for the next one; and whoever was answered while others stood at the
// door is told to come again.
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

    // The same port on another address, where this machine has it; why not, where it does not.
    [[nodiscard]] trouble bind_too(const asio::ip::address& address, const std::string& setting);

    // Binds and listens on a Unix socket at `path`; see `listener::local`.
    void bind_local(const std::string& path, const std::string& setting);

    // The port bound last.
    [[nodiscard]] std::uint16_t port() const noexcept { return x_port; }

    // Connections accepted from now on use `tls`; those that are open keep what they began with.
    void use_tls(tls_context tls) { x_tls = std::move(tls); }

    // Listens where that was left to do, and starts to accept. Throws as `listen()`, and may be called again
    // then.
    void start(handler on_request);

    // Something changed that requests may wait for: they are asked for again, the first few at once, the
    // others in turns, so that whoever else is to be heard of the change does not wait for hundreds of them.
    void look_again();

    // The request that has waited for a change for longest is answered now.
    void hurry_one() { x_crowd.hurry_one(); }

    void drain();

    // Waits at most `patience` for the connections after `drain()`, then cancels them. No connection is left
    // when it returns.
    [[nodiscard]] asio::awaitable<void> join(std::chrono::steady_clock::duration patience);

    [[nodiscard]] std::size_t connections() const noexcept { return x_lobby.size() + x_crowd.size(); }

    // How many requests wait for a change now.
    [[nodiscard]] std::size_t waiting() const noexcept { return x_crowd.waiting(); }

    // How many connections had to make room for others so far.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return x_lobby.evicted() + x_crowd.evicted(); }

private:
    class place_at_door;

    asio::awaitable<void> accept_loop(listener& from);
    void receive(listener::accepted next);
    void receive_more(listener& from);
    asio::awaitable<void> recover_from(error_code ec);
    bool evict_from_larger();
    asio::awaitable<bool> come_in(connection& self);
    bool make_room_for(const connection& self);
    void admit();
    void note_eviction(const crowd& from, std::size_t limit);
    asio::awaitable<void> give_back_memory();
    asio::awaitable<void> wake_in_turns();

    asio::awaitable<void> serve(std::unique_ptr<connection> self);
    asio::awaitable<void> attend(connection& self);
    asio::awaitable<void> converse(connection& self);
    asio::awaitable<bool> exchange(connection& self);
    asio::awaitable<std::optional<reply>> answer_in_time(connection& self, request& incoming);
    asio::awaitable<reaction> react(const request& incoming);
    void note_failure(const request& incoming, const char* what);
    void note_request(const connection& self, const request& incoming, const reply& answer,
                      std::chrono::steady_clock::time_point came) const;

    asio::any_io_executor x_executor;
    std::string x_name;
    handler x_on_request;
    server_limits x_limits;
    std::string x_keep_alive_hint;
    tls_context x_tls;
    std::list<listener> x_listeners;
    std::uint16_t x_port = 0;
    crowd x_lobby;
    crowd x_crowd;
    std::list<place_at_door*> x_door;  // of the lobby, those that have begun to send
    peak x_peak;                       // of connections
    wakeup x_after_peak;
    wakeup x_many_wait;  // for a change that there was
    task_group x_tasks;
    std::uint64_t x_changes = 0;  // calls of look_again
    episode x_accept_failures;
    episode x_evictions;
    episode x_handshake_failures;
    episode x_failures;  // of the handler
    bool x_draining = false;
};

}  // namespace nullworker::net
