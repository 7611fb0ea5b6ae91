#include "connection.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/net/http_server.hpp>

#include <exception>
#include <utility>
#include <variant>

namespace nullworker::net {
namespace {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using steady = std::chrono::steady_clock;

// How long to leave the kernel's queue alone when the process is out of descriptors and has none to give up.
constexpr auto accept_pause = std::chrono::milliseconds(100);

bool is_out_of_descriptors(const error_code& ec) {
    return ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system;
}

connection::raw_reply make_raw(reply&& answer, const request_head& head, bool keep_alive) {
    connection::raw_reply raw(static_cast<http::status>(answer.status), 11);
    for (const auto& [name, value] : answer.headers)
        raw.set(name, value);
    raw.set(http::field::content_type, answer.content_type);
    if (!head.wants_no_body)  // it would be taken for the next reply
        raw.body() = std::move(answer.body);
    raw.keep_alive(keep_alive);
    if (keep_alive && head.must_say_keep_alive)
        raw.set(http::field::connection, "keep-alive");
    raw.prepare_payload();
    return raw;
}

}  // namespace

http_server::http_server(asio::any_io_executor executor, std::string name, server_limits limits,
                         tls_context tls)
    : x_executor(executor),
      x_name(std::move(name)),
      x_limits(limits),
      x_tls(std::move(tls)),
      x_room(executor, steady::time_point::max()),
      x_crowd(limits.max_connections, [this] { x_room.cancel(); }),
      x_tasks(executor) {}
http_server::~http_server() = default;

void http_server::reserve(const tcp::endpoint& address, const std::string& setting) {
    x_listeners.push_back(listener::reserve(x_executor, address, setting));
    x_port = x_listeners.back().port();
}

void http_server::bind(const tcp::endpoint& address, const std::string& setting) {
    reserve(address, setting);
    listen();
}

void http_server::bind_local(const std::string& path, const std::string& setting) {
    x_listeners.push_back(listener::local(x_executor, path, setting));
}

void http_server::listen() {
    for (auto& each : x_listeners)
        each.listen();
}

void http_server::start(handler on_request) {
    listen();
    x_on_request = std::move(on_request);
    for (auto& each : x_listeners)
        x_tasks.spawn(accept_loop(each));
}

void http_server::look_again() {
    ++x_changes;
    x_crowd.wake_all();
}

void http_server::drain() {
    x_draining = true;
    for (auto& each : x_listeners)
        each.close();
    x_room.cancel();
    x_crowd.drain();
}

asio::awaitable<void> http_server::join(steady::duration patience) {
    co_await x_tasks.finish(patience);
}

// ---- who comes in -----------------------------------------------------------------------------------------

asio::awaitable<void> http_server::accept_loop(listener& from) {
    while (!x_draining) {
        auto [ec, socket] = co_await from.accept();
        if (x_draining)
            break;
        if (ec) {
            // Out of descriptors, or a connection that ended before it was taken: neither ends the listener.
            if (x_accept_failures.is_worth_a_line())
                log::warning(
                    "accept_failed",
                    {{"listener", x_name}, {"error", ec.message()}, {"unsaid", x_accept_failures.unsaid()}});
            co_await recover_from(ec);
            continue;
        }
        co_await make_room();
        if (x_draining)
            break;
        auto taken = std::make_unique<connection>(std::move(socket), x_crowd, x_limits, x_tls);
        x_tasks.spawn(serve(std::move(taken)));
    }
}

// A descriptor that a connection gives up is one for the next in the kernel's queue.
asio::awaitable<void> http_server::recover_from(error_code ec) {
    if (is_out_of_descriptors(ec)) {
        if (evict_one())
            co_return;
        x_crowd.hurry_one();
    }
    co_await sleep_for(accept_pause);
}

// Returns once there is room for one more, or when the server drains. Where every connection is being
// answered, that takes until one of them is done.
asio::awaitable<void> http_server::make_room() {
    while (x_crowd.is_full() && !x_draining && !evict_one()) {
        x_crowd.hurry_one();
        co_await x_room.async_wait(nothrow);
    }
}

bool http_server::evict_one() {
    if (!x_crowd.evict_one())
        return false;
    if (x_evictions.is_worth_a_line())
        log::warning("connections_evicted", {{"listener", x_name},
                                             {"open", x_crowd.size() + 1},
                                             {"limit", x_limits.max_connections},
                                             {"unsaid", x_evictions.unsaid()}});
    return true;
}

// ---- one connection ---------------------------------------------------------------------------------------

asio::awaitable<void> http_server::serve(std::unique_ptr<connection> self) {
    const auto ec = co_await self->begin();
    if (ec) {
        log::debug("tls_handshake_failed", {{"listener", x_name}, {"error", ec.message()}});
        co_return;
    }
    co_await converse(*self);
    co_await self->end();
}

asio::awaitable<void> http_server::converse(connection& self) {
    bool more = true;
    while (more && !x_draining) {
        more = co_await exchange(self);
        if (!more || self.is_evicted())
            break;
        self.expect_next();
    }
    self.enter(stage::leaving);
}

// One request and its reply. False where that was the last.
asio::awaitable<bool> http_server::exchange(connection& self) {
    head_reader reader;
    request_head& head = reader.head();
    reading outcome = co_await self.read_head(reader);
    if (outcome == reading::done)
        outcome = co_await self.read_body(head);
    if (outcome == reading::gone || self.is_evicted())
        co_return false;

    std::optional<reply> answer;
    const bool refused = outcome != reading::done;
    if (refused) {
        self.leave_unread();
        answer = status_reply(static_cast<unsigned>(outcome));
    } else {
        head.message.from_loopback = self.from_loopback();
        answer = co_await answer_in_time(self, head.message);
    }
    if (!answer)
        co_return false;
    const bool keep_alive = !refused && head.keep_alive && !x_draining;
    auto raw = make_raw(std::move(*answer), head, keep_alive);
    const auto [ec, written] = co_await self.send(raw);
    co_return !ec && keep_alive;
}

// The reply to a request; nothing where it shall get none, or its peer went away while it waited.
asio::awaitable<std::optional<reply>> http_server::answer_in_time(connection& self, request& incoming) {
    self.enter(stage::answering);
    self.watch_peer();
    const auto came = steady::now();
    for (;;) {
        const auto seen = x_changes;
        reaction made = co_await react(incoming);
        if (auto* answer = std::get_if<reply>(&made))
            co_return std::move(*answer);
        const auto* wait = std::get_if<wait_for_change>(&made);
        if (!wait)
            co_return std::nullopt;
        if (!incoming.may_wait) {
            log::error("request_held_for_ever", {{"listener", x_name}, {"path", incoming.path}});
            co_return status_reply(500);
        }
        const auto due = came + wait->longest;
        self.enter(stage::waiting);
        bool peer_is_there = true;
        if (seen == x_changes && !x_draining)
            peer_is_there = co_await self.wait_for_change(due);
        incoming.may_wait = !x_draining && !self.is_hurried() && steady::now() < due;
        self.enter(stage::answering);
        if (!peer_is_there)
            co_return std::nullopt;
    }
}

asio::awaitable<reaction> http_server::react(const request& incoming) {
    try {
        co_return co_await x_on_request(incoming);
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted)
            throw;  // the connection is being cancelled
        log::error("request_failed", {{"listener", x_name}, {"path", incoming.path}, {"error", e.what()}});
    } catch (const std::exception& e) {
        log::error("request_failed", {{"listener", x_name}, {"path", incoming.path}, {"error", e.what()}});
    }
    co_return status_reply(500);
}

}  // namespace nullworker::net
