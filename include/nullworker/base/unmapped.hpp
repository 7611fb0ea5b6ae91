#pragma once

#include <boost/asio/ip/address.hpp>

namespace nullworker {

// `address`, or the IPv4 address that it stands for: on a socket for both families an IPv4 peer has an IPv6
// address.
[[nodiscard]] inline boost::asio::ip::address unmapped(const boost::asio::ip::address& address) {
    namespace ip = boost::asio::ip;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

}  // namespace nullworker
