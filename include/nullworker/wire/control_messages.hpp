#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/wire/refusal.hpp>
#include <nullworker/wire/session_outcome.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the consumer on the machine and the operator say to the control listener, and what they get back. All
// times are epoch seconds, all spans seconds.
namespace nullworker::wire {

// Longer long polls are refused: a consumer asks again.
inline constexpr seconds longest_wait{3600.0};

// The body of /release; may be empty.
struct release_request {
    std::optional<std::string> session_id = {};   // who the caller thinks holds the slot
    std::optional<session_outcome> outcome = {};  // nothing: the caller does not say
};

[[nodiscard]] std::string to_json(const release_request& release);
[[nodiscard]] parsed<release_request> parse_release(std::string_view body);

// The body of /renew. `lifetime` is above 0 and at most `longest`: more is cut to that.
struct renewal_request {
    seconds lifetime{};
    std::optional<std::string> session_id;
};

[[nodiscard]] std::string to_json(const renewal_request& renewal);
[[nodiscard]] parsed<renewal_request> parse_renewal(std::string_view body, seconds longest);

// The body of /protect. `span` is 0 or more, at most `longest`: more is cut to that.
struct protection_request {
    seconds span{};
    std::optional<std::string> session_id;
};

[[nodiscard]] std::string to_json(const protection_request& protection);
[[nodiscard]] parsed<protection_request> parse_protection(std::string_view body, seconds longest);

// The query of GET /session.
struct session_query {
    seconds wait{};          // 0: answer at once
    std::int64_t since = 0;  // the generation that the caller has seen; 0 is the generation of the empty slot
    bool unless_retiring = false;  // a session that is retiring is news, too
};

[[nodiscard]] parsed<session_query> parse_session_query(std::string_view query);

// What holds the slot.
struct slot_session {
    std::string session_id;
    std::int64_t generation = 0;  // counts sessions from 1 on
    double created_at = 0;
    double expiration = 0;
    double remaining = 0;
    double cost = 0;
    std::int64_t request_idx = 0;
    std::optional<double> protected_until;  // it does not end before, whatever `expiration` is
    bool retiring = false;                  // it ends with its protection
};

// The last report that the autoscaler accepted.
struct accepted_report {
    double accepted_at = 0;
    std::string address;
    double cur_load = 0;
    double max_perf = 0;
    std::string error_msg;
};

struct health_status {
    std::string state;  // healthy or unhealthy
    double since = 0;
    std::vector<std::string> reasons;  // empty while healthy
};

struct consumer_status {
    std::string probe = "unknown";  // unknown, healthy or unhealthy; unknown where there is no probe
    std::optional<double> probe_since;
    std::string probe_failure;      // of the last probe; empty after a success
    std::string heartbeat = "off";  // off, awaited, alive, silent or dead
    std::optional<double> last_heartbeat;
};

struct key_status {
    double fetched_at = 0;
    double age = 0;
};

// Everything an operator asks.
struct worker_status {
    std::string version;
    std::string url;
    std::int64_t container_id = 0;
    std::uint16_t control_port = 0;  // 0: it does not say
    double started_at = 0;
    std::optional<double> ready_since;
    bool draining = false;
    health_status health;
    consumer_status consumer;
    std::optional<slot_session> session;
    std::optional<accepted_report> last_report;
    std::int64_t undelivered_completions = 0;
    std::optional<key_status> public_key;  // nothing until it was fetched, and where none is needed
};

[[nodiscard]] std::string to_json(const std::optional<slot_session>& session);
[[nodiscard]] std::string to_json(const worker_status& status);

// Each fails with invalid_json or unexpected_message.
[[nodiscard]] result<std::optional<slot_session>> parse_slot(std::string_view body);
[[nodiscard]] result<worker_status> parse_worker_status(std::string_view body);

[[nodiscard]] std::string released(const std::string& session_id);
[[nodiscard]] std::string not_released(const std::string& reason);
[[nodiscard]] std::string renewed(const slot_session& session);

// The answer to /protect: until when, and for how long from now. Of a protection that was lifted that is now.
[[nodiscard]] std::string protection_noted(const std::string& session_id, double protected_until,
                                           double remaining);

// Another session than the caller's holds the slot, or none. `action` is what was not done: "released",
// "renewed", "protected".
[[nodiscard]] std::string not_the_holder(const char* action, const std::optional<std::string>& holder);

// The answer to a heartbeat: the holder, so that a consumer learns that its session is over.
[[nodiscard]] std::string heartbeat_noted(const std::optional<std::string>& holder);

// /health while something is wrong.
[[nodiscard]] std::string unhealthy(const std::vector<std::string>& reasons);

}  // namespace nullworker::wire
