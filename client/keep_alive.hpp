#pragma once

#include "serverless.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace nullworker::client {

// Looks after a held session until cancelled: renews it in time, and notices when it is lost. `on_lost` is
// called once, with the reason; then it returns. `api` outlives it.
[[nodiscard]] asio::awaitable<void> keep_alive(serverless& api, held_session session, double lifetime,
                                               std::function<void(std::string)> on_lost);

}  // namespace nullworker::client
