#include <fleet/relay.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/log.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <string>
#include <utility>

namespace nullworker::fleet {
namespace {

using tcp = asio::ip::tcp;

constexpr std::size_t max_links = 256;
constexpr std::size_t chunk_bytes = 16 * 1024;
constexpr auto accept_pause = std::chrono::milliseconds(100);

}  // namespace

struct relay::link {
    link(tcp::socket from, relay& of) : owner(of), client(std::move(from)), target(of.x_executor) {
        ++owner.x_links;
    }
    ~link() { --owner.x_links; }
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    relay& owner;
    tcp::socket client;
    tcp::socket target;

    void close() {
        error_code ignored;
        client.close(ignored);
        target.close(ignored);
    }
};

relay::relay(asio::any_io_executor executor, std::uint16_t port, std::uint16_t target_port)
    : x_executor(executor), x_acceptor(executor), x_tasks(executor), x_target_port(target_port) {
    const tcp::endpoint address(asio::ip::address_v4::loopback(), port);
    error_code ec;
    x_acceptor.open(address.protocol(), ec);
    if (!ec)
        x_acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        x_acceptor.bind(address, ec);
    if (!ec)
        x_acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec)
        throw startup_error("cannot listen on 127.0.0.1 port " + std::to_string(port) +
                            " to forward it: " + ec.message());
    x_port = x_acceptor.local_endpoint().port();
}

void relay::start() {
    x_tasks.spawn(accept_loop());
}

asio::awaitable<void> relay::stop() {
    error_code ignored;
    x_acceptor.close(ignored);
    x_tasks.cancel();
    co_await x_tasks.join();
}

asio::awaitable<void> relay::accept_loop() {
    while (x_acceptor.is_open()) {
        auto [ec, socket] = co_await x_acceptor.async_accept(nothrow);
        if (!x_acceptor.is_open())
            break;
        if (ec) {
            log::warning("relay_accept_failed", {{"port", x_port}, {"error", ec.message()}});
            co_await sleep_for(accept_pause);
            continue;
        }
        if (x_links >= max_links)
            continue;  // closes it
        auto between = std::make_shared<link>(std::move(socket), *this);
        x_tasks.spawn(connect(std::move(between)));
    }
}

asio::awaitable<void> relay::connect(std::shared_ptr<link> between) {
    const tcp::endpoint address(asio::ip::address_v4::loopback(), x_target_port);
    const auto [ec] = co_await between->target.async_connect(address, nothrow);
    if (ec) {
        between->close();
        co_return;
    }
    error_code ignored;
    between->client.set_option(tcp::no_delay(true), ignored);
    between->target.set_option(tcp::no_delay(true), ignored);
    x_tasks.spawn(carry(between, direction::to_target));
    x_tasks.spawn(carry(between, direction::to_client));
}

// Passes on the other side's end, so that a half-closed connection stays one. An error ends both directions.
asio::awaitable<void> relay::carry(std::shared_ptr<link> between, direction way) {
    const bool is_reply = way == direction::to_client;
    tcp::socket& source = is_reply ? between->target : between->client;
    tcp::socket& sink = is_reply ? between->client : between->target;
    std::array<char, chunk_bytes> chunk;
    for (;;) {
        const auto space = asio::buffer(chunk);
        const auto [read_ec, size] = co_await source.async_read_some(space, nothrow);
        if (!read_ec && is_reply && x_replies_to_lose > 0) {
            --x_replies_to_lose;
            ++x_lost_replies;
            between->close();
            co_return;
        }
        if (read_ec) {
            error_code ignored;
            sink.shutdown(tcp::socket::shutdown_send, ignored);
            if (read_ec != asio::error::eof)
                between->close();
            co_return;
        }
        const auto data = asio::buffer(chunk.data(), size);
        const auto [write_ec, written] = co_await asio::async_write(sink, data, nothrow);
        if (write_ec) {
            between->close();
            co_return;
        }
    }
}

}  // namespace nullworker::fleet
