#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// The least that a server with Beast can do, asynchronously and in one thread: reads a request, answers with
// `BODY`, keeps the connection. What the daemon takes beyond this is our own code.
//
//   beast_constant PORT [BODY]      port 0: any that is free; the port is printed
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

class conversation : public std::enable_shared_from_this<conversation> {
public:
    conversation(tcp::socket socket, const std::string& body) : x_stream(std::move(socket)), x_body(body) {
        x_stream.socket().set_option(tcp::no_delay(true));
    }

    void read() {
        x_request.emplace();
        http::async_read(x_stream, x_buffer, *x_request,
                         [self = shared_from_this()](const beast::error_code& ec, std::size_t) {
                             if (!ec)
                                 self->answer();
                         });
    }

private:
    void answer() {
        const bool keep_alive = x_request->get().keep_alive();
        x_answer = {http::status::ok, x_request->get().version()};
        x_answer.set(http::field::content_type, "application/json");
        x_answer.keep_alive(keep_alive);
        x_answer.body() = x_body;
        x_answer.prepare_payload();
        http::async_write(x_stream, x_answer,
                          [self = shared_from_this(), keep_alive](const beast::error_code& ec, std::size_t) {
                              if (!ec && keep_alive)
                                  self->read();
                          });
    }

    beast::tcp_stream x_stream;
    const std::string& x_body;
    beast::flat_buffer x_buffer;
    std::optional<http::request_parser<http::string_body>> x_request;
    http::response<http::string_body> x_answer;
};

class server {
public:
    server(asio::io_context& context, std::uint16_t port, std::string body)
        : x_acceptor(context, {asio::ip::address_v4::loopback(), port}), x_body(std::move(body)) {}

    [[nodiscard]] std::uint16_t port() const { return x_acceptor.local_endpoint().port(); }

    void accept() {
        x_acceptor.async_accept([this](const beast::error_code& ec, tcp::socket socket) {
            if (!ec)
                std::make_shared<conversation>(std::move(socket), x_body)->read();
            accept();
        });
    }

private:
    tcp::acceptor x_acceptor;
    std::string x_body;
};

std::optional<std::uint16_t> read_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = ec == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(port) : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
    const auto port = argc == 2 || argc == 3 ? read_port(argv[1]) : std::nullopt;
    if (!port) {
        std::cerr << "usage: beast_constant PORT [BODY]\n";
        return 2;
    }
    asio::io_context context(1);
    server constant(context, *port, argc == 3 ? argv[2] : R"({"ok":true})");
    constant.accept();
    std::cout << constant.port() << std::endl;
    context.run();
    return EXIT_SUCCESS;
}
