#pragma once

#include <nullworker/net/message.hpp>

#include <optional>
#include <string>

namespace nullworker::api {

// Why a request to a listener that trusts its machine is not to be answered, or nothing where it may be.
// Listening on loopback is not enough: a web page in a browser here, or a careless proxy, speaks from this
// machine too. They are told apart by a foreign Host (DNS rebinding), by an Origin, or by a header that says
// "forwarded".
[[nodiscard]] std::optional<std::string> why_not_local(const net::request& request);

}  // namespace nullworker::api
