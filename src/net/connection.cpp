#include "connection.hpp"

#include "endpoint.hpp"

#include <nullworker/net/chunked_body.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <sys/socket.h>

namespace nullworker::net {
namespace {

namespace experimental = asio::experimental;
using tcp = asio::ip::tcp;
using steady = std::chrono::steady_clock;

// How much memory a connection gets before its peer has sent anything.
constexpr std::size_t first_piece = 1024;

reading reading_of(head_state state) {
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

}  // namespace

connection::origin connection::origin_of(const listener::address& from) {
    if (from.protocol().family() == AF_UNIX)
        return {local_peer, true, true};
    const auto ip = to_tcp(from).address();
    return {peer_of(ip), unmapped(ip).is_loopback()};
}

connection::connection(listener::socket socket, origin comes_from, crowd& among, const server_limits& limits,
                       tls_context tls)
    : member(among, comes_from.from, steady::now()),
      x_limits(limits),
      x_tls(std::move(tls)),
      x_from_loopback(comes_from.is_this_machine),
      x_from_unix_socket(comes_from.is_unix_socket),
      x_stream(write_watch(*this), std::move(socket)),
      x_received(limits.max_header_bytes),
      x_bell(x_stream.get_executor()) {}

// ---- time and bytes ---------------------------------------------------------------------------------------

// One deadline for all reads until the next call, however many bytes each of them gets.
void connection::allow(steady::duration span, steady::time_point from) {
    x_deadline = from + span;
    x_stream.expires_at(x_deadline);
}

std::string_view connection::received() const {
    const auto bytes = x_received.data();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
}

asio::awaitable<std::tuple<error_code, std::size_t>> connection::read_some(asio::mutable_buffer room) {
    if (x_secured)
        return x_secured->async_read_some(room, nothrow);
    return x_stream.async_read_some(room, nothrow);
}

asio::awaitable<std::tuple<error_code, std::size_t>> connection::send(std::string_view text) {
    x_stream.expires_after(x_limits.write_timeout);
    if (x_secured)
        return asio::async_write(*x_secured, asio::buffer(text), nothrow);
    return asio::async_write(x_stream, asio::buffer(text), nothrow);
}

// What the next read gets room for: memory is had as a peer fills it, so that many who send little cost
// little.
std::size_t connection::next_piece() const {
    const auto left = x_limits.max_header_bytes - x_received.size();
    const auto spare = x_received.capacity() - x_received.size();
    const bool is_short = x_filled || spare == 0;
    return std::min(left, is_short ? std::max(4 * x_received.capacity(), first_piece) : spare);
}

// Adds to what was received. Fails when the peer is gone, too slow or evicted.
asio::awaitable<error_code> connection::read_more() {
    const auto room = x_received.prepare(next_piece());
    const auto [ec, size] = co_await read_some(room);
    x_received.commit(size);
    x_filled = size == room.size();
    // The stream's own timer loses to bytes that arrive at the same moment. A request that comes in the last
    // moment of an idle connection is still served.
    if (!ec && (is_evicted() || (is_late() && at() != stage::idle)))
        co_return asio::error::timed_out;
    co_return ec;
}

// ---- from beginning to end --------------------------------------------------------------------------------

asio::awaitable<bool> connection::speaks() {
    x_stream.expires_after(x_tls ? x_limits.handshake_timeout : x_limits.header_timeout);
    const auto [ec, size] = co_await read_some(x_received.prepare(next_piece()));
    x_received.commit(size);
    x_begun = !ec && !x_tls;
    co_return !ec && !is_evicted();
}

asio::awaitable<bool> connection::is_called(steady::time_point due) {
    x_bell.expires_at(due);
    const auto [ec] = co_await x_bell.async_wait(nothrow);
    co_return ec == asio::error::operation_aborted;
}

void connection::make_room() {
    x_stream.close();
    x_bell.cancel();
}

asio::awaitable<error_code> connection::begin() {
    if (x_tls) {
        x_secured.emplace(x_stream, *x_tls);
        x_stream.expires_after(x_limits.handshake_timeout);
        const auto [ec, size] =
            co_await x_secured->async_handshake(asio::ssl::stream_base::server, x_received.data(), nothrow);
        if (ec)
            co_return ec;
        x_received.consume(size);
    }
    allow(x_limits.header_timeout, steady::now());
    co_return error_code();
}

void connection::expect_next() {
    x_begun = x_received.size() > 0;
    const auto now = steady::now();
    enter(x_begun ? stage::reading_head : stage::idle, now);
    allow(x_begun ? x_limits.header_timeout : x_limits.idle_timeout, now);
}

void connection::finish() {
    error_code ignored;
    if (!x_begun)
        x_stream.socket().shutdown(tcp::socket::shutdown_receive, ignored);
}

asio::awaitable<void> connection::end() {
    if (x_secured) {
        if (is_evicted())
            co_return;
        x_stream.expires_after(x_limits.write_timeout);
        co_await x_secured->async_shutdown(nothrow);
    }
    if (x_unread)
        co_await discard_rest();
    error_code ignored;
    if (!x_secured)
        x_stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

// Were the connection closed before it is read to its end, the kernel would reset it for the bytes unread,
// and the peer might never see the reply. A peer that writes all before it reads is bounded by time alone; it
// is the first to make room all the while.
asio::awaitable<void> connection::discard_rest() {
    error_code ignored;
    x_stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    const auto last = steady::now() + x_limits.linger;
    std::array<char, 4096> scrap;
    while (steady::now() < last) {
        x_stream.expires_at(std::min(last, steady::now() + x_limits.linger_silence));
        const auto [ec, size] = co_await x_stream.async_read_some(asio::buffer(scrap), nothrow);
        if (ec)
            co_return;
    }
}

// ---- reading ----------------------------------------------------------------------------------------------

asio::awaitable<reading> connection::read_head(head_reader& reader) {
    for (;;) {
        const head_state state = reader.read(received());
        if (state == head_state::complete)
            x_received.consume(reader.size());
        if (state != head_state::incomplete)
            co_return reading_of(state);
        if (x_received.size() >= x_limits.max_header_bytes)
            co_return reading::head_too_large;
        const error_code ec = co_await read_more();
        if (ec)
            co_return reading::gone;
        x_begun = true;
        if (at() == stage::idle) {
            const auto now = steady::now();
            enter(stage::reading_head, now);
            allow(x_limits.header_timeout, now);
        }
    }
}

asio::awaitable<reading> connection::read_body(request_head& head) {
    if (!head.chunked && head.content_length == 0)
        co_return reading::done;
    if (head.content_length > x_limits.max_body_bytes)
        co_return reading::body_too_large;
    if (head.expects_continue && x_received.size() == 0) {
        const auto [ec, size] = co_await send("HTTP/1.1 100 Continue\r\n\r\n");
        if (ec)
            co_return reading::gone;
    }
    const auto now = steady::now();
    enter(stage::reading_body, now);
    allow(x_limits.body_timeout, now);
    if (head.chunked)
        co_return co_await read_chunked(head.message.body);
    co_return co_await read_counted(head.message.body, head.content_length);
}

asio::awaitable<reading> connection::read_counted(std::string& body, std::size_t length) {
    for (;;) {
        const auto piece = received().substr(0, length - body.size());
        body += piece;
        x_received.consume(piece.size());
        if (body.size() == length)
            co_return reading::done;
        const error_code ec = co_await read_more();
        if (ec)
            co_return reading::gone;
    }
}

asio::awaitable<reading> connection::read_chunked(std::string& body) {
    chunked_body chunks(x_limits.max_body_bytes, x_limits.max_header_bytes);
    for (;;) {
        x_received.consume(chunks.read(received()));
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
        const error_code ec = co_await read_more();
        if (ec)
            co_return reading::gone;
    }
}

// ---- waiting for a change ---------------------------------------------------------------------------------

void connection::wake() {
    x_rung = true;
    x_bell.cancel();
}

asio::awaitable<bool> connection::wait_for_change(steady::time_point due) {
    x_bell.expires_at(due);
    x_rung = false;
    while (x_watches_peer) {
        auto first = experimental::make_parallel_group(
            x_bell.async_wait(asio::deferred),
            x_stream.socket().async_wait(listener::socket::wait_read, asio::deferred));
        const auto [order, bell_ec, read_ec] =
            co_await first.async_wait(experimental::wait_for_one(), asio::use_awaitable);
        if (order[0] == 0)
            co_return true;
        if (read_ec || !take_early_bytes())
            co_return false;
        if (x_rung)
            co_return true;
    }
    if (!x_rung)
        co_await x_bell.async_wait(nothrow);
    co_return true;
}

// What comes while a request waits belongs to the next one. False when the peer is gone. Who sends more than
// a head is answered now; under TLS nobody can tell, and the peer is watched no longer.
bool connection::take_early_bytes() {
    const auto room = x_received.max_size() - x_received.size();
    x_watches_peer = !x_tls && room > 0;
    if (!x_watches_peer) {
        if (!x_tls)
            hurry();
        return true;
    }
    error_code ec;
    x_stream.socket().non_blocking(true, ec);
    const auto size = x_stream.socket().read_some(x_received.prepare(room), ec);
    x_received.commit(size);
    return !ec || ec == asio::error::would_block;
}

}  // namespace nullworker::net
