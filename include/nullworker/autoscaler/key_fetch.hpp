#pragma once

#include <nullworker/auth/public_key.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// Gets the autoscaler's public key: every address in turn, with backoff, for ever. And gets it again when
// asked to, but not more often than every `closest`, since a forger can make it ask.
class key_fetch {
public:
    struct events {
        std::function<void(auth::public_key)> on_key;  // the first one, and whatever came again
        std::function<void(std::string)> on_trouble;   // the fifth round failed, and every later one
    };

    key_fetch(asio::any_io_executor executor, std::shared_ptr<net::tls_trust> trust,
              std::vector<url> addresses, events on,
              std::chrono::steady_clock::duration closest = std::chrono::seconds(30));

    // When an address gave the key last; nothing until then.
    [[nodiscard]] const std::optional<instant>& fetched_at() const noexcept { return x_fetched_at; }

    // Fetches the key, and again when there is doubt, until cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    // The key may have changed: asks for it again, or waits with others that did, and returns when an
    // address gave it or all were tried, or after `patience`. At once where that may not be done now.
    [[nodiscard]] asio::awaitable<void> refresh(std::chrono::steady_clock::duration patience);

private:
    using clock = std::chrono::steady_clock;

    asio::awaitable<void> fetch_first();
    asio::awaitable<trouble> fetch_once();
    asio::awaitable<result<auth::public_key>> fetch(url address);

    std::vector<url> x_addresses;
    net::http_client x_client;
    events x_on;
    clock::duration x_closest;
    clock::time_point x_earliest = clock::time_point::max();  // for the next refresh; max: not now
    bool x_refreshing = false;
    std::optional<instant> x_fetched_at;
    wakeup x_doubt;
    asio::steady_timer x_answered;  // cancelled when the key was asked for again
};

}  // namespace nullworker::autoscaler
