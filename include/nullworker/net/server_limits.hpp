#pragma once

#include <chrono>
#include <cstddef>

namespace nullworker::net {

struct server_limits {
    std::size_t max_header_bytes = 8 * 1024;  // more is answered 431
    std::size_t max_body_bytes = 64 * 1024;   // more is answered 413
    std::size_t max_connections = 1024;       // at this many, a new one takes the place of one that waits
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(5);
    // For the whole head, from accept or handshake for the first request, from its first byte for later ones.
    std::chrono::steady_clock::duration header_timeout = std::chrono::seconds(5);
    std::chrono::steady_clock::duration body_timeout = std::chrono::seconds(5);   // for the whole body
    std::chrono::steady_clock::duration write_timeout = std::chrono::seconds(5);  // for the whole reply
    std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(15);  // between requests
};

}  // namespace nullworker::net
