#pragma once

#include <nullworker/base/task_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nullworker::fleet {

// A TCP port forward on loopback: a machine's NAT, and the place where a reply can get lost.
class relay {
public:
    // Listens on 127.0.0.1:`port` (0 for any free one) at once. Throws startup_error.
    relay(asio::any_io_executor executor, std::uint16_t port, std::uint16_t target_port);

    [[nodiscard]] std::uint16_t port() const noexcept { return x_port; }

    // Starts to accept.
    void start();

    // Further connections go to another port: for a worker that chooses its own.
    void aim_at(std::uint16_t target_port) { x_target_port = target_port; }

    // The next reply that comes from the target is swallowed and its client's connection closed: the request
    // was carried out, and the client does not learn of it. Several calls add up.
    void lose_next_reply() { ++x_replies_to_lose; }

    // How many were lost so far.
    [[nodiscard]] std::size_t lost_replies() const noexcept { return x_lost_replies; }

    // Closes everything. No connection is left when it returns.
    [[nodiscard]] asio::awaitable<void> stop();

private:
    struct link;
    enum class direction { to_target, to_client };

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> connect(std::shared_ptr<link> between);
    asio::awaitable<void> carry(std::shared_ptr<link> between, direction way);

    asio::any_io_executor x_executor;
    asio::ip::tcp::acceptor x_acceptor;
    task_group x_tasks;
    std::uint16_t x_port = 0;
    std::uint16_t x_target_port = 0;
    std::size_t x_links = 0;
    std::size_t x_replies_to_lose = 0;
    std::size_t x_lost_replies = 0;
};

}  // namespace nullworker::fleet
