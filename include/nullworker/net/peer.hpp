#pragma once

#include <nullworker/base/unmapped.hpp>

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <string>

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

// The peer as a text: 192.0.2.7, or 2001:db8:0:1::/64.
[[nodiscard]] inline std::string to_text(peer from) {
    namespace ip = boost::asio::ip;
    if (from <= 0xFFFFFFFF && from != local_peer)
        return ip::address_v4(static_cast<std::uint32_t>(from)).to_string();
    ip::address_v6::bytes_type bytes{};
    constexpr std::size_t prefix_bytes = 8;
    for (std::size_t i = 0; i < prefix_bytes; ++i)
        bytes[i] = static_cast<unsigned char>(from >> (8 * (prefix_bytes - 1 - i)));
    return ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace nullworker::net
