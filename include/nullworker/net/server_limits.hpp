#pragma once

#include <chrono>
#include <cstddef>

namespace nullworker::net {

struct server_limits {
    std::size_t max_header_bytes = 8 * 1024;  // more is answered 431
    std::size_t max_body_bytes = 64 * 1024;   // more is answered 413
    std::size_t max_connections = 1024;       // at this many, a new one takes the place of one that waits
    // So many more may be there that have not sent anything yet. They cost little more than a descriptor.
    std::size_t max_silent = 1024;
    // For the first byte of a connection with TLS, and then for the whole handshake.
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(5);
    // For the first byte of a connection without TLS, and for the whole head: from the handshake, or from its
    // first byte.
    std::chrono::steady_clock::duration header_timeout = std::chrono::seconds(5);
    std::chrono::steady_clock::duration body_timeout = std::chrono::seconds(5);   // for the whole body
    std::chrono::steady_clock::duration write_timeout = std::chrono::seconds(5);  // for the whole reply
    // Between requests. Longer than any usual client keeps a connection that it does not use, and a client is
    // told of less: a request must not meet the end of its connection.
    std::chrono::steady_clock::duration idle_timeout = std::chrono::seconds(80);
    // A peer that was refused in the middle of its request may go on to send, which is read and forgotten so
    // that it comes to the reply: for so long in all, and for so long in silence.
    std::chrono::steady_clock::duration linger = std::chrono::seconds(30);
    std::chrono::steady_clock::duration linger_silence = std::chrono::seconds(5);
    // Under pressure: how long a request has its time, whoever else of the same peer comes, and how long an
    // answer may stand still.
    std::chrono::steady_clock::duration grace = std::chrono::seconds(1);
    std::chrono::steady_clock::duration stall = std::chrono::milliseconds(500);
};

}  // namespace nullworker::net
