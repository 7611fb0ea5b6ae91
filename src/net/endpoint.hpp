#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstring>

namespace nullworker::net {

// `address` must be an IP address.
[[nodiscard]] inline boost::asio::ip::tcp::endpoint to_tcp(
    const boost::asio::generic::stream_protocol::endpoint& address) {
    boost::asio::ip::tcp::endpoint out;
    out.resize(address.size());
    std::memcpy(out.data(), address.data(), address.size());
    return out;
}

}  // namespace nullworker::net
