#pragma once

#include <nullworker/net/message.hpp>
#include <nullworker/wire/refusal.hpp>

namespace nullworker::api {

// The answer to a request that was not understood.
[[nodiscard]] inline net::reply refused(const wire::refusal& why) {
    return net::json_reply(422, why.body);
}

}  // namespace nullworker::api
