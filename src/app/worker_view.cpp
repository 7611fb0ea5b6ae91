#include <nullworker/api/control_api.hpp>
#include <nullworker/app/worker_view.hpp>
#include <nullworker/base/printable.hpp>

#include <cstdint>
#include <optional>
#include <utility>

namespace nullworker::app {
namespace {

double health_figure(reservation::health verdict) {
    switch (verdict) {
        case reservation::health::healthy:
            return 1;
        case reservation::health::unhealthy:
            return 0;
        case reservation::health::unknown:
            break;
    }
    return -1;
}

}  // namespace

std::vector<api::metric> worker_view::measure() const {
    using kind = api::metric::kind;
    const auto* holder = desk.holder();
    const auto count = [](auto number) { return static_cast<double>(number); };
    const auto awaited = sign ? sign->reason() : std::string();
    const auto probe_failure = probe ? probe->verdict().failure() : std::string();
    return {
        {"ready", kind::gauge, "1 once the worker takes sessions", state.takes_sessions() ? 1.0 : 0.0},
        {"healthy", kind::gauge, "1 while nothing is wrong", state.reasons().empty() ? 1.0 : 0.0},
        {"consumer_healthy", kind::gauge,
         "1 while the health probe succeeds, 0 while not, -1 where it is unknown",
         probe ? health_figure(probe->verdict().state()) : -1.0},
        {"consumer_probe_failing", kind::gauge, "1 while the last health probe failed, with the reason",
         probe_failure.empty() ? 0.0 : 1.0, probe_failure},
        {"consumer_probe_failures_total", kind::counter, "Health probes that failed",
         probe ? count(probe->failures()) : 0.0},
        {"consumer_awaited", kind::gauge,
         "1 until the consumer has given its first sign of life, where the worker waits for that",
         awaited.empty() ? 0.0 : 1.0, awaited},
        {"consumer_silent", kind::gauge,
         "1 from when a heartbeat is missing while a session is held until the next one",
         heartbeats.heartbeat().state() == reservation::pulse::alive ? 0.0 : 1.0},
        {"consumer_dead", kind::gauge, "1 once the consumer was silent for longer than the grace period",
         heartbeats.heartbeat().state() == reservation::pulse::dead ? 1.0 : 0.0},
        {"session_active", kind::gauge, "1 while a session holds the slot", holder ? 1.0 : 0.0},
        {"session_protected", kind::gauge, "1 while a job runs, and the session does not end",
         holder && holder->protected_until ? 1.0 : 0.0},
        {"session_retiring", kind::gauge, "1 while the session is to end with its job",
         holder && holder->retiring ? 1.0 : 0.0},
        {"load", kind::gauge, "Load of the live session, as it is reported", desk.load()},
        {"sessions_total", kind::counter, "Sessions given out, former processes included",
         count(desk.sessions())},
        {"completions_undelivered", kind::gauge, "Completions the autoscaler has not accepted yet",
         count(desk.outbox().size())},
        {"completions_delivered_total", kind::counter, "Completions the autoscaler accepted",
         count(completions.delivered())},
        {"completions_dropped_total", kind::counter, "Completions dropped since too many were undelivered",
         count(desk.outbox().dropped())},
        {"reports_accepted_total", kind::counter, "Reports the autoscaler accepted",
         count(reports.accepted())},
        {"autoscaler_unreachable", kind::gauge,
         "1 while the autoscaler has accepted no report for longer than --unreachable-after",
         reach.is_lost() ? 1.0 : 0.0},
        {"bad_signatures_total", kind::counter, "Grants whose signature did not verify",
         count(gate.bad_signatures())},
        {"state_writes_total", kind::counter, "Times the state file was written", count(kept.writes())},
        {"state_failing", kind::gauge, "1 while the state file cannot be written",
         kept.failing() ? 1.0 : 0.0},
        {"state_write_failures_total", kind::counter, "Times the state file could not be written",
         count(kept.failures())},
        {"waiters", kind::gauge, "Requests that wait for the session to change",
         count(doors.control().waiting())},
        {"connections", kind::gauge, "Open connections to the public listener",
         count(doors.outside().connections())},
        {"connections_evicted_total", kind::counter, "Connections closed to make room for others",
         count(doors.evicted())},
    };
}

wire::worker_status worker_view::describe() const {
    const auto time = now();
    const auto told = [](const std::optional<instant>& when) {
        return when ? std::optional(epoch_seconds(when->wall)) : std::nullopt;
    };
    const auto reasons = state.reasons();
    wire::worker_status out{.version = NULLWORKER_VERSION,
                            .url = doors.own_url(),
                            .container_id = config.container_id,
                            .control_port = doors.control().port(),
                            .started_at = epoch_seconds(state.started().wall),
                            .ready_since = told(state.ready_since()),
                            .draining = state.draining(),
                            .health = {.state = reasons.empty() ? "healthy" : "unhealthy",
                                       .since = epoch_seconds(state.health_since().wall),
                                       .reasons = reasons},
                            .session = api::describe_slot(desk, time),
                            .last_report = reports.last_accepted(),
                            .undelivered_completions = static_cast<std::int64_t>(desk.outbox().size())};
    if (probe) {
        out.consumer.probe = to_string(probe->verdict().state());
        out.consumer.probe_since = told(probe->verdict().since());
        out.consumer.probe_failure = probe->verdict().failure();
    }
    if (sign && sign->is_awaited())
        out.consumer.heartbeat = "awaited";
    else if (heartbeats.heartbeat().expected())
        out.consumer.heartbeat = to_string(heartbeats.heartbeat().state());
    out.consumer.last_heartbeat = told(heartbeats.heartbeat().last());
    if (const auto& fetched = key.fetched_at())
        out.public_key = wire::key_status{.fetched_at = epoch_seconds(fetched->wall),
                                          .age = seconds(time.monotonic - fetched->monotonic).count()};
    return out;
}

std::string status_line(const reservation::readiness& state) {
    std::string out;
    for (const auto& reason : state.reasons())
        out += (out.empty() ? "" : "; ") + reason;
    // A line's end would begin another assignment, and `systemctl status` shows the rest on a terminal.
    return out.empty() ? "ready" : printable(std::move(out));
}

}  // namespace nullworker::app
