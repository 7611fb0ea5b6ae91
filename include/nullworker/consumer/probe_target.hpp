#pragma once

#include <nullworker/base/error.hpp>
#include <nullworker/base/url.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace nullworker::consumer {

// A port that takes connections when the consumer is well.
struct tcp_target {
    std::string host;
    std::uint16_t port = 0;
};

// A line of shell that exits with 0 when the consumer is well.
struct exec_target {
    std::string command;
};

// Nothing is asked: the consumer is there once it speaks to the worker.
struct heartbeat_target {};

// What tells that the consumer is well: a URL that answers 200, a port, a command, or its own word.
using probe_target = std::variant<url, tcp_target, exec_target, heartbeat_target>;

// http://…, https://…, tcp://host:port, exec:COMMAND or heartbeat:. Fails with invalid_url or
// unsupported_scheme.
[[nodiscard]] result<probe_target> parse_probe_target(std::string_view text);

// What may be shown of a target: its kind and where it is asked. A command line and a query may hold secrets.
[[nodiscard]] std::string shown(const probe_target& target);

// The same of a text that may be no target.
[[nodiscard]] std::string shown_probe(std::string_view text);

}  // namespace nullworker::consumer
