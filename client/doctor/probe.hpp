#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/interruption.hpp>
#include <nullworker/wire/routing.hpp>
#include <vast/known_endpoint.hpp>
#include <vast/serverless.hpp>

#include <boost/asio/awaitable.hpp>

#include <doctor/finding.hpp>
#include <functional>

namespace nullworker::client {

// What a probe of the endpoint rents, and for how long: to be told before it begins.
[[nodiscard]] finding cost_of_probe(const wire::endpoint_info& endpoint);

// Reserves a worker and releases it at once, and tells of each step what time it took. Where `stop` is
// requested, no session is left. `api`, `endpoint` and `stop` outlive it.
[[nodiscard]] asio::awaitable<void> probe_endpoint(serverless& api, known_endpoint& endpoint,
                                                   reserve_options options, interruption& stop,
                                                   std::function<void(const finding&)> tell);

}  // namespace nullworker::client
