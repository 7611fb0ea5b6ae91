#pragma once

#include <nullworker/wire/json_value.hpp>

#include <cstdint>
#include <string>

namespace nullworker::wire {

// The largest cost a grant may name.
inline constexpr double max_cost = 1e9;

// The autoscaler's permission to use one worker: its whole, unmodified reply to `/route/`, which clients
// send as `auth_data` and `session_auth`.
struct route_grant {
    std::string url;  // the worker's public URL; the only signed field
    std::string endpoint;
    std::string signature;    // base64
    double cost = 100.0;      // load the request stands for; > 0, at most max_cost
    std::int64_t reqnum = 0;  // 0 where an unsecured client sent none
    std::int64_t request_idx = 0;
    json_value document;  // as received, unknown keys included: what two grants are compared by
};

// How much of a grant must be there.
enum class grant_form {
    complete,   // all six fields
    debugging,  // UNSECURED: cost, reqnum, endpoint and signature may be absent
};

// The exact text the autoscaler signs: {\n    "url": "<url>"\n}, everything outside printable ASCII escaped.
[[nodiscard]] std::string signed_message(const std::string& url);

}  // namespace nullworker::wire
