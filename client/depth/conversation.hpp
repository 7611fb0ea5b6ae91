#pragma once

#include <depth/figure.hpp>
#include <nullworker/net/byte_stream.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace nullworker::client {

// The answer is not whole yet.
struct hear_on {};

// What is to be said next.
struct say {
    std::string bytes;
};

// Somebody else knows: the conversation begins there again.
struct turn_to {
    net::server_place server;
};

using next_step = std::variant<hear_on, say, turn_to, outcome<figure>>;

// What is said to a server, and how its answers are read. No I/O.
class conversation {
public:
    virtual ~conversation() = default;

    // What is to be said on a new connection.
    [[nodiscard]] virtual std::string begin() = 0;

    // Takes what the server said.
    [[nodiscard]] virtual next_step hear(std::string_view bytes) = 0;
};

}  // namespace nullworker::client
