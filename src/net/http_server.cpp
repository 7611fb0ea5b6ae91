#include "connection.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/beast/http/status.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace nullworker::net {
namespace {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using steady = std::chrono::steady_clock;

// How long to leave the kernel's queue alone when the process is out of descriptors and has none to give up.
constexpr auto accept_pause = std::chrono::milliseconds(100);

// How many to accept before others have their turn.
constexpr int most_at_once = 64;

// How often the first at the door looks whether an answer has stalled.
constexpr auto door_interval = std::chrono::milliseconds(50);

// So many connections take memory that is worth giving back, and so long after most of them have gone.
constexpr std::size_t many_connections = 64;
constexpr auto peak_rest = std::chrono::seconds(1);

// As much of a path as the log has.
constexpr std::size_t longest_path = 200;

bool is_out_of_descriptors(const error_code& ec) {
    return ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system;
}

// Of those that wait for a change so many are woken in one turn of the loop, and so far lie the turns apart:
// half of the time is left for all others.
constexpr std::size_t woken_at_once = 8;
constexpr auto between_turns = std::chrono::milliseconds(1);

// For the request that leaves in the last moment, and is on its way then.
constexpr auto longest_way = std::chrono::seconds(5);

// How long a client may leave its connection unused; empty where that is not worth telling.
std::string keep_alive_hint(steady::duration idle_timeout) {
    const auto told = std::chrono::duration_cast<std::chrono::seconds>(idle_timeout - longest_way);
    return told.count() > 0 ? "timeout=" + std::to_string(told.count()) : std::string();
}

void add_header(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(": ").append(value).append("\r\n");
}

// The whole of a reply in one piece: what Beast would write for it in many costs more than all else about it.
std::string written(const reply& answer, const request_head& head, bool keep_alive, const std::string& hint) {
    const auto reason = http::obsolete_reason(static_cast<http::status>(answer.status));
    std::string out;
    constexpr std::size_t usual_head = 256;
    out.reserve(usual_head + answer.body.size());
    out.append("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ").append(reason).append("\r\n");
    for (const auto& [name, value] : answer.headers)
        add_header(out, name, value);
    add_header(out, "Content-Type", answer.content_type);
    // HTTP/1.1 says that it keeps a connection for the sake of the hint.
    add_header(out, "Connection", keep_alive ? "keep-alive" : "close");
    if (keep_alive && !hint.empty())
        add_header(out, "Keep-Alive", hint);
    add_header(out, "Content-Length", std::to_string(answer.body.size()));
    out.append("\r\n");
    if (!head.wants_no_body)  // it would be taken for the next reply
        out.append(answer.body);
    return out;
}

}  // namespace

http_server::http_server(asio::any_io_executor executor, std::string name, server_limits limits,
                         tls_context tls)
    : x_executor(executor),
      x_name(std::move(name)),
      x_limits(limits),
      x_keep_alive_hint(keep_alive_hint(limits.idle_timeout)),
      x_tls(std::move(tls)),
      x_lobby({limits.max_silent, limits.grace, limits.stall}, [] {}),
      x_crowd({limits.max_connections, limits.grace, limits.stall}, [this] { admit(); }),
      x_peak(many_connections),
      x_after_peak(executor),
      x_many_wait(executor),
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

trouble http_server::bind_too(const asio::ip::address& address, const std::string& setting) {
    try {
        auto made = listener::reserve(x_executor, {address, x_port}, setting);
        made.listen();
        x_listeners.push_back(std::move(made));
        return trouble::none();
    } catch (const startup_error& e) {
        return trouble(e.what());
    }
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
    x_tasks.spawn(give_back_memory());
    x_tasks.spawn(wake_in_turns());
}

void http_server::look_again() {
    if (x_crowd.wake(++x_changes, woken_at_once))
        x_many_wait.ring();
}

void http_server::drain() {
    x_draining = true;
    for (auto& each : x_listeners)
        each.close();
    x_after_peak.ring();
    x_many_wait.ring();
    x_lobby.drain();
    x_crowd.drain();
    admit();
}

asio::awaitable<void> http_server::join(steady::duration patience) {
    co_await x_tasks.finish(patience);
}

// ---- who comes in -----------------------------------------------------------------------------------------

asio::awaitable<void> http_server::accept_loop(listener& from) {
    while (!x_draining) {
        auto next = co_await from.accept();
        if (x_draining)
            break;
        const auto ec = next.failure;
        if (!ec) {
            receive(std::move(next));
            receive_more(from);
            continue;
        }
        // Out of descriptors, or a connection that ended before it was taken: neither ends the listener.
        if (x_accept_failures.is_worth_a_line())
            log::warning(
                "accept_failed",
                {{"listener", x_name}, {"error", ec.message()}, {"unsaid", x_accept_failures.unsaid()}});
        co_await recover_from(ec);
    }
}

// A busy event loop comes by once in a while, and by then there may be many. What ends them is for the next
// wait to find out.
void http_server::receive_more(listener& from) {
    for (int i = 0; i < most_at_once; ++i) {
        auto next = from.accept_now();
        if (next.failure)
            return;
        receive(std::move(next));
    }
}

// In the lobby somebody can always make room.
void http_server::receive(listener::accepted next) {
    const auto comes_from = connection::origin_of(next.from);
    if (x_lobby.is_full() && x_lobby.evict_one_for(comes_from.from, steady::now()))
        note_eviction(x_lobby, x_limits.max_silent);
    auto taken = std::make_unique<connection>(std::move(next.socket), comes_from, x_lobby, x_limits, x_tls);
    static_cast<void>(x_peak.is_over(connections()));
    x_tasks.spawn(serve(std::move(taken)));
}

// A descriptor that a connection gives up is one for the next in the kernel's queue.
asio::awaitable<void> http_server::recover_from(error_code ec) {
    if (is_out_of_descriptors(ec)) {
        if (evict_from_larger())
            co_return;
        x_crowd.hurry_one();
    }
    co_await sleep_for(accept_pause);
}

// Of the two crowds the one that has more of a single peer comes first.
bool http_server::evict_from_larger() {
    const bool lobby_first = x_lobby.largest_share() > x_crowd.largest_share();
    for (crowd* each : {lobby_first ? &x_lobby : &x_crowd, lobby_first ? &x_crowd : &x_lobby})
        if (each->evict_one(steady::now())) {
            note_eviction(*each, each->size() + 1);
            return true;
        }
    return false;
}

void http_server::note_eviction(const crowd& from, std::size_t limit) {
    if (x_evictions.is_worth_a_line())
        log::warning("connections_evicted", {{"listener", x_name},
                                             {"open", from.size() + 1},
                                             {"limit", limit},
                                             {"unsaid", x_evictions.unsaid()}});
}

// ---- from the lobby to the crowd --------------------------------------------------------------------------

// Where one stands in the queue at the door, until it is admitted.
class http_server::place_at_door {
public:
    place_at_door(std::list<place_at_door*>& door, connection& self)
        : x_door(door), x_self(self), x_place(door.insert(door.end(), this)) {}
    ~place_at_door() {
        if (x_is_at_door)
            x_door.erase(x_place);
    }
    place_at_door(const place_at_door&) = delete;
    place_at_door& operator=(const place_at_door&) = delete;

    [[nodiscard]] bool is_at_door() const { return x_is_at_door; }
    [[nodiscard]] bool is_first() const { return x_is_at_door && x_door.front() == this; }
    [[nodiscard]] connection& self() const { return x_self; }

    void leave() {
        x_door.erase(x_place);
        x_is_at_door = false;
        x_self.call();
    }

private:
    std::list<place_at_door*>& x_door;
    connection& x_self;
    std::list<place_at_door*>::iterator x_place;
    bool x_is_at_door = true;
};

// Lets in as many as there is room for. All at once: under pressure a turn of the event loop takes long.
void http_server::admit() {
    const auto* first_before = x_door.empty() ? nullptr : x_door.front();
    while (!x_door.empty()) {
        place_at_door& first = *x_door.front();
        connection& next = first.self();
        const bool has_left = x_draining || next.is_evicted();
        if (!has_left && !make_room_for(next)) {
            if (&first != first_before)
                next.call();
            return;
        }
        first.leave();
        if (!has_left)
            next.move_to(x_crowd, steady::now());
    }
}

// Takes a place in the crowd, once there is one. False when the server drains, or when it was evicted before.
// The first at the door hurries a request that waits, and looks again after a while: that an answer stands
// still nobody tells.
asio::awaitable<bool> http_server::come_in(connection& self) {
    self.enter(stage::reading_head, steady::now());
    const place_at_door place(x_door, self);
    admit();
    bool has_hurried = false;
    while (place.is_at_door()) {
        const bool is_first = place.is_first();
        if (is_first && !has_hurried)
            x_crowd.hurry_one();
        const auto due = is_first ? steady::now() + door_interval : steady::time_point::max();
        const bool called = co_await self.is_called(due);
        has_hurried = is_first && called;
        admit();
    }
    co_return !x_draining && !self.is_evicted();
}

bool http_server::make_room_for(const connection& self) {
    if (!x_crowd.is_full())
        return true;
    if (!x_crowd.evict_one_for(self.from(), steady::now()))
        return false;
    note_eviction(x_crowd, x_limits.max_connections);
    return true;
}

// ---- one connection ---------------------------------------------------------------------------------------

asio::awaitable<void> http_server::serve(std::unique_ptr<connection> self) {
    const bool speaks = co_await self->speaks();
    if (speaks) {
        const bool is_in = co_await come_in(*self);
        if (is_in)
            co_await attend(*self);
    }
    self.reset();
    if (x_peak.is_over(connections()))
        x_after_peak.ring();
}

asio::awaitable<void> http_server::attend(connection& self) {
    const auto ec = co_await self.begin();
    if (ec) {
        if (x_handshake_failures.is_worth_a_line())
            log::debug(
                "tls_handshake_failed",
                {{"listener", x_name}, {"error", ec.message()}, {"unsaid", x_handshake_failures.unsaid()}});
        co_return;
    }
    co_await converse(self);
    co_await self.end();
}

// What many connections needed is of no use to the few that are left.
asio::awaitable<void> http_server::give_back_memory() {
    while (!x_draining) {
        co_await x_after_peak.wait();
        const auto when_all_are_gone = steady::now() + peak_rest;
        if (!x_draining)
            co_await x_after_peak.wait_until(when_all_are_gone);
        if (x_draining)
            break;
#ifdef __GLIBC__
        ::malloc_trim(0);
#endif
    }
}

asio::awaitable<void> http_server::wake_in_turns() {
    while (!x_draining) {
        co_await x_many_wait.wait();
        bool more = true;
        while (more && !x_draining) {
            const auto next_turn = steady::now() + between_turns;
            co_await x_many_wait.wait_until(next_turn);
            more = x_crowd.wake(x_changes, woken_at_once);
        }
    }
}

asio::awaitable<void> http_server::converse(connection& self) {
    bool more = true;
    while (more && !x_draining) {
        more = co_await exchange(self);
        if (!more || self.is_evicted())
            break;
        self.expect_next();
    }
    self.enter(stage::leaving, steady::now());
}

// One request and its reply. False where that was the last.
asio::awaitable<bool> http_server::exchange(connection& self) {
    head_reader reader(self.from_unix_socket() ? host_field::optional : host_field::needed);
    request_head& head = reader.head();
    reading outcome = co_await self.read_head(reader);
    if (outcome == reading::done)
        outcome = co_await self.read_body(head);
    if (outcome == reading::gone || self.is_evicted())
        co_return false;

    const auto came = log::writes(log::level::debug) ? steady::now() : steady::time_point();
    std::optional<reply> answer;
    const bool refused = outcome != reading::done;
    if (refused) {
        self.leave_unread();
        answer = status_reply(static_cast<unsigned>(outcome));
    } else {
        head.message.from_loopback = self.from_loopback();
        head.message.from_unix_socket = self.from_unix_socket();
        answer = co_await answer_in_time(self, head.message);
    }
    if (!answer)
        co_return false;
    const bool others_wait = !x_door.empty();
    if (others_wait && self.has_more())
        self.leave_unread();
    const bool keep_alive = !refused && head.keep_alive && !x_draining && !others_wait;
    const auto text = written(*answer, head, keep_alive, x_keep_alive_hint);
    const auto [ec, size] = co_await self.send(text);
    if (came != steady::time_point())
        note_request(self, head.message, *answer, came);
    co_return !ec && keep_alive;
}

// The reply to a request; nothing where it shall get none, or its peer went away while it waited.
asio::awaitable<std::optional<reply>> http_server::answer_in_time(connection& self, request& incoming) {
    const auto came = steady::now();
    self.enter(stage::answering, came);
    self.watch_peer();
    for (;;) {
        const auto seen = x_changes;
        reaction made = co_await react(incoming);
        if (auto* answer = std::get_if<reply>(&made))
            co_return std::move(*answer);
        const auto* wait = std::get_if<wait_for_change>(&made);
        if (!wait)
            co_return std::nullopt;
        if (!incoming.may_wait) {
            note_failure(incoming, "the handler would wait for ever");
            co_return status_reply(500);
        }
        const auto due = came + wait->longest;
        self.enter(stage::waiting, steady::now());
        bool peer_is_there = true;
        self.has_seen(seen);
        if (seen == x_changes && !x_draining)
            peer_is_there = co_await self.wait_for_change(due);
        incoming.may_wait = !x_draining && !self.is_hurried() && steady::now() < due;
        self.enter(stage::answering, steady::now());
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
        note_failure(incoming, e.what());
    } catch (const std::exception& e) {
        note_failure(incoming, e.what());
    }
    co_return status_reply(500);
}

// The time is from the last byte of the request to the last of the reply, that which it waited for a change
// included. A query may hold a secret, and is not told.
void http_server::note_request(const connection& self, const request& incoming, const reply& answer,
                               steady::time_point came) const {
    std::vector<log::field> told = {
        {"listener", x_name},
        {"method", to_string(incoming.method)},
        {"path", incoming.path.substr(0, longest_path)},
        {"status", answer.status},
        {"seconds", std::chrono::duration<double>(steady::now() - came).count()},
        {"peer", self.from_unix_socket() ? "unix" : to_text(self.from())},
    };
    if (!answer.session_id.empty())
        told.emplace_back("session_id", answer.session_id);
    log::write(log::level::debug, "request", told);
}

void http_server::note_failure(const request& incoming, const char* what) {
    if (x_failures.is_worth_a_line())
        log::error("request_failed", {{"listener", x_name},
                                      {"path", incoming.path.substr(0, longest_path)},
                                      {"error", what},
                                      {"unsaid", x_failures.unsaid()}});
}

}  // namespace nullworker::net
