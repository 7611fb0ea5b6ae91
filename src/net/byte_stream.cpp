#include "client_handshake.hpp"

#include <nullworker/net/byte_stream.hpp>
#include <nullworker/net/connect.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include <tuple>
#include <utility>

namespace nullworker::net {
namespace {

using tcp = asio::ip::tcp;

constexpr std::size_t read_of_a_stream = 16 * 1024;

bool is_end(const error_code& ec) {
    return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
}

template <class Stream>
class stream_over final : public byte_stream {
public:
    explicit stream_over(Stream stream, tls_context context = nullptr)
        : x_context(std::move(context)), x_stream(std::move(stream)) {}

    asio::awaitable<error_code> write(std::string bytes) override {
        auto all = asio::buffer(bytes);
        const auto [ec, size] = co_await asio::async_write(x_stream, all, nothrow);
        co_return ec;
    }

    asio::awaitable<result<std::string>> read_some() override {
        std::string out(read_of_a_stream, '\0');
        auto room = asio::buffer(out);
        const auto [ec, size] = co_await x_stream.async_read_some(room, nothrow);
        if (ec)
            co_return is_end(ec) ? make_error_code(errc::no_answer) : ec;
        out.resize(size);
        co_return out;
    }

private:
    tls_context x_context;  // which the stream needs
    Stream x_stream;
};

}  // namespace

asio::awaitable<result<std::unique_ptr<byte_stream>>> byte_stream::open(
    asio::any_io_executor executor, way_out out, server_place where,
    std::chrono::steady_clock::duration limit) {
    tls_context context;
    if (where.by == security::tls) {
        auto trusted = out.trust->context();
        if (!trusted)
            co_return trusted.error();
        context = std::move(*trusted);
    }
    if (!out.names)
        out.names = std::make_shared<resolver>(executor);
    auto socket = co_await connect_to(executor, *out.names, where.host, where.port, limit);
    if (!socket)
        co_return socket.error();
    std::unique_ptr<byte_stream> made;
    if (!context) {
        made = std::make_unique<stream_over<tcp::socket>>(std::move(*socket));
        co_return std::move(made);
    }
    secured_socket stream(std::move(*socket), *context);
    const auto ec = co_await shake_hands(stream, where.host);
    if (ec)
        co_return ec;
    made = std::make_unique<stream_over<secured_socket>>(std::move(stream), std::move(context));
    co_return std::move(made);
}

}  // namespace nullworker::net
