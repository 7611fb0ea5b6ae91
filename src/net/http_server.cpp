#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/net/http_server.hpp>

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <array>
#include <exception>
#include <optional>
#include <utility>

namespace nullworker::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using raw_request = http::request<http::string_body>;
using raw_reply = http::response<http::string_body>;
using request_parser = http::request_parser<http::string_body>;

// How long to leave the kernel's queue alone when the process is out of descriptors.
constexpr auto accept_pause = std::chrono::milliseconds(100);

// How much of a refused request to read for the sake of the reply.
constexpr std::size_t max_discarded_bytes = 1024 * 1024;

verb verb_of(http::verb value) {
    switch (value) {
        case http::verb::get:
            return verb::get;
        case http::verb::post:
            return verb::post;
        default:
            return verb::other;
    }
}

request take(raw_request&& raw) {
    const std::string_view target(raw.target().data(), raw.target().size());
    const auto mark = target.find('?');
    request out;
    out.method = verb_of(raw.method());
    out.path = target.substr(0, mark);
    if (mark != std::string_view::npos)
        out.query = target.substr(mark + 1);
    for (const auto& field : raw)
        out.headers.emplace_back(field.name_string(), field.value());
    out.body = std::move(raw.body());
    return out;
}

raw_reply make_raw(reply&& answer, bool keep_alive) {
    raw_reply raw(static_cast<http::status>(answer.status), 11);
    for (const auto& [name, value] : answer.headers)
        raw.set(name, value);
    raw.set(http::field::content_type, answer.content_type);
    raw.body() = std::move(answer.body);
    raw.keep_alive(keep_alive);
    raw.prepare_payload();
    return raw;
}

// The reply to a request that cannot be read, or nothing where the peer is simply gone or too slow.
std::optional<reply> refusal_of(const error_code& ec) {
    if (ec == http::error::header_limit)
        return status_reply(431);
    if (ec == http::error::body_limit)
        return status_reply(413);
    if (ec == http::error::end_of_stream || ec == http::error::partial_message)
        return std::nullopt;
    if (ec.category() == make_error_code(http::error::bad_method).category())
        return status_reply(400);
    return std::nullopt;
}

// Ends a connection whose request was not read to its end. Were it closed now, the kernel would reset it for
// the bytes unread, and the peer might never see the reply.
asio::awaitable<void> discard_rest(beast::tcp_stream& stream, std::chrono::steady_clock::duration limit) {
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

// What drain() must know of a connection.
struct http_server::connection {
    beast::tcp_stream& stream;
    bool busy = false;     // between the first byte of a request and the last of its reply
    bool refused = false;  // its last request was answered before it was read to the end
};

http_server::http_server(asio::any_io_executor executor, std::string name, handler on_request,
                         server_limits limits, tls_context tls)
    : x_executor(executor),
      x_name(std::move(name)),
      x_on_request(std::move(on_request)),
      x_limits(limits),
      x_tls(std::move(tls)),
      x_acceptor(executor),
      x_room(executor),
      x_tasks(executor) {}

void http_server::bind(const tcp::endpoint& address, const std::string& setting) {
    error_code ec;
    x_acceptor.open(address.protocol(), ec);
    if (!ec)
        x_acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        x_acceptor.bind(address, ec);
    if (!ec)
        x_acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec)
        throw startup_error("cannot listen on " + address.address().to_string() + " port " +
                            std::to_string(address.port()) + " (" + setting + "): " + ec.message() +
                            "; free the port or choose another one");
    x_port = x_acceptor.local_endpoint().port();
}

void http_server::start() {
    x_tasks.spawn(accept_loop());
}

void http_server::drain() {
    x_draining = true;
    error_code ignored;
    x_acceptor.close(ignored);
    x_room.cancel();
    for (connection* open : x_connections)
        if (!open->busy)
            open->stream.socket().shutdown(tcp::socket::shutdown_receive, ignored);
}

asio::awaitable<void> http_server::join(std::chrono::steady_clock::duration patience) {
    co_await x_tasks.finish(patience);
}

asio::awaitable<void> http_server::accept_loop() {
    bool failing = false;  // one warning an outage
    while (!x_draining) {
        if (x_connections.size() >= x_limits.max_connections) {
            x_room.expires_at(asio::steady_timer::time_point::max());
            co_await x_room.async_wait(nothrow);
            continue;
        }
        auto [ec, socket] = co_await x_acceptor.async_accept(nothrow);
        if (x_draining)
            break;
        if (ec) {
            // Out of descriptors, or a connection that ended before it was taken: neither ends the listener.
            const auto severity = std::exchange(failing, true) ? log::level::debug : log::level::warning;
            log::write(severity, "accept_failed", {{"listener", x_name}, {"error", ec.message()}});
            co_await sleep_for(accept_pause);
            continue;
        }
        failing = false;
        x_tasks.spawn(serve(std::move(socket)));
    }
}

asio::awaitable<void> http_server::serve(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    beast::tcp_stream stream(std::move(socket));
    connection self{stream};
    const auto place = x_connections.insert(x_connections.end(), &self);
    struct leave {
        http_server& server;
        std::list<connection*>::iterator place;
        ~leave() {
            server.x_connections.erase(place);
            server.x_room.cancel();
        }
    } on_exit{*this, place};

    if (!x_tls) {
        co_await converse(stream, self);
        if (self.refused)
            co_await discard_rest(stream, x_limits.body_timeout);
        stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
        co_return;
    }
    beast::ssl_stream<beast::tcp_stream&> secured(stream, *x_tls);
    stream.expires_after(x_limits.header_timeout);
    const auto [ec] = co_await secured.async_handshake(asio::ssl::stream_base::server, nothrow);
    if (ec) {
        log::debug("tls_handshake_failed", {{"listener", x_name}, {"error", ec.message()}});
        co_return;
    }
    co_await converse(secured, self);
    stream.expires_after(x_limits.write_timeout);
    co_await secured.async_shutdown(nothrow);
    if (self.refused)
        co_await discard_rest(stream, x_limits.body_timeout);
}

template <class Stream>
asio::awaitable<void> http_server::converse(Stream& stream, connection& self) {
    beast::flat_buffer buffer;
    for (bool first = true; !x_draining; first = false) {
        request_parser parser;
        parser.header_limit(static_cast<std::uint32_t>(x_limits.max_header_bytes));
        parser.body_limit(x_limits.max_body_bytes);
        error_code ec;

        // Until the first byte of a request is here the connection is idle; then the rest must come soon.
        if (buffer.size() == 0) {
            self.stream.expires_after(first ? x_limits.header_timeout : x_limits.idle_timeout);
            const auto [idle_ec, size] =
                co_await stream.async_read_some(buffer.prepare(x_limits.max_header_bytes), nothrow);
            if (idle_ec)
                co_return;
            buffer.commit(size);
        }
        self.busy = true;
        self.stream.expires_after(x_limits.header_timeout);
        std::tie(ec, std::ignore) = co_await http::async_read_header(stream, buffer, parser, nothrow);
        if (!ec) {
            if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
                raw_reply proceed(http::status::continue_, 11);
                self.stream.expires_after(x_limits.write_timeout);
                std::tie(ec, std::ignore) = co_await http::async_write(stream, proceed, nothrow);
            }
        }
        if (!ec) {
            self.stream.expires_after(x_limits.body_timeout);
            std::tie(ec, std::ignore) = co_await http::async_read(stream, buffer, parser, nothrow);
        }

        std::optional<reply> answered;
        bool keep_alive = false;
        if (ec) {
            answered = refusal_of(ec);
            if (!answered)
                co_return;
            self.refused = true;
        } else {
            keep_alive = parser.get().keep_alive();
            const bool head = parser.get().method() == http::verb::head;
            auto incoming = take(parser.release());
            answered = co_await answer(std::move(incoming));
            if (head)
                answered->body.clear();  // a body would be taken for the next reply
        }
        if (answered->drop)
            co_return;
        auto raw = make_raw(std::move(*answered), keep_alive && !x_draining);
        self.stream.expires_after(x_limits.write_timeout);
        const auto [write_ec, written] = co_await http::async_write(stream, raw, nothrow);
        self.busy = false;
        if (write_ec || !raw.keep_alive())
            co_return;
    }
}

asio::awaitable<reply> http_server::answer(request incoming) {
    const std::string path = incoming.path;
    try {
        co_return co_await x_on_request(std::move(incoming));
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted)
            throw;  // the connection is being cancelled
        log::error("request_failed", {{"listener", x_name}, {"path", path}, {"error", e.what()}});
    } catch (const std::exception& e) {
        log::error("request_failed", {{"listener", x_name}, {"path", path}, {"error", e.what()}});
    }
    co_return status_reply(500);
}

}  // namespace nullworker::net
