#include "support/raw_connection.hpp"

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

#include <strings.h>

namespace nullworker::test {
namespace {

using tcp = asio::ip::tcp;

constexpr std::string_view line_end = "\r\n";

void throw_if(const error_code& ec) {
    if (ec)
        throw boost::system::system_error(ec);
}

raw_message parse_header(std::string_view text) {
    raw_message out;
    const auto first_end = text.find(line_end);
    out.first_line = text.substr(0, first_end);
    text.remove_prefix(first_end + line_end.size());
    for (auto end = text.find(line_end); end != 0 && end != std::string_view::npos;
         end = text.find(line_end)) {
        const auto line = text.substr(0, end);
        const auto colon = line.find(": ");
        out.headers.emplace_back(line.substr(0, colon),
                                 colon == std::string_view::npos ? "" : line.substr(colon + 2));
        text.remove_prefix(end + line_end.size());
    }
    return out;
}

}  // namespace

int raw_message::status() const {
    return std::stoi(first_line.substr(first_line.find(' ') + 1));
}

std::optional<std::string> raw_message::find(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0)
            return value;
    return std::nullopt;
}

asio::awaitable<void> raw_connection::send(std::string bytes) {
    const auto [ec, size] = co_await asio::async_write(x_socket, asio::buffer(bytes), nothrow);
    throw_if(ec);
}

asio::awaitable<raw_message> raw_connection::read_header() {
    auto buffer = asio::dynamic_buffer(x_received);
    const auto [ec, size] = co_await asio::async_read_until(x_socket, buffer, "\r\n\r\n", nothrow);
    throw_if(ec);
    auto message = parse_header(std::string_view(x_received).substr(0, size));
    x_received.erase(0, size);
    co_return message;
}

asio::awaitable<raw_message> raw_connection::read_message() {
    auto message = co_await read_header();
    const auto length = message.find("Content-Length");
    const std::size_t size = length ? std::stoul(*length) : 0;
    if (x_received.size() < size) {
        auto buffer = asio::dynamic_buffer(x_received);
        const auto missing = asio::transfer_exactly(size - x_received.size());
        const auto [ec, more] = co_await asio::async_read(x_socket, buffer, missing, nothrow);
        throw_if(ec);
    }
    message.body = x_received.substr(0, size);
    x_received.erase(0, size);
    co_return message;
}

asio::awaitable<std::string> raw_connection::read_until_closed() {
    auto buffer = asio::dynamic_buffer(x_received);
    co_await asio::async_read(x_socket, buffer, nothrow);
    co_return std::exchange(x_received, {});
}

void raw_connection::finish_sending() {
    error_code ignored;
    x_socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void raw_connection::close() {
    error_code ignored;
    x_socket.close(ignored);
}

void raw_connection::reset() {
    error_code ignored;
    x_socket.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
}

asio::awaitable<raw_connection> connect_raw(std::uint16_t port) {
    auto made = co_await connect_raw_from(asio::ip::address_v4::loopback(), port);
    co_return std::move(made);
}

asio::awaitable<raw_connection> connect_raw_from(asio::ip::address_v4 from, std::uint16_t port) {
    tcp::socket socket(co_await asio::this_coro::executor, tcp::endpoint(from, 0));
    const tcp::endpoint peer(asio::ip::address_v4::loopback(), port);
    const auto [ec] = co_await socket.async_connect(peer, nothrow);
    throw_if(ec);
    co_return raw_connection(std::move(socket));
}

raw_listener::raw_listener(const asio::any_io_executor& executor)
    : x_acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

std::string raw_listener::origin() const {
    return "http://127.0.0.1:" + std::to_string(port());
}

asio::awaitable<raw_connection> raw_listener::accept() {
    auto [ec, socket] = co_await x_acceptor.async_accept(nothrow);
    throw_if(ec);
    co_return raw_connection(std::move(socket));
}

std::uint16_t closed_port(const asio::any_io_executor& executor) {
    return raw_listener(executor).port();
}

}  // namespace nullworker::test
