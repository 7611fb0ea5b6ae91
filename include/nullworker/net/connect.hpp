#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/resolver.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nullworker::net {

// How long one of several endpoints may take to answer, so that the next one still has its turn before
// `limit` is over. The last one may take what is left.
[[nodiscard]] constexpr std::chrono::steady_clock::duration connect_share(
    std::size_t endpoints, std::chrono::steady_clock::duration limit) noexcept {
    constexpr std::chrono::steady_clock::duration most = std::chrono::seconds(2);
    return endpoints < 2 ? limit : std::min(most, limit / static_cast<long>(endpoints));
}

// Connects to the first endpoint that answers, asking one after the other. All but the last get their share
// of `limit`; the whole is for the caller to bound. Fails with the last one's error.
[[nodiscard]] asio::awaitable<result<asio::ip::tcp::socket>> connect_to_any(
    asio::any_io_executor executor, std::vector<asio::ip::tcp::endpoint> endpoints,
    std::chrono::steady_clock::duration limit);

// Connects to a name or an address: to the first endpoint behind it that answers, as connect_to_any does.
// `names` outlives the call.
[[nodiscard]] asio::awaitable<result<asio::ip::tcp::socket>> connect_to(
    asio::any_io_executor executor, resolver& names, std::string host, std::uint16_t port,
    std::chrono::steady_clock::duration limit);

// Connects to a Unix socket.
[[nodiscard]] asio::awaitable<result<asio::generic::stream_protocol::socket>> connect_local(
    asio::any_io_executor executor, std::string path);

}  // namespace nullworker::net
