#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace nullworker::net {

// Where a listener is to be that is for this machine alone: a loopback address and a port, as 127.0.0.1:8090,
// [::1]:8090 or localhost:8090, which is the first of them. Nothing for all else: no other name is looked up.
[[nodiscard]] std::optional<asio::ip::tcp::endpoint> parse_loopback_place(std::string_view text);

// What is wrong with such a text; nothing where it is one. For the table of options.
[[nodiscard]] std::optional<std::string> refuse_other_than_loopback(const std::string& text);

}  // namespace nullworker::net
