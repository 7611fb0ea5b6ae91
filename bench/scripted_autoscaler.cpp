#include "scripted_autoscaler.hpp"

#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <utility>

namespace nullworker::bench {
namespace {

// Some workers deliver all their completions in one message.
constexpr net::server_limits limits{.max_body_bytes = 64 * 1024 * 1024};

}  // namespace

scripted_autoscaler::scripted_autoscaler(asio::any_io_executor executor)
    : x_key(fleet::signing_key::generate()), x_news(executor), x_server(executor, "autoscaler", limits) {
    x_server.bind({asio::ip::address_v4::loopback(), 0}, "the scripted autoscaler");
    x_server.start(
        [this](net::request incoming) -> asio::awaitable<net::reaction> { co_return answer(incoming); });
}

std::string scripted_autoscaler::url() const {
    return "http://127.0.0.1:" + std::to_string(x_server.port());
}

wire::json_value scripted_autoscaler::grant(const std::string& worker_url, std::int64_t request_idx) {
    auto& signature = x_signatures[worker_url];
    if (signature.empty())
        signature = x_key.sign_url(worker_url);
    const wire::signed_grant whole{worker_url, "bench", 100.0, request_idx, request_idx, signature};
    return wire::json_value::parse(wire::to_json(whole)).value();
}

void scripted_autoscaler::follow(std::int64_t worker) {
    x_worker = worker;
    x_report.reset();
    x_reports = 0;
    x_completed_idx = 0;
}

asio::awaitable<bool> scripted_autoscaler::until(std::function<bool()> condition,
                                                 std::chrono::steady_clock::duration limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline)
            co_return false;
        co_await x_news.wait_until(deadline);
    }
    co_return true;
}

asio::awaitable<void> scripted_autoscaler::stop() {
    x_server.drain();
    co_await x_server.join(std::chrono::seconds(1));
}

net::reply scripted_autoscaler::answer(const net::request& incoming) {
    if (incoming.path == "/pubkey/")
        return net::text_reply(200, x_key.public_pem());
    if (incoming.path == "/worker_status/") {
        auto report = wire::parse_status_report(incoming.body);
        if (report && report->id == x_worker) {
            ++x_reports;
            x_reported_at = std::chrono::steady_clock::now();
            x_report = std::move(*report);
        }
    } else if (incoming.path == "/delete_requests/") {
        const auto batch = wire::parse_completion_batch(incoming.body);
        if (batch && batch->worker_id == x_worker && !batch->requests.empty()) {
            x_completed_at = std::chrono::system_clock::now();
            x_completed_idx = batch->requests.back().request_idx;
        }
    }
    x_news.ring();
    return net::json_reply(200, wire::ok(true));
}

}  // namespace nullworker::bench
