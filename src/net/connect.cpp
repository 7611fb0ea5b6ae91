#include <nullworker/base/deadline.hpp>
#include <nullworker/net/connect.hpp>

#include <utility>

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
