#include <nullworker/api/control_api.hpp>
#include <nullworker/app/worker_view.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/base/url.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace nullworker::app {
namespace {

using kind = metric::kind;

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

double figure(std::uint64_t number) {
    return static_cast<double>(number);
}

double flag(bool is_so) {
    return is_so ? 1 : 0;
}

std::vector<series> releases(const reservation::session_figures& went) {
    using reservation::close_reason;
    std::vector<series> out;
    for (const auto cause : {close_reason::ended, close_reason::released, close_reason::expired})
        for (auto& one : series_by("outcome", went.closed_by(cause))) {
            one.labels.emplace(one.labels.begin(), "cause", to_string(cause));
            out.push_back(std::move(one));
        }
    return out;
}

// By address, of which a list may have any number, and twice the same.
std::vector<series> failures(const autoscaler::uplink& line) {
    constexpr std::size_t most_addresses = 8;
    std::map<std::string, double> by_address;
    for (std::size_t i = 0; i < line.addresses().size(); ++i) {
        const auto address = without_secrets(line.addresses()[i].text());
        const bool is_told = by_address.size() < most_addresses || by_address.contains(address);
        by_address[is_told ? address : "other"] += figure(line.failures()[i]);
    }
    std::vector<series> out;
    out.reserve(by_address.size());
    for (const auto& [address, count] : by_address)
        out.push_back({{{"address", address}}, count});
    return out;
}

}  // namespace

std::vector<metric> worker_view::measure() const {
    std::vector<metric> out = {build_info("nullworkerd")};
    for (auto part : {measure_worker(), measure_consumer(), measure_sessions(), measure_reports(),
                      measure_state_and_doors()})
        std::move(part.begin(), part.end(), std::back_inserter(out));
    return out;
}

std::vector<metric> worker_view::measure_worker() const {
    return {
        {"ready", kind::gauge, "1 once the worker takes sessions", flag(state.takes_sessions())},
        {"healthy", kind::gauge, "1 while nothing is wrong", flag(state.reasons().empty())},
        {"error", kind::gauge, "1 while the autoscaler is told of an error, and replaces the machine",
         flag(!state.error_message().empty())},
    };
}

std::vector<metric> worker_view::measure_consumer() const {
    using reservation::pulse;
    const auto& pulses = heartbeats.heartbeat();
    std::vector<series> age;
    if (const auto& last = pulses.last())
        age.push_back({{}, seconds(now().monotonic - last->monotonic).count()});
    return {
        {"consumer_healthy", kind::gauge,
         "1 while the health probe succeeds, 0 while not, -1 where it is unknown",
         probe ? health_figure(probe->verdict().state()) : -1.0},
        {"consumer_probe_failing", kind::gauge, "1 while the last health probe failed",
         flag(probe && !probe->verdict().failure().empty())},
        {"consumer_probe_failures_total", kind::counter, "Health probes that failed",
         probe ? figure(probe->failures()) : 0.0},
        {"consumer_awaited", kind::gauge,
         "1 until the consumer has given its first sign of life, where the worker waits for that",
         flag(sign && sign->is_awaited())},
        {"consumer_heartbeat_age_seconds", kind::gauge,
         "Time since the consumer was last heard; nothing before the first time", std::move(age)},
        {"consumer_silent", kind::gauge,
         "1 from when a heartbeat is missing while a session is held until the next one",
         flag(pulses.state() != pulse::alive)},
        {"consumer_dead", kind::gauge, "1 once the consumer was silent for longer than the grace period",
         flag(pulses.state() == pulse::dead)},
    };
}

std::vector<metric> worker_view::measure_sessions() const {
    const auto* holder = desk.holder();
    const auto& went = desk.figures();
    return {
        {"session_active", kind::gauge, "1 while a session holds the slot", flag(holder)},
        {"session_protected", kind::gauge, "1 while a job runs, and the session does not end",
         flag(holder && holder->protected_until)},
        {"session_retiring", kind::gauge, "1 while the session is to end with its job",
         flag(holder && holder->retiring)},
        {"load", kind::gauge, "Load of the live session, as it is reported", desk.load()},
        {"sessions_total", kind::counter, "Sessions given out, former processes included",
         figure(desk.sessions())},
        {"creates_total", kind::counter, "Requests to create a session, by what became of them",
         series_by("result", door.creates())},
        {"releases_total", kind::counter,
         "Sessions that left the slot, by what ended them and by what the consumer said it found",
         releases(went)},
        {"session_hold_seconds", kind::histogram, "Time from a session's creation to its end",
         std::cref(went.hold())},
        {"session_wait_seconds", kind::histogram,
         "Time from a session's creation until a job first ran in it, which its consumer tells by a "
         "protection",
         std::cref(went.wait())},
        {"bad_signatures_total", kind::counter, "Grants whose signature did not verify",
         figure(gate.bad_signatures())},
    };
}

std::vector<metric> worker_view::measure_reports() const {
    return {
        {"completions_undelivered", kind::gauge, "Completions the autoscaler has not accepted yet",
         figure(desk.outbox().size())},
        {"completions_delivered_total", kind::counter, "Completions the autoscaler accepted",
         figure(completions.delivered())},
        {"completions_dropped_total", kind::counter, "Completions dropped since too many were undelivered",
         figure(desk.outbox().dropped())},
        {"completion_failures_total", kind::counter, "Tries in vain to deliver completions, by address",
         failures(completions.line())},
        {"reports_accepted_total", kind::counter, "Reports the autoscaler accepted",
         figure(reports.accepted())},
        {"report_failures_total", kind::counter, "Tries in vain to report, by address",
         failures(reports.line())},
        {"report_latency_seconds", kind::histogram,
         "Time from the first try of a report until an address accepted it", std::cref(reports.latency())},
        {"autoscaler_unreachable", kind::gauge,
         "1 while the autoscaler has accepted no report for longer than --unreachable-after",
         flag(reach.is_lost())},
    };
}

std::vector<metric> worker_view::measure_state_and_doors() const {
    return {
        {"state_writes_total", kind::counter, "Times the state file was written", figure(kept.writes())},
        {"state_failing", kind::gauge, "1 while the state file cannot be written", flag(kept.failing())},
        {"state_write_failures_total", kind::counter, "Times the state file could not be written",
         figure(kept.failures())},
        {"waiters", kind::gauge, "Requests that wait for the session to change",
         figure(doors.control().waiting())},
        {"connections", kind::gauge, "Open connections to the public listener",
         figure(doors.outside().connections())},
        {"connections_evicted_total", kind::counter, "Connections closed to make room for others",
         figure(doors.evicted())},
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
