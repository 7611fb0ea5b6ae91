#pragma once

#include <nullworker/base/url.hpp>
#include <nullworker/wire/json_value.hpp>

#include <cstdint>
#include <string>

namespace nullworker::client {

// A session that this client holds.
struct held_session {
    std::string session_id;
    wire::json_value grant;
    url worker;
    std::string worker_url;  // as the autoscaler wrote it
    std::int64_t request_idx = 0;
    double expiration = 0;  // epoch seconds
};

}  // namespace nullworker::client
