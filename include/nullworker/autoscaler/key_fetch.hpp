#pragma once

#include <nullworker/auth/public_key.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// Gets the autoscaler's public key: every address in turn, with backoff, for ever.
class key_fetch {
public:
    struct events {
        std::function<void(auth::public_key)> on_key;
        std::function<void(std::string)> on_trouble;  // the fifth round failed, and every later one
    };

    key_fetch(asio::any_io_executor executor, std::shared_ptr<net::tls_trust> trust,
              std::vector<url> addresses, events on);

    // Returns once `on_key` was called.
    [[nodiscard]] asio::awaitable<void> run();

private:
    asio::awaitable<result<auth::public_key>> fetch(url address);

    std::vector<url> x_addresses;
    net::http_client x_client;
    events x_on;
};

}  // namespace nullworker::autoscaler
