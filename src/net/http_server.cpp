#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/net/chunked_body.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace nullworker::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace experimental = asio::experimental;
using tcp = asio::ip::tcp;
using any_protocol = asio::generic::stream_protocol;  // TCP or Unix
using any_stream = beast::basic_stream<any_protocol>;
using raw_reply = http::response<http::string_body>;
using steady = std::chrono::steady_clock;

// How long to leave the kernel's queue alone when the process is out of descriptors and has none to give up.
constexpr auto accept_pause = std::chrono::milliseconds(100);

// How much of a refused request to read for the sake of the reply.
constexpr std::size_t max_discarded_bytes = 1024 * 1024;

bool is_out_of_descriptors(const error_code& ec) {
    return ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system;
}

// `address` must be an IP address.
tcp::endpoint to_tcp(const any_protocol::endpoint& address) {
    tcp::endpoint out;
    out.resize(address.size());
    std::memcpy(out.data(), address.data(), address.size());
    return out;
}

// On a listener for both families an IPv4 peer has an IPv6 address.
bool is_loopback(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

bool comes_from_this_machine(const any_protocol::socket& socket) {
    error_code ec;
    const auto peer = socket.remote_endpoint(ec);
    if (ec)
        return false;
    return peer.protocol().family() == AF_UNIX || is_loopback(to_tcp(peer).address());
}

// Whether the Unix socket at `path` was left by a process that is gone.
bool is_abandoned(const asio::any_io_executor& executor, const std::string& path) {
    asio::local::stream_protocol::socket probe(executor);
    error_code ec;
    probe.open(asio::local::stream_protocol(), ec);
    probe.non_blocking(true, ec);  // a listener that is busy would keep us waiting
    probe.connect({path}, ec);
    return ec == asio::error::connection_refused;
}

bool is_socket(const std::string& path) {
    struct stat file {};
    return ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode);
}

std::string_view view(const beast::flat_buffer& buffer) {
    const auto bytes = buffer.data();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

raw_reply make_raw(reply&& answer, const request_head& head, bool keep_alive) {
    raw_reply raw(static_cast<http::status>(answer.status), 11);
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

// Ends a connection whose request was not read to its end. Were it closed now, the kernel would reset it for
// the bytes unread, and the peer might never see the reply.
asio::awaitable<void> discard_rest(any_stream& stream, steady::duration limit) {
    error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream.expires_after(limit);
    std::array<char, 4096> scrap;
    for (std::size_t discarded = 0; discarded < max_discarded_bytes;) {
        const auto [ec, size] = co_await stream.async_read_some(asio::buffer(scrap), nothrow);
        if (ec)
            co_return;
        discarded += size;
    }
}

}  // namespace

// What came of reading a part of a request: it is here, the peer is gone or too slow, or the status of the
// refusal.
enum class http_server::reading : std::uint16_t {
    done = 0,
    gone = 1,
    malformed = 400,
    body_too_large = 413,
    expectation_failed = 417,
    head_too_large = 431,
    version_not_supported = 505,
};

// A socket and what the server must know of it to choose who makes room and who may finish.
class http_server::connection {
public:
    connection(http_server& server, any_protocol::socket socket)
        : tls(server.x_tls),
          from_loopback(comes_from_this_machine(socket)),
          stream(std::move(socket)),
          received(server.x_limits.max_header_bytes),
          x_server(server) {
        auto& fresh = x_server.at(x_stage);
        x_place = fresh.insert(fresh.end(), this);
        ++x_server.x_open;
    }
    ~connection() {
        if (!is_evicted())
            --x_server.x_open;
        x_server.at(x_stage).erase(x_place);
        x_server.x_room.cancel();
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    [[nodiscard]] stage at() const noexcept { return x_stage; }
    [[nodiscard]] bool is_evicted() const noexcept { return x_stage == stage::evicted; }

    // Goes to the end of the queue of `next`; one that is evicted stays that.
    void enter(stage next) {
        if (is_evicted() || x_stage == next)
            return;
        auto& to = x_server.at(next);
        to.splice(to.end(), x_server.at(x_stage), x_place);
        if (std::exchange(x_stage, next) == stage::answering)
            x_server.x_room.cancel();
    }

    // One deadline for all reads until the next call, however many bytes each of them gets.
    void allow(steady::duration span) {
        x_deadline = steady::now() + span;
        stream.expires_at(x_deadline);
    }
    // The stream's own timer loses to bytes that arrive at the same moment.
    [[nodiscard]] bool is_late() const { return steady::now() >= x_deadline; }

    // While its request is held: waits until `due`, or until somebody rings. False when the peer has gone
    // away meanwhile, or has said that it will send nothing more, which a peer that waits does not do.
    asio::awaitable<bool> hold_until(steady::time_point due) {
        x_bell.expires_at(due);
        x_rung = false;
        while (x_watches_peer) {
            auto first = experimental::make_parallel_group(
                x_bell.async_wait(asio::deferred),
                stream.socket().async_wait(any_protocol::socket::wait_read, asio::deferred));
            const auto [order, bell_ec, read_ec] =
                co_await first.async_wait(experimental::wait_for_one(), asio::use_awaitable);
            if (order[0] == 0)
                co_return true;
            if (read_ec || !take_early_bytes())
                co_return false;
            if (x_rung || hurried)
                co_return true;
        }
        if (!x_rung && !hurried)
            co_await x_bell.async_wait(nothrow);
        co_return true;
    }
    void ring() {
        x_rung = true;
        x_bell.cancel();
    }
    void watch_peer() { x_watches_peer = true; }

    // Answers a request that is held, as if its time was up.
    void hurry() {
        hurried = true;
        ring();
    }

    tls_context tls;  // the one it began with
    const bool from_loopback;
    any_stream stream;
    beast::flat_buffer received;  // and not used up yet
    bool begun = false;           // between the first byte of a request and the last of its reply
    bool refused = false;         // its last request was answered before it was read to the end
    bool hurried = false;         // its request must be answered now

private:
    // What comes while a request is held belongs to the next one. False when the peer is gone. Who sends more
    // than a head is answered now; under TLS nobody can tell, and the peer is watched no longer.
    bool take_early_bytes() {
        const auto room = received.max_size() - received.size();
        x_watches_peer = !tls && room > 0;
        if (!x_watches_peer) {
            hurried = hurried || !tls;
            return true;
        }
        error_code ec;
        stream.socket().non_blocking(true, ec);
        const auto size = stream.socket().read_some(received.prepare(room), ec);
        received.commit(size);
        return !ec || ec == asio::error::would_block;
    }

    http_server& x_server;
    steady::time_point x_deadline;
    stage x_stage = stage::reading_head;
    queue::iterator x_place;
    asio::steady_timer x_bell{x_server.x_executor};
    bool x_watches_peer = true;
    bool x_rung = false;
};

http_server::http_server(asio::any_io_executor executor, std::string name, handler on_request,
                         server_limits limits, tls_context tls)
    : x_executor(executor),
      x_name(std::move(name)),
      x_on_request(std::move(on_request)),
      x_limits(limits),
      x_tls(std::move(tls)),
      x_room(executor, steady::time_point::max()),
      x_tasks(executor) {}
http_server::~http_server() = default;

// Throws startup_error, in which `described` stands for the address and the setting.
void http_server::bind_to(const any_protocol::endpoint& address, std::string described) {
    error_code ec;
    auto& made = x_listeners.emplace_back(listener{acceptor(x_executor), std::move(described)});
    made.socket.open(address.protocol(), ec);
    if (!ec && address.protocol().family() != AF_UNIX)
        made.socket.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        made.socket.bind(address, ec);
    require_port(made, ec);
}

void http_server::require_port(const listener& which, const error_code& ec) {
    if (ec)
        throw startup_error("cannot listen on " + which.described + ": " + ec.message() +
                            "; free it or choose another one");
}

void http_server::listen() {
    for (auto& each : x_listeners) {
        error_code ec;  // of those that listen already there is none
        each.socket.listen(asio::socket_base::max_listen_connections, ec);
        require_port(each, ec);
    }
}

void http_server::reserve(const tcp::endpoint& address, const std::string& setting) {
    bind_to(address,
            address.address().to_string() + " port " + std::to_string(address.port()) + " (" + setting + ")");
    x_port = to_tcp(x_listeners.back().socket.local_endpoint()).port();
}

void http_server::bind(const tcp::endpoint& address, const std::string& setting) {
    reserve(address, setting);
    listen();
}

void http_server::bind_local(const std::string& path, const std::string& setting) {
    const std::string described = "the Unix socket " + path + " (" + setting + ")";
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        throw startup_error("cannot listen on " + described + ": the path may have " +
                            std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes at most");
    if (is_socket(path)) {
        if (!is_abandoned(x_executor, path))
            throw startup_error("cannot listen on " + described +
                                ": another process does; stop it or choose another one");
        ::unlink(path.c_str());
    }
    // Nobody may connect before the mode is right.
    const mode_t before = ::umask(0777);
    try {
        bind_to(asio::local::stream_protocol::endpoint(path), described);
        listen();
    } catch (...) {
        ::umask(before);
        throw;
    }
    ::umask(before);
    x_local_path = path;
    x_local_file = stamp_of(path);
    constexpr mode_t owner_and_group = 0660;
    if (::chmod(path.c_str(), owner_and_group) != 0)
        throw startup_error("cannot set the mode of " + described + ": " + std::strerror(errno));
}

void http_server::start() {
    listen();
    for (auto& each : x_listeners)
        x_tasks.spawn(accept_loop(each.socket));
}

void http_server::look_again() {
    ++x_changes;
    for (connection* held : at(stage::holding))
        held->ring();
}

void http_server::drain() {
    x_draining = true;
    error_code ignored;
    for (auto& each : x_listeners)
        each.socket.close(ignored);
    // Unless another process has put its own there.
    if (!x_local_path.empty() && stamp_of(x_local_path).inode == x_local_file.inode)
        ::unlink(x_local_path.c_str());
    x_local_path.clear();
    x_room.cancel();
    for (connection* held : at(stage::holding))
        held->hurry();
    for (const auto& waiting : x_connections)
        for (connection* open : waiting)
            if (!open->begun)
                open->stream.socket().shutdown(any_protocol::socket::shutdown_receive, ignored);
}

asio::awaitable<void> http_server::join(steady::duration patience) {
    co_await x_tasks.finish(patience);
}

asio::awaitable<void> http_server::accept_loop(acceptor& from) {
    while (!x_draining) {
        auto [ec, socket] = co_await from.async_accept(nothrow);
        if (x_draining)
            break;
        if (ec) {
            // Out of descriptors, or a connection that ended before it was taken: neither ends the listener.
            const auto severity = x_accept_failures.begins() ? log::level::warning : log::level::debug;
            log::write(severity, "accept_failed", {{"listener", x_name}, {"error", ec.message()}});
            co_await recover_from(ec);
            continue;
        }
        co_await make_room();
        if (x_draining)
            break;
        auto taken = std::make_unique<connection>(*this, std::move(socket));
        x_tasks.spawn(serve(std::move(taken)));
    }
}

// A descriptor that a waiting connection gives up is one for the next in the kernel's queue.
asio::awaitable<void> http_server::recover_from(error_code ec) {
    if (is_out_of_descriptors(ec)) {
        if (evict_one())
            co_return;
        hurry_one();
    }
    co_await sleep_for(accept_pause);
}

// Returns once there is room for one more, or when the server drains. Where every connection is being
// answered, that takes until one of them is done.
asio::awaitable<void> http_server::make_room() {
    while (x_open >= x_limits.max_connections && !x_draining && !evict_one()) {
        hurry_one();
        co_await x_room.async_wait(nothrow);
    }
}

// Closes the connection that has waited longest without a whole request, if there is one.
bool http_server::evict_one() {
    const auto* last = x_connections.begin() + static_cast<std::size_t>(stage::holding);
    const auto* first = std::find_if(x_connections.cbegin(), last, [](const queue& q) { return !q.empty(); });
    if (first == last)
        return false;
    connection* longest = first->front();
    ++x_evicted;
    --x_open;
    if (x_evictions.begins())
        log::warning("connections_evicted", {{"listener", x_name},
                                             {"open", x_open + 1},
                                             {"limit", x_limits.max_connections},
                                             {"evicted_before", x_evicted - 1}});
    longest->enter(stage::evicted);
    longest->stream.close();
    return true;
}

// Answers the request that is held longest before its time; its connection is idle after that.
void http_server::hurry_one() {
    const auto& held = at(stage::holding);
    const auto longest =
        std::find_if(held.begin(), held.end(), [](const connection* c) { return !c->hurried; });
    if (longest != held.end())
        (*longest)->hurry();
}

asio::awaitable<void> http_server::serve(std::unique_ptr<connection> self) {
    error_code ignored;
    auto& stream = self->stream;
    stream.socket().set_option(tcp::no_delay(true), ignored);
    if (!self->tls) {
        co_await converse(stream, *self);
        if (self->refused)
            co_await discard_rest(stream, x_limits.body_timeout);
        stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
        co_return;
    }
    beast::ssl_stream<any_stream&> secured(stream, *self->tls);
    stream.expires_after(x_limits.handshake_timeout);
    const auto [ec] = co_await secured.async_handshake(asio::ssl::stream_base::server, nothrow);
    if (ec) {
        log::debug("tls_handshake_failed", {{"listener", x_name}, {"error", ec.message()}});
        co_return;
    }
    co_await converse(secured, *self);
    if (self->is_evicted())
        co_return;
    stream.expires_after(x_limits.write_timeout);
    co_await secured.async_shutdown(nothrow);
    if (self->refused)
        co_await discard_rest(stream, x_limits.body_timeout);
}

template <class Stream>
asio::awaitable<void> http_server::converse(Stream& stream, connection& self) {
    self.allow(x_limits.header_timeout);
    bool more = true;
    while (more && !x_draining) {
        more = co_await exchange(stream, self);
        if (!more || self.is_evicted())
            break;
        // The next request, unless some of it is here already.
        self.begun = self.received.size() > 0;
        self.enter(self.begun ? stage::reading_head : stage::idle);
        self.allow(self.begun ? x_limits.header_timeout : x_limits.idle_timeout);
    }
    self.enter(stage::leaving);
}

// One request and its reply. False where that was the last.
template <class Stream>
asio::awaitable<bool> http_server::exchange(Stream& stream, connection& self) {
    head_reader reader;
    request_head& head = reader.head();
    reading outcome = co_await read_head(stream, self, reader);
    if (outcome == reading::done)
        outcome = co_await read_body(stream, self, head);
    if (outcome == reading::gone || self.is_evicted())
        co_return false;

    reply answered;
    self.refused = outcome != reading::done;
    if (self.refused) {
        answered = status_reply(static_cast<unsigned>(outcome));
    } else {
        head.message.from_loopback = self.from_loopback;
        answered = co_await answer_in_time(self, head.message);
    }
    if (answered.drop)
        co_return false;
    const bool keep_alive = !self.refused && head.keep_alive && !x_draining;
    auto raw = make_raw(std::move(answered), head, keep_alive);
    self.stream.expires_after(x_limits.write_timeout);
    const auto [ec, written] = co_await http::async_write(stream, raw, nothrow);
    co_return !ec && keep_alive;
}

// Adds to what was received. Fails when the peer is gone, too slow or evicted.
template <class Stream>
asio::awaitable<error_code> http_server::read_more(Stream& stream, connection& self) {
    const auto room = self.received.prepare(x_limits.max_header_bytes - self.received.size());
    const auto [ec, size] = co_await stream.async_read_some(room, nothrow);
    self.received.commit(size);
    if (!ec && (self.is_evicted() || self.is_late()))
        co_return asio::error::timed_out;
    co_return ec;
}

template <class Stream>
asio::awaitable<http_server::reading> http_server::read_head(Stream& stream, connection& self,
                                                             head_reader& reader) {
    for (;;) {
        const head_state state = reader.read(view(self.received));
        if (state == head_state::complete)
            self.received.consume(reader.size());
        if (state != head_state::incomplete)
            co_return reading_of(state);
        if (self.received.size() >= x_limits.max_header_bytes)
            co_return reading::head_too_large;
        const error_code ec = co_await read_more(stream, self);
        if (ec)
            co_return reading::gone;
        self.begun = true;
        if (self.at() == stage::idle) {
            self.enter(stage::reading_head);
            self.allow(x_limits.header_timeout);
        }
    }
}

template <class Stream>
asio::awaitable<http_server::reading> http_server::read_body(Stream& stream, connection& self,
                                                             request_head& head) {
    if (!head.chunked && head.content_length == 0)
        co_return reading::done;
    if (head.content_length > x_limits.max_body_bytes)
        co_return reading::body_too_large;
    if (head.expects_continue && self.received.size() == 0) {
        raw_reply proceed(http::status::continue_, 11);
        self.stream.expires_after(x_limits.write_timeout);
        const auto [ec, written] = co_await http::async_write(stream, proceed, nothrow);
        if (ec)
            co_return reading::gone;
    }
    self.enter(stage::reading_body);
    self.allow(x_limits.body_timeout);
    if (head.chunked)
        co_return co_await read_chunked(stream, self, head.message.body);
    co_return co_await read_counted(stream, self, head.message.body, head.content_length);
}

template <class Stream>
asio::awaitable<http_server::reading> http_server::read_counted(Stream& stream, connection& self,
                                                                std::string& body, std::size_t length) {
    for (;;) {
        const auto piece = view(self.received).substr(0, length - body.size());
        body += piece;
        self.received.consume(piece.size());
        if (body.size() == length)
            co_return reading::done;
        const error_code ec = co_await read_more(stream, self);
        if (ec)
            co_return reading::gone;
    }
}

template <class Stream>
asio::awaitable<http_server::reading> http_server::read_chunked(Stream& stream, connection& self,
                                                                std::string& body) {
    chunked_body chunks(x_limits.max_body_bytes, x_limits.max_header_bytes);
    for (;;) {
        self.received.consume(chunks.read(view(self.received)));
        switch (chunks.state()) {
            case chunked_state::complete:
                body = std::move(chunks.data());
                co_return reading::done;
            case chunked_state::malformed:
                co_return reading::malformed;
            case chunked_state::too_large:
                co_return reading::body_too_large;
            case chunked_state::incomplete:
                break;
        }
        const error_code ec = co_await read_more(stream, self);
        if (ec)
            co_return reading::gone;
    }
}

http_server::reading http_server::reading_of(head_state state) {
    switch (state) {
        case head_state::complete:
            return reading::done;
        case head_state::unsupported_version:
            return reading::version_not_supported;
        case head_state::unsupported_expectation:
            return reading::expectation_failed;
        case head_state::incomplete:
        case head_state::malformed:
            break;
    }
    return reading::malformed;
}

// The answer to a request, or a drop where its peer went away while it was held.
asio::awaitable<reply> http_server::answer_in_time(connection& self, request& incoming) {
    self.enter(stage::answering);
    self.watch_peer();
    const auto came = steady::now();
    for (;;) {
        const auto seen = x_changes;
        reply answered = co_await answer(incoming);
        if (!answered.hold)
            co_return answered;
        if (incoming.waited >= *answered.hold) {
            log::error("request_held_for_ever", {{"listener", x_name}, {"path", incoming.path}});
            co_return status_reply(500);
        }
        self.enter(stage::holding);
        bool peer_is_there = true;
        if (seen == x_changes && !x_draining && !self.hurried)
            peer_is_there = co_await self.hold_until(came + *answered.hold);
        self.enter(stage::answering);
        if (!peer_is_there)
            co_return reply{.drop = true};
        const bool at_once = x_draining || std::exchange(self.hurried, false);
        incoming.waited = at_once ? steady::duration::max() : steady::now() - came;
    }
}

asio::awaitable<reply> http_server::answer(const request& incoming) {
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
