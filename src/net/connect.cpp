#include <nullworker/base/deadline.hpp>
#include <nullworker/net/connect.hpp>

#include <boost/asio/local/stream_protocol.hpp>

#include <cerrno>
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

}  // namespace

asio::awaitable<result<tcp::socket>> connect_to(asio::any_io_executor executor, resolver& names,
                                                std::string host, std::uint16_t port,
                                                std::chrono::steady_clock::duration limit) {
    const auto found = co_await names.resolve(std::move(host));
    if (!found)
        co_return found.error();
    std::vector<tcp::endpoint> endpoints;
    for (const auto& address : *found)
        endpoints.emplace_back(address, port);
    co_return co_await connect_to_any(std::move(executor), std::move(endpoints), limit);
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
