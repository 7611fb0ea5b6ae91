#include "acknowledged.hpp"
#include "client_handshake.hpp"
#include "grammar.hpp"
#include "interim.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/net/connect.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/net/tolerant_head.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace nullworker::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using plain_socket = asio::generic::stream_protocol::socket;  // TCP or Unix
using namespace std::chrono_literals;

// Many servers close after 5 s, without a word of it.
constexpr auto usual_time_to_keep = 4s;

// A request takes that long to get there.
constexpr auto time_on_the_way = 1s;

constexpr unsigned request_timeout = 408;

constexpr bool wants_the_same_elsewhere(unsigned status) {
    return status == 307 || status == 308;
}

// Of an answer whose body nobody wants.
constexpr std::size_t read_at_once = 4096;
constexpr std::size_t most_of_a_body = 64 * 1024;
constexpr auto time_for_a_body = std::chrono::milliseconds(250);
constexpr std::size_t shown_of_no_answer = 60;

http::verb raw_verb(verb method) {
    if (method == verb::put)
        return http::verb::put;
    return method == verb::post ? http::verb::post : http::verb::get;
}

http::request<http::string_body> make_raw(const call& request) {
    http::request<http::string_body> raw(raw_verb(request.method), request.target.target, 11);
    raw.set(http::field::host, request.target.authority());
    raw.set(http::field::user_agent, "nullworker/" NULLWORKER_VERSION);
    raw.set(http::field::accept, "*/*");
    if (request.on_connection == exchanges::single)
        raw.set(http::field::connection, "close");
    for (const auto& [name, value] : request.headers)
        raw.set(name, value);
    if (request.method != verb::get) {
        raw.set(http::field::content_type, request.content_type);
        raw.body() = request.body;
    }
    raw.prepare_payload();
    return raw;
}

reply take(http::response<http::string_body>&& raw) {
    reply out;
    out.status = raw.result_int();
    out.content_type = std::string(raw[http::field::content_type]);
    for (const auto& field : raw)
        out.headers.emplace_back(field.name_string(), field.value());
    out.body = std::move(raw.body());
    return out;
}

// The number behind `timeout=` in the value of a Keep-Alive field.
std::optional<std::chrono::seconds> timeout_in(std::string_view field) {
    constexpr std::string_view key = "timeout=";
    constexpr int longest = 24 * 60 * 60;
    while (!field.empty()) {
        const auto comma = std::min(field.find(','), field.size());
        const auto part = grammar::trimmed(field.substr(0, comma));
        field.remove_prefix(std::min(comma + 1, field.size()));
        if (part.size() <= key.size() || !grammar::is(part.substr(0, key.size()), key))
            continue;
        int count = 0;
        const auto [end, ec] = std::from_chars(part.data() + key.size(), part.data() + part.size(), count);
        if (ec == std::errc() && end == part.data() + part.size() && count >= 0)
            return std::chrono::seconds(std::min(count, longest));
    }
    return std::nullopt;
}

// Whatever it comes from, a setting or a peer's answer, what is sent is one request and no more.
bool may_be_sent(const call& request) {
    if (has_control_character(request.target.target) || has_control_character(request.target.host) ||
        has_control_character(request.content_type))
        return false;
    return std::none_of(request.headers.begin(), request.headers.end(), [](const header& one) {
        return has_control_character(one.first) || has_control_character(one.second);
    });
}

}  // namespace

std::chrono::steady_clock::duration time_to_keep(const reply& last) {
    const auto told = timeout_in(last.find("Keep-Alive").value_or(std::string_view()));
    return told ? std::max<std::chrono::seconds>(*told - time_on_the_way, 0s) : usual_time_to_keep;
}

// An open connection to one origin.
class http_client::connection {
public:
    connection(const call& first, plain_socket socket)
        : x_origin(first.target), x_local_socket(first.local_socket), x_socket(std::move(socket)) {}
    connection(const call& first, tcp::socket socket, tls_context context)
        : x_origin(first.target),
          x_socket(secured_socket(std::move(socket), *context)),
          x_context(std::move(context)) {}

    [[nodiscard]] bool leads_to(const call& next) const {
        return same_origin(x_origin, next.target) && x_local_socket == next.local_socket;
    }

    // A kept connection on which something arrived, or which was closed, is of no use.
    [[nodiscard]] bool is_stale() {
        if (auto* secured = std::get_if<secured_socket>(&x_socket))
            return !is_silent(secured->next_layer());
        return !is_silent(std::get<plain_socket>(x_socket));
    }

    asio::awaitable<error_code> handshake() {
        return shake_hands(std::get<secured_socket>(x_socket), x_origin.host);
    }

    struct outcome {
        error_code ec;
        bool reply_begun = false;     // at least one byte of the reply came
        bool is_unprocessed = false;  // the peer certainly never had the whole request
        bool keep_alive = false;
        reply answer;
    };

    asio::awaitable<outcome> exchange(call request) {
        if (auto* secured = std::get_if<secured_socket>(&x_socket))
            co_return co_await exchange_on(*secured, std::move(request));
        co_return co_await exchange_on(std::get<plain_socket>(x_socket), std::move(request));
    }

private:
    int descriptor() {
        if (auto* secured = std::get_if<secured_socket>(&x_socket))
            return secured->next_layer().native_handle();
        return std::get<plain_socket>(x_socket).native_handle();
    }

    template <class Socket>
    static bool is_silent(Socket& socket) {
        char byte = 0;
        error_code ec;
        socket.non_blocking(true, ec);
        socket.receive(asio::buffer(&byte, 1), Socket::message_peek, ec);
        return ec == asio::error::would_block;
    }

    template <class Stream>
    asio::awaitable<outcome> exchange_on(Stream& stream, call request) {
        outcome out;
        const auto raw = make_raw(request);
        const auto before = acknowledged_bytes(descriptor());
        std::tie(out.ec, std::ignore) = co_await http::async_write(stream, raw, nothrow);
        out.is_unprocessed = out.ec.failed();
        if (out.ec)
            co_return out;
        if (request.on_connection == exchanges::single)
            co_return co_await read_tolerantly(stream);
        beast::flat_buffer buffer;
        std::optional<http::response_parser<http::string_body>> parser;
        for (int interim = 0; !parser || is_interim(parser->get().result_int()); ++interim) {
            if (interim > most_interim)
                out.ec = errc::too_many_interim;
            else {
                parser.emplace();
                parser->body_limit(request.max_reply_bytes);
                std::tie(out.ec, std::ignore) = co_await http::async_read(stream, buffer, *parser, nothrow);
            }
            out.reply_begun = out.reply_begun || parser->got_some();
            if (out.ec)
                break;
        }
        // The peer's end acknowledges what came before it. If that is nothing of the request, then the peer
        // had closed before it could read any of it. An end by a reset proves nothing.
        const bool has_ended = out.ec == http::error::end_of_stream || out.ec == ssl::error::stream_truncated;
        out.is_unprocessed =
            !out.reply_begun && has_ended && before && acknowledged_bytes(descriptor()) == before;
        if (out.ec == http::error::body_limit || out.ec == http::error::header_limit)
            out.ec = errc::response_too_large;
        if (out.ec)
            co_return out;
        out.keep_alive = parser->keep_alive() && buffer.size() == 0;
        out.answer = take(parser->release());
        co_return out;
    }

    // What is short of a head is a failure; what is no HTTP is told as it begins.
    template <class Stream>
    static asio::awaitable<outcome> read_tolerantly(Stream& stream) {
        outcome out;
        tolerant_head head;
        std::string received;
        auto state = head.read(received);
        while (state == tolerant_head::state::incomplete) {
            const auto before = received.size();
            received.resize(before + read_at_once);
            auto room = asio::buffer(received.data() + before, read_at_once);
            const auto [ec, size] = co_await stream.async_read_some(room, nothrow);
            received.resize(before + size);
            const bool has_ended = ec == asio::error::eof || ec == ssl::error::stream_truncated;
            state = has_ended ? head.end(received) : head.read(received);
            if (ec && state == tolerant_head::state::incomplete) {
                out.ec = has_ended ? make_error_code(errc::no_answer) : ec;
                co_return out;
            }
        }
        out.reply_begun = true;
        if (state == tolerant_head::state::too_large) {
            out.ec = errc::response_too_large;
        } else if (state == tolerant_head::state::not_http) {
            out.answer = {.status = 0, .body = received.substr(0, shown_of_no_answer)};
        } else {
            out.answer = {.status = head.status(), .body = {}, .headers = std::move(head.fields())};
            const auto there = received.size() - head.size();
            auto work = discard_body(stream, head.length().value_or(most_of_a_body), there);
            (void)co_await within(time_for_a_body, std::move(work));
        }
        co_return out;
    }

    // A peer that finds its connection closed before it has said all might take that for an error.
    template <class Stream>
    static asio::awaitable<result<std::size_t>> discard_body(Stream& stream, std::size_t length,
                                                             std::size_t read) {
        std::array<char, read_at_once> chunk;
        while (read < std::min(length, most_of_a_body)) {
            auto room = asio::buffer(chunk);
            const auto [ec, size] = co_await stream.async_read_some(room, nothrow);
            if (ec)
                co_return ec;
            read += size;
        }
        co_return read;
    }

    url x_origin;
    std::string x_local_socket;
    std::variant<plain_socket, secured_socket> x_socket;
    tls_context x_context;
};

http_client::http_client(asio::any_io_executor executor, way_out out)
    : x_executor(std::move(executor)), x_out(std::move(out)) {
    if (!x_out.names)
        x_out.names = std::make_shared<resolver>(x_executor);
}
http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

void http_client::close() {
    x_kept.reset();
}

void http_client::take_over(http_client& other) {
    if (x_kept || !other.x_kept)
        return;
    x_kept = std::move(other.x_kept);
    x_kept_until = other.x_kept_until;
}

asio::awaitable<result<reply>> http_client::send(call request) {
    if (!may_be_sent(request))
        co_return errc::control_character;
    const auto limit = request.limit;
    auto work = follow(std::move(request));
    co_return co_await within(limit, std::move(work));
}

asio::awaitable<result<reply>> http_client::follow(call request) {
    for (;;) {
        auto answer = co_await exchange(request);
        if (!answer || !wants_the_same_elsewhere(answer->status) || request.max_redirects <= 0)
            co_return answer;
        const auto location = answer->find("Location");
        const auto there = location ? resolve(request.target, *location) : errc::invalid_url;
        if (!there || (request.target.is_tls() && !there->is_tls()))
            co_return answer;
        request.target = *there;
        --request.max_redirects;
    }
}

asio::awaitable<result<reply>> http_client::exchange(call request) {
    // Taken out, so that a cancelled exchange closes it.
    auto kept = std::move(x_kept);
    const bool is_fresh = std::chrono::steady_clock::now() < x_kept_until;
    if (kept && is_fresh && kept->leads_to(request) && !kept->is_stale()) {
        auto outcome = co_await kept->exchange(request);
        const bool gave_up_waiting = !outcome.ec && outcome.answer.status == request_timeout;
        if (!outcome.ec && !gave_up_waiting) {
            if (outcome.keep_alive)
                keep(std::move(kept), outcome.answer);
            co_return std::move(outcome.answer);
        }
        const bool is_unanswered = !outcome.reply_begun && outcome.ec != errc::response_too_large;
        const bool is_harmless = outcome.is_unprocessed || request.method == verb::get || request.repeatable;
        if (!gave_up_waiting && !(is_unanswered && is_harmless))
            co_return outcome.ec;
        // The peer closed it while the request was on its way, or was about to: a new connection.
    }
    kept.reset();

    std::unique_ptr<connection> made;
    if (!request.local_socket.empty()) {
        auto connected = co_await connect_local(x_executor, request.local_socket);
        if (!connected)
            co_return connected.error();
        made = std::make_unique<connection>(request, std::move(*connected));
        co_return co_await finish(std::move(made), std::move(request));
    }
    auto connected = co_await connect_to(x_executor, *x_out.names, request.target.host, request.target.port,
                                         request.limit);
    if (!connected)
        co_return connected.error();
    tcp::socket socket = std::move(*connected);
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (request.target.is_tls()) {
        auto context = x_out.trust->context();
        if (!context)
            co_return context.error();
        made = std::make_unique<connection>(request, std::move(socket), *context);
        const auto ec = co_await made->handshake();
        if (ec)
            co_return ec;
    } else {
        made = std::make_unique<connection>(request, std::move(socket));
    }
    co_return co_await finish(std::move(made), std::move(request));
}

// The exchange on a new connection, which is kept if it can be.
asio::awaitable<result<reply>> http_client::finish(std::unique_ptr<connection> made, call request) {
    auto outcome = co_await made->exchange(std::move(request));
    if (outcome.ec)
        co_return outcome.ec;
    if (outcome.keep_alive)
        keep(std::move(made), outcome.answer);
    co_return std::move(outcome.answer);
}

void http_client::keep(std::unique_ptr<connection> used, const reply& last) {
    x_kept = std::move(used);
    x_kept_until = std::chrono::steady_clock::now() + time_to_keep(last);
}

}  // namespace nullworker::net
