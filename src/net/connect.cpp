#include <nullworker/base/deadline.hpp>
#include <nullworker/net/connect.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <memory>
#include <utility>

#include <sys/un.h>

namespace nullworker::net {
namespace {

using tcp = asio::ip::tcp;

// `socket` outlives it.
asio::awaitable<result<tcp::endpoint>> connect(tcp::socket& socket, tcp::endpoint peer) {
    const auto [ec] = co_await socket.async_connect(peer, nothrow);
    if (ec)
        co_return ec;
    co_return peer;
}

int lookups = 0;

struct look_up {
    explicit look_up(const asio::any_io_executor& executor)
        : resolver(executor), bell(executor, asio::steady_timer::time_point::max()) {}

    tcp::resolver resolver;
    asio::steady_timer bell;
    bool answered = false;
    error_code ec;
    std::vector<tcp::endpoint> found;
};

// Addresses need no look-up, and so no resolver thread.
asio::awaitable<result<std::vector<tcp::endpoint>>> resolve(asio::any_io_executor executor, std::string host,
                                                            std::uint16_t port) {
    std::vector<tcp::endpoint> found;
    error_code ec;
    if (const auto address = asio::ip::make_address(host, ec); !ec) {
        found.emplace_back(address, port);
        co_return found;
    }
    // The system's look-up cannot be interrupted. It keeps what it needs alive, and whoever asked may leave.
    const auto asked = std::make_shared<look_up>(executor);
    const auto on_answer = [asked](const error_code& answer_ec, const tcp::resolver::results_type& entries) {
        --lookups;
        asked->ec = answer_ec;
        for (const auto& entry : entries)
            asked->found.push_back(entry.endpoint());
        asked->answered = true;
        asked->bell.cancel();
    };
    ++lookups;
    asked->resolver.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service, on_answer);
    if (!asked->answered)
        co_await asked->bell.async_wait(nothrow);
    if (!asked->answered)
        co_return error_code(asio::error::operation_aborted);
    if (asked->ec)
        co_return asked->ec;
    co_return asked->found;
}

}  // namespace

int lookups_under_way() {
    return lookups;
}

asio::awaitable<result<tcp::socket>> connect_to(asio::any_io_executor executor, std::string host,
                                                std::uint16_t port,
                                                std::chrono::steady_clock::duration limit) {
    const auto endpoints = co_await resolve(executor, std::move(host), port);
    if (!endpoints)
        co_return endpoints.error();
    co_return co_await connect_to_any(std::move(executor), *endpoints, limit);
}

asio::awaitable<result<asio::generic::stream_protocol::socket>> connect_local(asio::any_io_executor executor,
                                                                              std::string path) {
    asio::local::stream_protocol::socket socket(executor);
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        co_return error_code(ENAMETOOLONG, boost::system::system_category());
    const asio::local::stream_protocol::endpoint peer(path);
    const auto [ec] = co_await socket.async_connect(peer, nothrow);
    if (ec)
        co_return ec;
    co_return asio::generic::stream_protocol::socket(std::move(socket));
}

asio::awaitable<result<tcp::socket>> connect_to_any(asio::any_io_executor executor,
                                                    std::vector<tcp::endpoint> endpoints,
                                                    std::chrono::steady_clock::duration limit) {
    const auto share = connect_share(endpoints.size(), limit);
    error_code last = asio::error::host_not_found;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        tcp::socket socket(executor);
        auto work = connect(socket, endpoints[i]);
        result<tcp::endpoint> connected;
        if (i + 1 == endpoints.size())
            connected = co_await std::move(work);
        else
            connected = co_await within(share, std::move(work));
        if (connected)
            co_return std::move(socket);
        last = connected.error();
    }
    co_return last;
}

}  // namespace nullworker::net
