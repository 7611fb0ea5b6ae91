#pragma once

#include <nullworker/base/unmapped.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstdint>

namespace nullworker::net {

// Who a connection comes from, as far as one can tell peers apart: an IPv4 address, or the /64 of an IPv6
// address, of which everybody has a whole one.
using peer = std::uint64_t;

// Whoever comes by a Unix socket.
inline constexpr peer local_peer = 0;

[[nodiscard]] inline peer peer_of(const boost::asio::ip::address& address) {
    const auto real = unmapped(address);
    if (real.is_v4())
        return real.to_v4().to_uint();
    constexpr std::size_t prefix_bytes = 8;
    const auto bytes = real.to_v6().to_bytes();
    peer out = 0;
    for (std::size_t i = 0; i < prefix_bytes; ++i)
        out = out << 8 | bytes[i];
    return out;
}

}  // namespace nullworker::net
