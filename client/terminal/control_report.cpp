#include <terminal/control_report.hpp>
#include <terminal/figures.hpp>
#include <terminal/screen.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace nullworker::client {
namespace {

std::string ago(double time, double now) {
    return span_text(now - time) + " ago";
}

std::string number(double value) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.6g", value);
    return text.data();
}

std::string row(const char* name, const std::string& text) {
    std::array<char, 16> padded{};
    (void)std::snprintf(padded.data(), padded.size(), "%-13s", name);
    return padded.data() + shown(text) + '\n';
}

std::string consumer(const wire::consumer_status& told, double now) {
    std::string out = "probe " + told.probe;
    if (told.probe_since)
        out += " for " + span_text(now - *told.probe_since);
    if (!told.probe_failure.empty())
        out += " (the last: " + told.probe_failure + ')';
    out += "; heartbeat " + told.heartbeat;
    if (told.last_heartbeat)
        out += ", the last " + ago(*told.last_heartbeat, now);
    return out;
}

std::string in_a_line(const wire::slot_session& session, double now) {
    auto out = session.session_id + ", created " + ago(session.created_at, now) + ", expires in " +
               span_text(session.remaining);
    if (session.protected_until)
        out += ", protected for " + span_text(*session.protected_until - now);
    return session.retiring ? out + ", retiring" : out;
}

std::string last_report(const wire::accepted_report& told, double now) {
    return "load " + number(told.cur_load) + " of " + number(told.max_perf) + ", accepted " +
           ago(told.accepted_at, now) + " by " + told.address;
}

}  // namespace

std::string report(const wire::slot_session& session, double now) {
    const auto& until = session.protected_until;
    return row("session", session.session_id) + row("generation", std::to_string(session.generation)) +
           row("created", ago(session.created_at, now)) +
           row("expires", "in " + span_text(session.remaining)) + row("cost", number(session.cost)) +
           row("request", std::to_string(session.request_idx)) +
           row("protected", until ? "for " + span_text(*until - now) : "no") +
           row("retiring", session.retiring ? "yes" : "no");
}

std::string report(const wire::worker_status& status, double now) {
    std::string out = row("nullworkerd", status.version + ", worker " + std::to_string(status.container_id) +
                                             " at " + status.url);
    out += row("health", status.health.state + " for " + span_text(now - status.health.since));
    for (const auto& reason : status.health.reasons)
        out += row("", reason);
    out += row("ready", status.ready_since ? "for " + span_text(now - *status.ready_since) : "not yet");
    out += row("session", status.session ? in_a_line(*status.session, now) : "none");
    out += row("consumer", consumer(status.consumer, now));
    out += row("last report", status.last_report ? last_report(*status.last_report, now) : "none accepted");
    out += row("completions", std::to_string(status.undelivered_completions) + " undelivered");
    out += row("public key",
               status.public_key ? "fetched " + span_text(status.public_key->age) + " ago" : "none");
    return out;
}

}  // namespace nullworker::client
