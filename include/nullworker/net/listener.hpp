#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/file.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <tuple>

namespace nullworker::net {

// One address where connections come in: a TCP port, or a Unix socket. What cannot be bound or listened on
// throws startup_error that names the setting, the address and the reason.
class listener {
public:
    using socket = asio::generic::stream_protocol::socket;
    using address = asio::generic::stream_protocol::endpoint;
    struct accepted {
        error_code failure;
        listener::socket socket;
        address from;
    };

    // Binds without listening: the port is taken, and whoever connects is refused until `listen()`. Port 0
    // takes any free one.
    [[nodiscard]] static listener reserve(const asio::any_io_executor& executor,
                                          const asio::ip::tcp::endpoint& address, const std::string& setting);

    // Binds and listens on a Unix socket at `path`, which those may use who may write to the file (mode
    // 0660). A file that a dead process left there is replaced, any other is left alone.
    [[nodiscard]] static listener local(const asio::any_io_executor& executor, const std::string& path,
                                        const std::string& setting);

    // Connections queue up in the kernel from here on. Listening already, it changes nothing.
    void listen();

    // The TCP port; 0 for a Unix socket.
    [[nodiscard]] std::uint16_t port() const noexcept { return x_port; }

    // The next connection.
    [[nodiscard]] asio::awaitable<accepted> accept();

    // The next connection that is there already; would_block where none is.
    [[nodiscard]] accepted accept_now();

    // Ends `accept()`, and removes the file of a Unix socket unless another process has put its own there.
    void close();

private:
    // Binds to `local`; `described` stands for it and its setting in an error.
    listener(const asio::any_io_executor& executor, const address& local, std::string described);
    void require(const error_code& ec) const;

    asio::basic_socket_acceptor<asio::generic::stream_protocol> x_acceptor;
    std::string x_described;
    std::uint16_t x_port = 0;
    std::string x_path;  // of the Unix socket; empty: none, or removed
    file_stamp x_file;   // which file it made there
};

}  // namespace nullworker::net
