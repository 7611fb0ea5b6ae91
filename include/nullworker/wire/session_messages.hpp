#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/wire/refusal.hpp>
#include <nullworker/wire/route_grant.hpp>
#include <nullworker/wire/session_outcome.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What clients send to a worker's session routes and to /ping, and what they get back.
namespace nullworker::wire {

inline constexpr seconds default_lifetime{60.0};

// What the configured maximum may be at most.
inline constexpr seconds longest_max_lifetime{1e8};

struct create_request {
    route_grant grant;
    seconds lifetime = default_lifetime;
    std::optional<std::string> on_close_route;  // an http(s) URL, or a path that starts with '/'; never empty
    json_value on_close_payload;
    std::string claim;  // 64 hexadecimal digits that the client chose, to ask for its session again; or empty
};

// What a request must keep to.
struct create_limits {
    grant_form form = grant_form::complete;
    seconds max_lifetime{86400.0};
};

[[nodiscard]] parsed<create_request> parse_create(std::string_view body, const create_limits& limits);

// The body of /session/end, /session/get and /session/health.
struct session_reference {
    std::string session_id;
    json_value session_auth;
};

[[nodiscard]] parsed<session_reference> parse_session_reference(std::string_view body);

// When a retirement is to end the session.
enum class retire_when {
    idle,   // now, or not at all while a job runs
    done,   // now, or as soon as the job that runs is done
    never,  // what was asked before is taken back
};

// The body of /session/retire.
struct retire_request {
    session_reference session;
    retire_when when = retire_when::done;
};

[[nodiscard]] parsed<retire_request> parse_retire(std::string_view body);

struct ping_request {
    route_grant grant;
    std::optional<std::string> session_id;
};

// Faults come as the framework's map: {"auth_data": "field missing"}, {"auth_data": {"url": "missing
// parameter"}}, …
[[nodiscard]] parsed<ping_request> parse_ping(std::string_view body, grant_form form);

// Everything /session/get tells.
struct session_description {
    std::string session_id;
    json_value auth_data;
    seconds lifetime{};
    double expiration = 0;  // epoch seconds
    double created_at = 0;  // epoch seconds
    std::optional<std::string> on_close_route;
    json_value on_close_payload;
};

[[nodiscard]] std::string session_created(const std::string& session_id, double expiration);
[[nodiscard]] std::string session_described(const session_description& session);
[[nodiscard]] std::string session_ended(const std::string& session_id);
// The answers of /session/retire where the session goes on: it is retiring; a job runs; it is kept.
[[nodiscard]] std::string session_retiring(double protected_until, double remaining);
[[nodiscard]] std::string session_busy(double protected_for);
[[nodiscard]] std::string session_kept();

// The answer of /session/status. `remaining` is what is left until the client's expiry, 0 where that is past.
struct session_standing {
    std::string session_id;
    double remaining = 0;
    double protected_for = 0;  // 0: no job runs
    bool retiring = false;
    std::optional<std::int64_t> worker_id =
        {};  // as the worker's reports have it; nothing where it is not said
};

[[nodiscard]] std::string session_stands(const session_standing& standing);

// `ended`: how a session of that id ended that the caller's grant opened, if its consumer said so.
[[nodiscard]] std::string session_not_found(const std::string& session_id,
                                            std::optional<session_outcome> ended = {});
[[nodiscard]] std::string ok(bool value);
[[nodiscard]] std::string ping_result();
[[nodiscard]] std::string error(const std::string& what);

// Every close callback carries it, with the session's id.
inline constexpr const char* close_callback_header = "X-Nullworker-Closed";

// The body of a close callback: `payload` plus the session's id; a payload that is no object goes under
// "payload".
[[nodiscard]] std::string close_callback(const json_value& payload, const std::string& session_id);

}  // namespace nullworker::wire
