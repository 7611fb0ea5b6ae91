#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

// How the nullworkerd on this machine is asked.
namespace nullworker::client {

// Where it listens for its consumer.
struct control_place {
    std::uint16_t port = 18999;
    std::string socket;  // of a Unix socket that serves the same; empty: the port
};

// "port 18999 of 127.0.0.1", "the Unix socket /run/nullworker.sock".
[[nodiscard]] std::string name_of(const control_place& where);

inline constexpr seconds usual_call_limit{10.0};

using control_answer = result<net::reply>;

// One request on a connection of its own. Fails with the network's error where nobody answers within `limit`.
[[nodiscard]] asio::awaitable<control_answer> ask(control_place where, net::verb method, std::string path,
                                                  std::string body = {}, seconds limit = usual_call_limit);

}  // namespace nullworker::client
