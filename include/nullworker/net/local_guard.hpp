#pragma once

#include <nullworker/net/message.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace nullworker::net {

// Of whom it is asked whether a browser or a proxy is between.
enum class judged : std::uint8_t {
    who_changes,  // whoever reads gets the benefit of the doubt, and may be as plain as a health check in
                  // HTTP/1.0
    everybody,    // what is told is for nobody else's page, either
};

// Why a request to a listener that trusts its machine is not to be answered, or nothing where it may be. The
// reason names the header.
//
// Listening on loopback is not enough: a web page in a browser here, or a careless proxy, speaks from this
// machine too. They are told apart by a foreign Host (DNS rebinding) or target, and by what only they send.
// On a Unix socket, which no page reaches, any host will do, or none. Whatever is not a GET changes
// something: it is refused for whatever browsers and proxies are known to add, and for HTTP/1.0, which
// proxies speak by default. A proxy that passes a request on as if it were its own cannot be seen.
[[nodiscard]] std::optional<std::string> why_not_local(const request& request,
                                                       judged those = judged::who_changes);

}  // namespace nullworker::net
