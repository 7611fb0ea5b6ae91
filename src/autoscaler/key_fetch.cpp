#include <nullworker/autoscaler/delivery.hpp>
#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;

constexpr int quiet_rounds = 5;  // as many as the framework tries at all
constexpr std::size_t max_key_bytes = 16 * 1024;
constexpr std::size_t most_doubted = 256;
constexpr auto spacing = 2s;  // between two fetches for different signatures

}  // namespace

key_fetch::key_fetch(asio::any_io_executor executor, net::way_out out, std::vector<url> addresses, events on,
                     std::shared_ptr<dead_addresses> dead, clock::duration closest)
    : x_addresses(std::move(addresses)),
      x_client(executor, std::move(out)),
      x_on(std::move(on)),
      x_closest(closest),
      x_dead(std::move(dead)),
      x_doubt(executor),
      x_answered(executor) {}

asio::awaitable<void> key_fetch::run() {
    co_await fetch_first();
    x_earliest = clock::now() + x_closest;
    for (;;) {
        co_await x_doubt.wait();
        const auto due = x_earliest - clock::now();
        if (due > due.zero())
            co_await sleep_for(due);
        (void)co_await fetch_once();
        x_earliest = clock::now() + std::min<clock::duration>(spacing, x_closest);
        x_refreshing = false;
        x_answered.cancel();
    }
}

asio::awaitable<void> key_fetch::fetch_first() {
    backoff pause(1s, 30s);
    for (int round = 1;; ++round) {
        const trouble met = co_await fetch_once();
        if (!met)
            co_return;
        if (round >= quiet_rounds)
            x_on.on_trouble("cannot get the autoscaler's public key: " + met.why());
        co_await sleep_for(pause.next());
    }
}

asio::awaitable<void> key_fetch::refresh(std::string signature, clock::duration patience) {
    if (!may_ask_for(signature))
        co_return;
    if (!std::exchange(x_refreshing, true)) {
        x_answered.expires_after(patience);
        x_doubt.ring();
    }
    co_await x_answered.async_wait(nothrow);
}

// Whether the key may be asked for because of this signature; notes that it is.
bool key_fetch::may_ask_for(const std::string& signature) {
    const auto now = clock::now();
    if (x_earliest == clock::time_point::max() || x_earliest > now + spacing)
        return false;
    std::erase_if(x_doubted, [now](const auto& each) { return each.second <= now; });
    if (x_doubted.size() >= most_doubted && !x_refreshing)
        x_doubted.clear();
    return x_refreshing || x_doubted.emplace(std::hash<std::string>{}(signature), now + x_closest).second;
}

// None when an address gave a key, else the trouble with the last one.
asio::awaitable<trouble> key_fetch::fetch_once() {
    std::string error = "no address";
    const auto first = x_addresses.empty() ? 0 : x_dead->next(x_addresses, clock::now()).address;
    for (std::size_t i = 0; i < x_addresses.size(); ++i) {
        const auto& address = x_addresses[(first + i) % x_addresses.size()];
        const trouble met = co_await fetch(address);
        if (!met)
            co_return trouble::none();
        error = met.why();
        if (x_unavailable.is_worth_a_line())
            log::warning("public_key_unavailable",
                         {{"address", address.text()}, {"error", error}, {"unsaid", x_unavailable.unsaid()}});
    }
    co_return trouble(std::move(error));
}

// None when `address` gave a key, which is in use then.
asio::awaitable<trouble> key_fetch::fetch(url address) {
    net::call request{.target = join(address, "/pubkey/"),
                      .limit = 10s,
                      .max_reply_bytes = max_key_bytes,
                      .max_redirects = most_redirects};
    const auto answer = co_await x_client.send(std::move(request));
    if (!answer) {
        x_dead->failed(address, clock::now());
        co_return trouble(answer.error().message());
    }
    if (!net::is_success(*answer))
        co_return trouble(net::described_status(*answer));
    auto key = auth::public_key::from_pem(answer->body);
    if (!key)
        co_return trouble(key.error().message());
    if (x_on.on_spare)
        x_on.on_spare(x_client);
    x_client.close();
    x_fetched_at = now();
    const bool is_new = x_on.on_key(std::move(*key));
    log::write(is_new ? log::level::info : log::level::debug, "public_key_fetched",
               {{"address", address.text()}});
    co_return trouble::none();
}

}  // namespace nullworker::autoscaler
