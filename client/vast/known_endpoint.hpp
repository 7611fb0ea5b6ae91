#pragma once

#include <nullworker/base/asio.hpp>
#include <vast/failure.hpp>
#include <vast/serverless.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <string>
#include <utility>

namespace nullworker::client {

// An endpoint of an account, and the key that routes to it, which its owner may change at any time.
class known_endpoint {
public:
    // It is not known before it was looked up. `api` outlives it.
    known_endpoint(const asio::any_io_executor& executor, serverless& api, std::string name)
        : x_api(api), x_access{.name = std::move(name)}, x_finished(executor) {}

    [[nodiscard]] const endpoint_access& access() const noexcept { return x_access; }

    // Asks the console. Whoever comes while it is being asked gets the same answer.
    [[nodiscard]] asio::awaitable<outcome<void>> look_up();

    // The same, unless the key is another one than `refused` by now.
    [[nodiscard]] asio::awaitable<outcome<void>> look_up_anew(std::string refused);

private:
    serverless& x_api;
    endpoint_access x_access;
    asio::steady_timer x_finished;  // cancelled when the console has answered
    bool x_asking = false;
    outcome<void> x_last{};
};

}  // namespace nullworker::client
