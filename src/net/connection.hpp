#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/crowd.hpp>
#include <nullworker/net/listener.hpp>
#include <nullworker/net/request_head.hpp>
#include <nullworker/net/server_limits.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/rate_policy.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace nullworker::net {

// What came of reading a part of a request: it is here, the peer is gone or too slow, or the status of the
// refusal.
enum class reading : std::uint16_t {
    done = 0,
    gone = 1,
    malformed = 400,
    body_too_large = 413,
    expectation_failed = 417,
    head_too_large = 431,
    version_not_supported = 505,
};

// Tells a member of a crowd of each piece that its peer took. In the terms of Beast it is a rate policy, one
// without a limit.
class write_watch {
public:
    explicit write_watch(crowd::member& writer) : x_writer(&writer) {}

private:
    friend class boost::beast::rate_policy_access;

    static constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
    [[nodiscard]] static std::size_t available_read_bytes() noexcept { return any; }
    [[nodiscard]] static std::size_t available_write_bytes() noexcept { return any; }
    static void transfer_read_bytes(std::size_t) noexcept {}
    void transfer_write_bytes(std::size_t size) const {
        if (size > 0)
            x_writer->get_on(std::chrono::steady_clock::now());
    }
    static void on_timer() noexcept {}

    crowd::member* x_writer;
};

// One connection of a server, with TLS or without: reads requests, writes replies, keeps to the time limits,
// and watches its peer while a request waits. What comes when is up to the server. One that is silent has but
// a socket and room for the first bytes: what else it needs, it gets when the peer has begun to send.
class connection final : public crowd::member {
public:
    // Where a socket comes from.
    struct origin {
        peer from;
        bool is_this_machine;
        bool is_unix_socket = false;
    };
    [[nodiscard]] static origin origin_of(const listener::address& from);

    // It begins and ends with `tls`, null for none. What the references are to outlives it.
    connection(listener::socket socket, origin comes_from, crowd& among, const server_limits& limits,
               tls_context tls);

    // Whether the peer is on this machine.
    [[nodiscard]] bool from_loopback() const noexcept { return x_from_loopback; }
    [[nodiscard]] bool from_unix_socket() const noexcept { return x_from_unix_socket; }

    // Waits until the peer has begun to send. False where it does not, or was evicted.
    [[nodiscard]] asio::awaitable<bool> speaks();

    // Waits until it is called, or evicted, or until `due`; true if not for that.
    [[nodiscard]] asio::awaitable<bool> is_called(std::chrono::steady_clock::time_point due);
    void call() { x_bell.cancel(); }

    // Before the first request. Fails where the TLS handshake does.
    [[nodiscard]] asio::awaitable<error_code> begin();

    // Reads a head, which is `reader`'s then, and the body that it announces. With `gone` there is nobody to
    // answer; any other reading but `done` leaves the rest of the request unread.
    [[nodiscard]] asio::awaitable<reading> read_head(head_reader& reader);
    [[nodiscard]] asio::awaitable<reading> read_body(request_head& head);

    // Once the body is read, before it waits: the peer may send the next request now, or go away.
    void watch_peer() { x_watches_peer = true; }

    // Waits until `due`, or until it is woken. False when the peer has gone away meanwhile, or has said that
    // it will send nothing more, which a peer that waits does not do.
    [[nodiscard]] asio::awaitable<bool> wait_for_change(std::chrono::steady_clock::time_point due);

    // Writes `text`, which outlives it.
    [[nodiscard]] asio::awaitable<std::tuple<error_code, std::size_t>> send(std::string_view text);

    // After a reply: expects the next request, of which some may be here already.
    void expect_next();

    // Ends what `begin()` began, so that the peer sees the last reply.
    [[nodiscard]] asio::awaitable<void> end();

    // The last request was answered before it was read to its end.
    void leave_unread() { x_unread = true; }

    // Whether some of the next request is here already.
    [[nodiscard]] bool has_more() const noexcept { return x_received.size() > 0; }

private:
    using any_stream =
        boost::beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor, write_watch>;

    void make_room() override;
    void wake() override;
    void finish() override;

    void allow(std::chrono::steady_clock::duration span, std::chrono::steady_clock::time_point from);
    [[nodiscard]] bool is_late() const { return std::chrono::steady_clock::now() >= x_deadline; }
    [[nodiscard]] std::string_view received() const;
    [[nodiscard]] asio::awaitable<std::tuple<error_code, std::size_t>> read_some(asio::mutable_buffer room);
    [[nodiscard]] std::size_t next_piece() const;
    asio::awaitable<error_code> read_more();
    asio::awaitable<reading> read_counted(std::string& body, std::size_t length);
    asio::awaitable<reading> read_chunked(std::string& body);
    bool take_early_bytes();
    asio::awaitable<void> discard_rest();

    const server_limits& x_limits;
    const tls_context x_tls;
    const bool x_from_loopback;
    const bool x_from_unix_socket;
    any_stream x_stream;
    std::optional<boost::beast::ssl_stream<any_stream&>> x_secured;  // with TLS
    boost::beast::flat_buffer x_received;                            // and not used up yet
    std::chrono::steady_clock::time_point x_deadline;
    asio::steady_timer x_bell;
    bool x_begun = false;   // between the first byte of a request and the last of its reply
    bool x_filled = false;  // the last read left no room
    bool x_unread = false;
    bool x_watches_peer = true;
    bool x_rung = false;
};

}  // namespace nullworker::net
