#include <nullworker/autoscaler/startup_failure.hpp>
#include <nullworker/autoscaler/uplink.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/wire/status_report.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;

// The next report is as good as a second try.
constexpr delivery_policy single_try{.tries_per_address = 1, .pause = {}};

uplink line_for(const startup_failure& failure, const asio::any_io_executor& executor) {
    return {executor, std::make_shared<net::tls_trust>(),
            uplink_settings{.addresses = failure.addresses,
                            .name = "startup error",
                            .path = "/worker_status/",
                            .policy = single_try}};
}

std::string report_of(const startup_failure& failure) {
    return wire::to_json(wire::status_report{.id = failure.worker.id,
                                             .mtoken = failure.worker.mtoken,
                                             .version = failure.worker.version,
                                             .error_msg = failure.message,
                                             .url = failure.worker.url});
}

}  // namespace

asio::awaitable<void> report_failure(startup_failure failure) {
    const auto executor = co_await asio::this_coro::executor;
    auto line = line_for(failure, executor);
    const std::string body = report_of(failure);
    const auto end = std::chrono::steady_clock::now() + failure.linger;
    while (!co_await failure.is_moot()) {
        std::function<std::string()> make_body = [&body] { return body; };
        co_await line.post(std::move(make_body));
        if (std::chrono::steady_clock::now() + 10s > end)
            co_return;
        co_await sleep_for(10s);
    }
}

}  // namespace nullworker::autoscaler
