#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <string>

namespace nullworker::net {

using secured_socket = asio::ssl::stream<asio::ip::tcp::socket>;

// Begins TLS with a server whose certificate must be for `host`, a name or an address. `stream` outlives it.
[[nodiscard]] asio::awaitable<error_code> shake_hands(secured_socket& stream, std::string host);

}  // namespace nullworker::net
