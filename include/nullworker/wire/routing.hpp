#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a client and the autoscaler say to each other.
namespace nullworker::wire {

// POST /route/
struct route_request {
    std::string endpoint;
    std::string api_key;
    double cost = 100.0;           // finite, > 0
    std::int64_t request_idx = 0;  // 0 on the first call, then the one received
    double replay_timeout = 60.0;  // seconds
};

[[nodiscard]] std::string to_json(const route_request& request);
[[nodiscard]] result<route_request> parse_route_request(std::string_view body);

// The reply: with a `grant` the worker is ready, without one the client waits and asks again.
struct route_reply {
    struct ready {
        std::string url;
        json_value grant;  // the whole reply, to be sent on as auth_data
    };
    std::optional<ready> worker;
    std::string status;            // why there is no worker yet
    std::int64_t request_idx = 0;  // 0 where the autoscaler gave none
};

// A reply that says nothing, such as null, has no worker yet.
[[nodiscard]] result<route_reply> parse_route_reply(std::string_view body);

// The ready form, as an autoscaler makes it.
struct signed_grant {
    std::string url;
    std::string endpoint;
    double cost = 0;
    std::int64_t reqnum = 0;
    std::int64_t request_idx = 0;
    std::string signature;
};

[[nodiscard]] std::string to_json(const signed_grant& grant);
[[nodiscard]] std::string route_waiting(const std::string& endpoint, const std::string& status,
                                        std::int64_t request_idx);

// GET /api/v0/endptjobs/: one endpoint of an account. A parameter that is nothing was never set.
struct endpoint_info {
    std::int64_t id = 0;
    std::string endpoint_name;
    std::string api_key;
    std::int64_t user_id = 0;
    double created_at = 0;
    std::optional<double> min_load = {};
    std::optional<double> min_cold_load = {};
    std::optional<double> target_util = {};
    std::optional<double> cold_mult = {};
    std::optional<std::int64_t> cold_workers = {};
    std::optional<std::int64_t> max_workers = {};
    std::optional<double> max_queue_time = {};
    std::optional<double> target_queue_time = {};
    std::optional<double> inactivity_timeout = {};
    std::string endpoint_state = "active";
};

[[nodiscard]] std::string endpoint_list(const std::vector<endpoint_info>& endpoints);
[[nodiscard]] std::string endpoint_single(const endpoint_info& endpoint);
[[nodiscard]] result<std::vector<endpoint_info>> parse_endpoint_list(std::string_view body);

// PUT /api/v0/endptjobs/<id>/: what is to be changed of an endpoint; nothing: it stays as it is.
struct endpoint_change {
    std::optional<double> min_load;
    std::optional<double> min_cold_load;
    std::optional<double> target_util;
    std::optional<double> cold_mult;
    std::optional<std::int64_t> cold_workers;
    std::optional<std::int64_t> max_workers;
    std::optional<double> max_queue_time;
    std::optional<double> target_queue_time;
    std::optional<double> inactivity_timeout;
    std::optional<std::string> endpoint_name;
    std::optional<std::string> endpoint_state;
};

[[nodiscard]] result<endpoint_change> parse_endpoint_change(std::string_view body);
[[nodiscard]] std::string endpoint_changed();

// A refusal as the autoscaler's clients read it: some look for `error`, some for `msg`.
[[nodiscard]] std::string route_refusal(const std::string& why);

// POST /get_endpoint_workers/
struct workers_request {
    std::int64_t id = 0;
    std::string api_key;
};

[[nodiscard]] std::string to_json(const workers_request& request);
[[nodiscard]] result<workers_request> parse_workers_request(std::string_view body);

struct worker_info {
    std::int64_t id = 0;
    std::string status;
    double cur_load = 0;
    double new_load = 0;
    double cur_load_rolling_avg = 0;
    double cur_perf = 0;
    double perf = 0;
    double measured_perf = 0;
    double dlperf = 0;
    double reliability = 1.0;
    std::int64_t reqs_working = 0;
    double disk_usage = 0;
    double loaded_at = 0;
    double started_at = 0;
};

[[nodiscard]] std::string to_json(const std::vector<worker_info>& workers);
// Figures may be texts; what cannot be read keeps its default. A worker without a status is UNKNOWN.
[[nodiscard]] result<std::vector<worker_info>> parse_workers(std::string_view body);

// What a client sends to a worker, and what it reads from the replies.
struct create_parameters {
    seconds lifetime{60.0};
    std::optional<std::string> on_close_route;
    json_value on_close_payload;
    std::string claim;  // 64 hexadecimal digits; empty: none
};

[[nodiscard]] std::string create_body(const json_value& grant, const create_parameters& parameters);
[[nodiscard]] std::string session_body(const std::string& session_id, const json_value& grant);
[[nodiscard]] std::string ping_body(const std::string& session_id, const json_value& grant);

[[nodiscard]] std::string retire_body(const std::string& session_id, const json_value& grant,
                                      retire_when when);

struct created_session {
    std::string session_id;
    double expiration = 0;  // epoch seconds
};

[[nodiscard]] result<created_session> parse_session_created(std::string_view body);

// The session's id alone, for a body that may be wrong in all else.
[[nodiscard]] std::optional<std::string> created_session_id(std::string_view body);

// What a reply to /session/health says: {"ok": true} or {"ok": false}. Nothing for all else.
[[nodiscard]] std::optional<bool> parse_ok(std::string_view body);

// What a reply to /session/status says, without the id. Nothing for all else.
[[nodiscard]] std::optional<session_standing> parse_session_standing(std::string_view body);

// What a reply to /session/retire says.
struct retire_answer {
    bool ended = false;
    double protected_for = 0;  // how long the job that runs is protected; 0: none does
};

// Nothing for what is no such reply.
[[nodiscard]] std::optional<retire_answer> parse_retire_answer(std::string_view body);

// How a session ended, by the reply of a worker that does not hold it any more. Nothing where that says
// nothing of it, or what is not known here.
[[nodiscard]] std::optional<session_outcome> parse_session_outcome(std::string_view body);

// The text of {"error": "…"}, "error_msg" and "msg", or the body's beginning where it is no such thing.
[[nodiscard]] std::string parse_error(std::string_view body);

}  // namespace nullworker::wire
