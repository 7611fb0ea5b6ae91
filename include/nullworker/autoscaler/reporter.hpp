#pragma once

#include <nullworker/autoscaler/uplink.hpp>
#include <nullworker/autoscaler/worker_identity.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/histogram.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <nullworker/wire/status_report.hpp>

#include <boost/asio/awaitable.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace nullworker::autoscaler {

struct report_cadence {
    std::chrono::steady_clock::duration closest = std::chrono::milliseconds(100);  // between two reports
    std::chrono::steady_clock::duration furthest = std::chrono::seconds(10);       // without a change
};

// Tells the autoscaler of every change, at once and at least every `furthest`.
class reporter {
public:
    // `desk` and `state` outlive it.
    reporter(asio::any_io_executor executor, uplink line, worker_identity identity, report_cadence cadence,
             reservation::desk& desk, const reservation::readiness& state);

    // Something changed.
    void notify() {
        x_owed = true;
        x_changed.ring();
    }

    // See uplink.
    void take_over(net::http_client& other) { x_line.take_over(other); }

    // Reports until `finish`, then, in a hurry, what has changed since the last report, or where there was
    // none; returns when that was accepted.
    [[nodiscard]] asio::awaitable<void> run();
    void finish();

    // Reports that an address accepted so far.
    [[nodiscard]] std::uint64_t accepted() const noexcept { return x_accepted; }

    // In s, from the first try of a report until an address accepted it.
    [[nodiscard]] const histogram& latency() const noexcept { return x_latency; }

    [[nodiscard]] const uplink& line() const noexcept { return x_line; }

    // The last of them; nothing until then.
    [[nodiscard]] const std::optional<wire::accepted_report>& last_accepted() const noexcept {
        return x_last_accepted;
    }

private:
    asio::awaitable<void> settle();
    asio::awaitable<void> report();
    std::string make_body();

    static constexpr std::array latency_bounds = {0.01, 0.025, 0.05, 0.1,  0.25, 0.5,  1.0,
                                                  2.5,  5.0,   10.0, 30.0, 60.0, 300.0};

    uplink x_line;
    worker_identity x_identity;
    report_cadence x_cadence;
    reservation::desk& x_desk;
    const reservation::readiness& x_state;
    wakeup x_changed;
    wakeup x_pace;
    reservation::desk::snapshot x_reported;
    wire::status_report x_report;  // what was sent last
    std::optional<wire::accepted_report> x_last_accepted;
    double x_disk_reported = 0;  // GiB used at the last accepted report
    double x_disk_now = 0;
    std::uint64_t x_accepted = 0;
    histogram x_latency{latency_bounds};
    bool x_owed = true;  // there is something that no report has said
    bool x_finishing = false;
};

}  // namespace nullworker::autoscaler
