#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::net {

// The value of a Date header: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point time);

// Reads that form alone, which is the one that may be sent (RFC 9110, 5.6.7).
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

}  // namespace nullworker::net
