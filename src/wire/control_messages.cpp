#include "conversion.hpp"
#include "request_checks.hpp"

#include <nullworker/base/query.hpp>
#include <nullworker/wire/control_messages.hpp>

#include <algorithm>

namespace nullworker::wire {
namespace {

using nlohmann::json;

// An empty body is an empty object.
parsed<json_value> parse_claim(std::string_view body) {
    return body.empty() ? json_value(json::object()) : parse_object(body);
}

// "session_id" may be absent or null, which claims nothing.
parsed<std::optional<std::string>> read_claim(const json& message) {
    const auto id = message.find("session_id");
    if (id == message.end() || id->is_null())
        return std::optional<std::string>();
    if (!id->is_string() || id->get_ref<const std::string&>().empty())
        return refuse("session_id", "must be a string that is not empty");
    return std::optional(id->get<std::string>());
}

// A body that may name a session, and says more than that.
struct claiming_body {
    json_value message;
    std::optional<std::string> session_id;
};

parsed<claiming_body> parse_claiming_body(std::string_view body) {
    auto message = parse_claim(body);
    if (!message)
        return message.error();
    auto id = read_claim(message->document());
    if (!id)
        return id.error();
    return claiming_body{std::move(*message), std::move(*id)};
}

// "outcome" may be absent or null, which says nothing.
parsed<std::optional<session_outcome>> read_outcome(const json& message) {
    const auto told = message.find("outcome");
    if (told == message.end() || told->is_null())
        return std::optional<session_outcome>();
    const auto outcome =
        told->is_string() ? session_outcome_named(told->get_ref<const std::string&>()) : std::nullopt;
    if (!outcome)
        return refuse("outcome", "must be done or idle");
    return outcome;
}

}  // namespace

parsed<release_request> parse_release(std::string_view body) {
    const auto told = parse_claiming_body(body);
    if (!told)
        return told.error();
    const auto outcome = read_outcome(told->message.document());
    if (!outcome)
        return outcome.error();
    return release_request{told->session_id, *outcome};
}

parsed<renewal_request> parse_renewal(std::string_view body, seconds longest) {
    const auto told = parse_claiming_body(body);
    if (!told)
        return told.error();
    const json& fields = told->message.document();
    const auto lifetime = fields.find("lifetime");
    if (lifetime == fields.end())
        return refuse("lifetime", "missing: how many seconds from now the session is to last");
    if (const char* fault = is_positive(*lifetime))
        return refuse("lifetime", fault);
    return renewal_request{std::min(seconds(lifetime->get<double>()), longest), told->session_id};
}

parsed<protection_request> parse_protection(std::string_view body, seconds longest) {
    const auto told = parse_claiming_body(body);
    if (!told)
        return told.error();
    const json& fields = told->message.document();
    const auto span = fields.find("seconds");
    if (span == fields.end())
        return refuse("seconds", "missing: how many seconds from now the job may run; 0: it is done");
    const bool lifts = span->is_number() && *span == 0;
    if (!lifts && is_positive(*span))
        return refuse("seconds", "must be a finite number, 0 or greater");
    return protection_request{std::min(seconds(span->get<double>()), longest), told->session_id};
}

parsed<session_query> parse_session_query(std::string_view query) {
    session_query out;
    for (const auto& [name, given] : split_query(query)) {
        const auto value = given.value_or(std::string_view());
        if (name == "wait") {
            double wait = 0;
            if (!read_number(value, wait) || !(wait >= 0 && wait <= longest_wait.count()))
                return refuse("wait", "must be a number of seconds, 0 to 3600");
            out.wait = seconds(wait);
        } else if (name == "since") {
            if (!read_number(value, out.since) || out.since < 0)
                return refuse("since", "must be a generation: an integer, 0 or more");
        } else if (name == "retiring") {
            if (value != "false")
                return refuse("retiring", "must be false: the state that the caller has seen");
            out.unless_retiring = true;
        } else {
            return refuse(std::string(name.substr(0, 64)),
                          "unknown parameter; there are wait, since and retiring");
        }
    }
    return out;
}

NULLWORKER_MESSAGE(slot_session, session_id, generation, created_at, expiration, remaining, cost, request_idx,
                   protected_until, retiring)
NULLWORKER_MESSAGE(accepted_report, accepted_at, address, cur_load, max_perf, error_msg)
NULLWORKER_MESSAGE(health_status, state, since, reasons)
NULLWORKER_MESSAGE(consumer_status, probe, probe_since, probe_failure, heartbeat, last_heartbeat)
NULLWORKER_MESSAGE(key_status, fetched_at, age)
NULLWORKER_MESSAGE(worker_status, version, url, container_id, control_port, started_at, ready_since, draining,
                   health, consumer, session, last_report, undelivered_completions, public_key)

// What is not said is not there: a daemon of an older version need not understand it.
std::string to_json(const release_request& release) {
    json out = json::object();
    if (release.session_id)
        out["session_id"] = *release.session_id;
    if (release.outcome)
        out["outcome"] = to_string(*release.outcome);
    return compact(out);
}

std::string to_json(const renewal_request& renewal) {
    return compact({{"lifetime", renewal.lifetime.count()}, {"session_id", renewal.session_id}});
}

std::string to_json(const protection_request& protection) {
    return compact({{"seconds", protection.span.count()}, {"session_id", protection.session_id}});
}

std::string to_json(const std::optional<slot_session>& session) {
    return compact(json(session));
}

std::string to_json(const worker_status& status) {
    return compact(json(status));
}

result<std::optional<slot_session>> parse_slot(std::string_view body) {
    return read_message<std::optional<slot_session>>(body);
}

result<worker_status> parse_worker_status(std::string_view body) {
    return read_message<worker_status>(body);
}

std::string released(const std::string& session_id) {
    return compact({{"released", true}, {"session_ids", json::array({session_id})}});
}

std::string not_released(const std::string& reason) {
    return compact({{"released", false}, {"reason", reason}});
}

std::string renewed(const slot_session& session) {
    return compact({{"session_id", session.session_id},
                    {"expiration", session.expiration},
                    {"remaining", session.remaining}});
}

std::string protection_noted(const std::string& session_id, double protected_until, double remaining) {
    return compact(
        {{"session_id", session_id}, {"protected_until", protected_until}, {"remaining", remaining}});
}

std::string not_the_holder(const char* action, const std::optional<std::string>& holder) {
    return compact({{action, false}, {"reason", "not the holder"}, {"session_id", holder}});
}

std::string heartbeat_noted(const std::optional<std::string>& holder) {
    return compact({{"ok", true}, {"session_id", holder}});
}

std::string unhealthy(const std::vector<std::string>& reasons) {
    return compact({{"ok", false}, {"reasons", reasons}});
}

}  // namespace nullworker::wire
