#pragma once

#include <nullworker/net/message.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// HTTP by hand, for what a well-behaved client or server never sends.
namespace nullworker::test {

namespace asio = boost::asio;

// A request or reply as it came: the first line, the header, and a body of Content-Length bytes.
struct raw_message {
    std::string first_line;
    std::vector<net::header> headers;
    std::string body;

    // The status of a reply.
    [[nodiscard]] int status() const;
    // The first value of `name`, or nothing; any case.
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
};

// One TCP connection. Reading throws system_error when the peer closes too early.
class raw_connection {
public:
    explicit raw_connection(asio::ip::tcp::socket socket) : x_socket(std::move(socket)) {}

    [[nodiscard]] asio::awaitable<void> send(std::string bytes);

    // The next whole message; what follows it is kept for the next call.
    [[nodiscard]] asio::awaitable<raw_message> read_message();

    // The header of the next message, without a body whatever it says: a reply to HEAD, or a 100.
    [[nodiscard]] asio::awaitable<raw_message> read_header();

    // Everything until the peer closes or resets the connection.
    [[nodiscard]] asio::awaitable<std::string> read_until_closed();

    // Ends this side's half; the peer reads the end of the stream.
    void finish_sending();
    void close();
    // Closes so that the peer's next read fails.
    void reset();

private:
    asio::ip::tcp::socket x_socket;
    std::string x_received;
};

// Connects to a port of 127.0.0.1.
[[nodiscard]] asio::awaitable<raw_connection> connect_raw(std::uint16_t port);

// Connects to it from another loopback address, as another peer.
[[nodiscard]] asio::awaitable<raw_connection> connect_raw_from(asio::ip::address_v4 from, std::uint16_t port);

// Listens on a free port of 127.0.0.1.
class raw_listener {
public:
    explicit raw_listener(const asio::any_io_executor& executor);

    [[nodiscard]] std::uint16_t port() const { return x_acceptor.local_endpoint().port(); }
    [[nodiscard]] std::string origin() const;
    [[nodiscard]] asio::awaitable<raw_connection> accept();
    void close() { x_acceptor.close(); }

private:
    asio::ip::tcp::acceptor x_acceptor;
};

// A port of 127.0.0.1 on which nobody listens.
[[nodiscard]] std::uint16_t closed_port(const asio::any_io_executor& executor);

}  // namespace nullworker::test
