#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>

#include <chrono>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;

constexpr int quiet_rounds = 5;  // as many as the framework tries at all
constexpr std::size_t max_key_bytes = 16 * 1024;

}  // namespace

key_fetch::key_fetch(asio::any_io_executor executor, std::shared_ptr<net::tls_trust> trust,
                     std::vector<url> addresses, events on, clock::duration closest)
    : x_addresses(std::move(addresses)),
      x_client(executor, std::move(trust)),
      x_on(std::move(on)),
      x_closest(closest),
      x_doubt(executor),
      x_answered(executor) {}

asio::awaitable<void> key_fetch::run() {
    co_await fetch_first();
    for (;;) {
        x_earliest = clock::now() + x_closest;
        co_await x_doubt.wait();
        (void)co_await fetch_once();
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

asio::awaitable<void> key_fetch::refresh(clock::duration patience) {
    if (!x_refreshing && clock::now() < x_earliest)
        co_return;
    if (!std::exchange(x_refreshing, true)) {
        x_earliest = clock::time_point::max();
        x_answered.expires_after(patience);
        x_doubt.ring();
    }
    co_await x_answered.async_wait(nothrow);
}

// None when an address gave a key, else the trouble with the last one.
asio::awaitable<trouble> key_fetch::fetch_once() {
    std::string error = "no address";
    for (const auto& address : x_addresses) {
        auto key = co_await fetch(address);
        if (key) {
            log::info("public_key_fetched", {{"address", address.text()}});
            x_client.close();
            x_fetched_at = now();
            x_on.on_key(std::move(*key));
            co_return trouble::none();
        }
        error = key.error().message();
        log::warning("public_key_unavailable", {{"address", address.text()}, {"error", error}});
    }
    co_return trouble(std::move(error));
}

asio::awaitable<result<auth::public_key>> key_fetch::fetch(url address) {
    net::call request{
        .target = join(std::move(address), "/pubkey/"), .limit = 10s, .max_reply_bytes = max_key_bytes};
    const auto answer = co_await x_client.send(std::move(request));
    if (!answer)
        co_return answer.error();
    if (!net::is_success(*answer))
        co_return errc::unexpected_status;
    co_return auth::public_key::from_pem(answer->body);
}

}  // namespace nullworker::autoscaler
