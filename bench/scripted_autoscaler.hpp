#pragma once

#include <fleet/signing_key.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/wire/completion.hpp>
#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/status_report.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace nullworker::bench {

// The autoscaler's side of the contract with a notebook: it accepts everything and remembers when it came.
class scripted_autoscaler {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Listens on 127.0.0.1, on any free port.
    explicit scripted_autoscaler(asio::any_io_executor executor);

    [[nodiscard]] std::string url() const;

    // The auth_data that makes `worker_url` accept request `request_idx`. Signed once for each URL, which is
    // all that a signature covers.
    [[nodiscard]] wire::json_value grant(const std::string& worker_url, std::int64_t request_idx);

    // What `worker` reported last; nothing before its first report.
    [[nodiscard]] const std::optional<wire::status_report>& report() const noexcept { return x_report; }
    [[nodiscard]] time_point reported_at() const noexcept { return x_reported_at; }

    // The completion that came last, and when.
    [[nodiscard]] std::int64_t completed_idx() const noexcept { return x_completed_idx; }
    [[nodiscard]] std::chrono::system_clock::time_point completed_at() const noexcept {
        return x_completed_at;
    }

    // A number for a worker that no other one has.
    [[nodiscard]] std::int64_t next_worker() noexcept { return ++x_last_worker; }

    // Listens to this worker alone, and forgets what others said.
    void follow(std::int64_t worker);

    // How many reports it has accepted of the worker that it follows.
    [[nodiscard]] int reports() const noexcept { return x_reports; }

    // Waits until `condition` holds, looked at whenever something has come; false after `limit`. For one
    // coroutine at a time.
    [[nodiscard]] asio::awaitable<bool> until(std::function<bool()> condition,
                                              std::chrono::steady_clock::duration limit);

    [[nodiscard]] asio::awaitable<void> stop();

private:
    net::reply answer(const net::request& incoming);

    fleet::signing_key x_key;
    std::map<std::string, std::string> x_signatures;
    std::int64_t x_last_worker = 0;
    std::int64_t x_worker = 0;
    int x_reports = 0;
    std::optional<wire::status_report> x_report;
    time_point x_reported_at{};
    std::int64_t x_completed_idx = 0;
    std::chrono::system_clock::time_point x_completed_at{};
    wakeup x_news;
    net::http_server x_server;
};

}  // namespace nullworker::bench
