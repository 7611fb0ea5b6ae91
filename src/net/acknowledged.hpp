#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace nullworker::net {

// How many bytes the peer of a TCP socket has acknowledged in all; nothing where the kernel does not say.
[[nodiscard]] inline std::optional<std::uint64_t> acknowledged_bytes(int socket) {
    // `tcpi_bytes_acked` of the kernel's tcp_info; the one of the C library ends before it.
    constexpr std::size_t place = 120;
    std::uint64_t count = 0;
    char info[place + sizeof count];
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, &size) != 0 || size < sizeof info)
        return std::nullopt;
    std::memcpy(&count, info + place, sizeof count);
    // There was at least the handshake. Kernels in user space fill in zeros for what they do not count.
    return count > 0 ? std::optional(count) : std::nullopt;
}

}  // namespace nullworker::net
