#include "conversion.hpp"
#include "tolerant.hpp"

#include <nullworker/wire/routing.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nullworker::wire {

using nlohmann::json;

NULLWORKER_MESSAGE(route_request, endpoint, api_key, cost, request_idx, replay_timeout)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(signed_grant, url, endpoint, cost, reqnum, request_idx, signature)
NULLWORKER_MESSAGE(endpoint_info, id, endpoint_name, api_key, user_id, created_at, min_load, min_cold_load,
                   target_util, cold_mult, cold_workers, max_workers, max_queue_time, target_queue_time,
                   inactivity_timeout, endpoint_state)
NULLWORKER_MESSAGE(workers_request, id, api_key)
NULLWORKER_MESSAGE(worker_info, id, status, cur_load, new_load, cur_load_rolling_avg, cur_perf, perf,
                   measured_perf, dlperf, reliability, reqs_working, disk_usage, loaded_at, started_at)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(created_session, session_id, expiration)

namespace {

// What the endpoint routes wrap their answers in.
struct endpoint_results {
    std::vector<endpoint_info> results;
};

// The console calls min_workers what all else calls cold_workers.
json by_one_name(json endpoints) {
    for (auto& one : endpoints.get_ref<json::array_t&>())
        if (one.is_object() && one.contains("min_workers") && one.value("cold_workers", json()).is_null())
            one["cold_workers"] = one["min_workers"];
    return endpoints;
}

void from_json(const json& document, endpoint_results& out) {
    out.results = read_list<endpoint_info>(by_one_name(document.at("results")),
                                           {"endpoint_name", "api_key", "endpoint_state"});
}

struct worker_list {
    std::vector<worker_info> workers;
};

void from_json(const json& document, worker_list& out) {
    const bool wrapped = document.is_object() && document.contains("workers");
    out.workers = read_list<worker_info>(wrapped ? document.at("workers") : document, {"status"});
    for (auto& worker : out.workers)
        if (worker.status.empty())
            worker.status = "UNKNOWN";
}

std::string text_of(const json& document, const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A time that is left, in seconds.
std::optional<double> span_of(const json& document, const char* name) {
    const auto found = document.find(name);
    if (found == document.end() || !found->is_number())
        return std::nullopt;
    return std::clamp(found->get<double>(), 0.0, longest_max_lifetime.count());
}

// Null, an empty list and their like say nothing.
bool says_nothing(const json& document) {
    return document.is_primitive()
               ? document.is_null() || document == false || document == 0 || document == json("")
               : document.empty();
}

// A member that may be null or absent.
template <class T>
void read_given(const json& message, const char* name, std::optional<T>& out) {
    if (message.value(name, json()).is_null())
        return;
    T value{};
    read_member(message, name, value);
    out = std::move(value);
}

}  // namespace

// Out here the library finds them.
inline void from_json(const json& document, endpoint_change& out) {
    read_given(document, "min_load", out.min_load);
    read_given(document, "min_cold_load", out.min_cold_load);
    read_given(document, "target_util", out.target_util);
    read_given(document, "cold_mult", out.cold_mult);
    read_given(document, "cold_workers", out.cold_workers);
    read_given(document, "max_workers", out.max_workers);
    read_given(document, "max_queue_time", out.max_queue_time);
    read_given(document, "target_queue_time", out.target_queue_time);
    read_given(document, "inactivity_timeout", out.inactivity_timeout);
    read_given(document, "endpoint_name", out.endpoint_name);
    read_given(document, "endpoint_state", out.endpoint_state);
}

inline void from_json(const json& received, route_reply& reply) {
    reply.status = "waiting";
    if (says_nothing(received))
        return;
    const json document = tolerant(received, {"url", "status", "error_msg"});
    read_member(document, "request_idx", reply.request_idx);
    if (received.is_object() && received.contains("url") && !received["url"].is_null()) {
        reply.worker = {received["url"].get<std::string>(), json_value(received)};
        reply.status.clear();
        return;
    }
    const auto status = text_of(document, "status");
    const auto trouble = text_of(document, "error_msg");
    if (!status.empty() || !trouble.empty())
        reply.status = status + (status.empty() || trouble.empty() ? "" : "; ") + trouble;
}

std::string to_json(const route_request& request) {
    return compact(request);
}

result<route_request> parse_route_request(std::string_view body) {
    auto request = read_message<route_request>(body);
    if (request && !(std::isfinite(request->cost) && request->cost > 0))
        return errc::unexpected_message;
    return request;
}

result<route_reply> parse_route_reply(std::string_view body) {
    return read_message<route_reply>(body);
}

std::string to_json(const signed_grant& grant) {
    return compact(grant);
}

std::string route_waiting(const std::string& endpoint, const std::string& status, std::int64_t request_idx) {
    return compact({{"endpoint", endpoint}, {"status", status}, {"request_idx", request_idx}});
}

std::string endpoint_list(const std::vector<endpoint_info>& endpoints) {
    return compact({{"success", true}, {"results", endpoints}});
}

std::string endpoint_single(const endpoint_info& endpoint) {
    return compact({{"success", true}, {"result", endpoint}});
}

result<std::vector<endpoint_info>> parse_endpoint_list(std::string_view body) {
    auto list = read_message<endpoint_results>(body);
    if (!list)
        return list.error();
    return std::move(list->results);
}

result<endpoint_change> parse_endpoint_change(std::string_view body) {
    return read_message<endpoint_change>(body);
}

std::string endpoint_changed() {
    return compact({{"success", true}});
}

std::string route_refusal(const std::string& why) {
    return compact({{"success", false}, {"error", why}, {"msg", why}});
}

std::string to_json(const workers_request& request) {
    return compact(request);
}

result<workers_request> parse_workers_request(std::string_view body) {
    return read_message<workers_request>(body);
}

std::string to_json(const std::vector<worker_info>& workers) {
    return compact(workers);
}

result<std::vector<worker_info>> parse_workers(std::string_view body) {
    auto list = read_message<worker_list>(body);
    if (!list)
        return list.error();
    return std::move(list->workers);
}

std::string create_body(const json_value& grant, const create_parameters& parameters) {
    json payload = {
        {"lifetime", parameters.lifetime.count()},
        {"on_close_route", parameters.on_close_route ? json(*parameters.on_close_route) : json()},
        {"on_close_payload", parameters.on_close_payload.document()},
    };
    if (!parameters.claim.empty())
        payload["claim"] = parameters.claim;
    return compact({{"auth_data", grant.document()}, {"session_id", nullptr}, {"payload", payload}});
}

std::string session_body(const std::string& session_id, const json_value& grant) {
    return compact({{"session_id", session_id}, {"session_auth", grant.document()}});
}

std::string ping_body(const std::string& session_id, const json_value& grant) {
    return compact(
        {{"auth_data", grant.document()}, {"session_id", session_id}, {"payload", json::object()}});
}

std::string retire_body(const std::string& session_id, const json_value& grant, retire_when when) {
    const char* word = when == retire_when::idle ? "idle" : when == retire_when::done ? "done" : "never";
    return compact({{"session_id", session_id}, {"session_auth", grant.document()}, {"when", word}});
}

result<created_session> parse_session_created(std::string_view body) {
    return read_message<created_session>(body);
}

std::optional<std::string> created_session_id(std::string_view body) {
    const auto value = json_value::parse(body);
    if (!value || !value->document().is_object())
        return std::nullopt;
    const auto id = text_of(value->document(), "session_id");
    return id.empty() ? std::nullopt : std::optional(id);
}

std::optional<bool> parse_ok(std::string_view body) {
    const auto value = json_value::parse(body);
    const bool object = value && value->document().is_object();
    const auto ok = object ? value->document().value("ok", json()) : json();
    return ok.is_boolean() ? std::optional(ok.get<bool>()) : std::nullopt;
}

std::optional<session_standing> parse_session_standing(std::string_view body) {
    const auto value = json_value::parse(body);
    if (!value || !value->document().is_object())
        return std::nullopt;
    const auto& document = value->document();
    const auto remaining = span_of(document, "remaining");
    const auto protected_for = span_of(document, "protected");
    if (!remaining || !protected_for)
        return std::nullopt;
    const auto worker = document.value("worker_id", json());
    return session_standing{
        .remaining = *remaining,
        .protected_for = *protected_for,
        .retiring = document.value("retiring", json()) == true,
        .worker_id = worker.is_number_integer() ? std::optional(worker.get<std::int64_t>()) : std::nullopt};
}

std::optional<retire_answer> parse_retire_answer(std::string_view body) {
    const auto value = json_value::parse(body);
    if (!value || !value->document().is_object())
        return std::nullopt;
    const auto& document = value->document();
    const auto ended = document.value("ended", json());
    if (!ended.is_boolean() && !document.contains("protected"))
        return std::nullopt;
    const auto left = span_of(document, ended.is_boolean() ? "remaining" : "protected");
    return retire_answer{.ended = ended == true, .protected_for = left.value_or(0)};
}

std::optional<session_outcome> parse_session_outcome(std::string_view body) {
    const auto value = json_value::parse(body);
    const auto told = value ? value->text_at("outcome") : std::nullopt;
    return told ? session_outcome_named(*told) : std::nullopt;
}

std::string parse_error(std::string_view body) {
    constexpr std::size_t excerpt = 200;
    const auto value = json_value::parse(body);
    std::string out;
    if (value && value->document().is_object())
        for (const char* name : {"error", "error_msg", "msg"})
            if (const auto text = text_of(value->document(), name); out.find(text) == out.npos)
                out += (out.empty() ? "" : ": ") + text;
    return out.empty() ? std::string(body.substr(0, excerpt)) : out;
}

}  // namespace nullworker::wire
