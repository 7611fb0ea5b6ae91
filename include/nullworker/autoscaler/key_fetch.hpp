#pragma once

#include <nullworker/auth/public_key.hpp>
#include <nullworker/autoscaler/dead_addresses.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/episode.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// Gets the autoscaler's public key: every address in turn, with backoff, for ever. And gets it again when
// there is doubt, but not more often than every two seconds, and not twice within `closest` for the same
// signature: a forger can make it ask, and cannot keep it from asking for others.
class key_fetch {
public:
    struct events {
        // The first one, and whatever came again; whether it is another one than before.
        std::function<bool(auth::public_key)> on_key;
        // The fifth round failed, and every later one.
        std::function<void(std::string)> on_trouble;
        // Before a key is told: the client whose connection is of no more use here. Empty: nobody wants it.
        std::function<void(net::http_client&)> on_spare = {};
    };

    // `dead` is shared with those who talk to the same addresses.
    key_fetch(asio::any_io_executor executor, net::way_out out, std::vector<url> addresses, events on,
              std::shared_ptr<dead_addresses> dead,
              std::chrono::steady_clock::duration closest = std::chrono::seconds(30));

    // When an address gave the key last; nothing until then.
    [[nodiscard]] const std::optional<instant>& fetched_at() const noexcept { return x_fetched_at; }

    // Fetches the key, and again when there is doubt, until cancelled.
    [[nodiscard]] asio::awaitable<void> run();

    // The key may have changed, since `signature` does not verify: asks for it again, or waits with others
    // that did, and returns when an address gave it or all were tried, or after `patience`. At once where the
    // key was fetched first, or because of this signature, just now.
    [[nodiscard]] asio::awaitable<void> refresh(std::string signature,
                                                std::chrono::steady_clock::duration patience);

private:
    using clock = std::chrono::steady_clock;

    bool may_ask_for(const std::string& signature);
    asio::awaitable<void> fetch_first();
    asio::awaitable<trouble> fetch_once();
    asio::awaitable<trouble> fetch(url address);

    std::vector<url> x_addresses;
    net::http_client x_client;
    events x_on;
    clock::duration x_closest;
    std::shared_ptr<dead_addresses> x_dead;
    clock::time_point x_earliest = clock::time_point::max();  // for the next one; max: there is no key yet
    std::map<std::size_t, clock::time_point> x_doubted;  // hashes of signatures, and how long they cause none
    episode x_unavailable;
    bool x_refreshing = false;
    std::optional<instant> x_fetched_at;
    wakeup x_doubt;
    asio::steady_timer x_answered;  // cancelled when the key was asked for again
};

}  // namespace nullworker::autoscaler
