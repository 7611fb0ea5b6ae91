#pragma once

#include <nullworker/app/listeners.hpp>
#include <nullworker/app/public_door.hpp>
#include <nullworker/app/settings.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/autoscaler/reach_watch.hpp>
#include <nullworker/autoscaler/reporter.hpp>
#include <nullworker/base/metrics.hpp>
#include <nullworker/consumer/first_sign.hpp>
#include <nullworker/consumer/health_probe.hpp>
#include <nullworker/consumer/heartbeat_watch.hpp>
#include <nullworker/journal/journal.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>
#include <nullworker/wire/control_messages.hpp>

#include <optional>
#include <string>
#include <vector>

namespace nullworker::app {

// What an operator sees of the worker. Each part outlives it.
struct worker_view {
    const settings& config;
    const listeners& doors;
    const journal::journal& kept;
    const reservation::readiness& state;
    const reservation::desk& desk;
    const public_door& door;
    const auth::gatekeeper& gate;
    const autoscaler::reporter& reports;
    const autoscaler::reach_watch& reach;
    const autoscaler::courier& completions;
    const autoscaler::key_fetch& key;
    const consumer::heartbeat_watch& heartbeats;
    const std::optional<consumer::health_probe>& probe;
    const std::optional<consumer::first_sign>& sign;

    // For GET /metrics.
    [[nodiscard]] std::vector<metric> measure() const;

    // For GET /status.
    [[nodiscard]] wire::worker_status describe() const;

    // The parts of the figures.
    [[nodiscard]] std::vector<metric> measure_worker() const;
    [[nodiscard]] std::vector<metric> measure_consumer() const;
    [[nodiscard]] std::vector<metric> measure_sessions() const;
    [[nodiscard]] std::vector<metric> measure_reports() const;
    [[nodiscard]] std::vector<metric> measure_state_and_doors() const;
};

// What a service manager shows of the worker: what is wrong, in one line, or that it is ready.
[[nodiscard]] std::string status_line(const reservation::readiness& state);

}  // namespace nullworker::app
