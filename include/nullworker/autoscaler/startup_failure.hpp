#pragma once

#include <nullworker/autoscaler/worker_identity.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// A worker that cannot start, and whom to tell.
struct startup_failure {
    worker_identity worker;
    std::vector<url> addresses;
    std::string message;
    std::chrono::steady_clock::duration linger{};    // how long to go on telling it
    std::function<asio::awaitable<bool>()> is_moot;  // asked before each time; then no more is told
};

// Tells the autoscaler: once, then every 10 s until the linger time is over, or another worker is there in
// its place. What cannot be delivered is lost.
[[nodiscard]] asio::awaitable<void> report_failure(startup_failure failure);

}  // namespace nullworker::autoscaler
