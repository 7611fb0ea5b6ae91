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
                     std::vector<url> addresses, events on)
    : x_addresses(std::move(addresses)),
      x_client(std::move(executor), std::move(trust)),
      x_on(std::move(on)) {}

asio::awaitable<void> key_fetch::run() {
    backoff pause(1s, 30s);
    for (int round = 1;; ++round) {
        std::string error;
        for (const auto& address : x_addresses) {
            auto key = co_await fetch(address);
            if (key) {
                log::info("public_key_fetched", {{"address", address.text()}});
                x_client.close();
                x_on.on_key(std::move(*key));
                co_return;
            }
            error = key.error().message();
            log::warning("public_key_unavailable",
                         {{"address", address.text()}, {"error", error}, {"round", round}});
        }
        if (round >= quiet_rounds)
            x_on.on_trouble("cannot get the autoscaler's public key: " + error);
        co_await sleep_for(pause.next());
    }
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
