#include <nullworker/api/control_api.hpp>
#include <nullworker/api/local_guard.hpp>
#include <nullworker/api/route_table.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <array>
#include <utility>

namespace nullworker::api {

struct control_api::tables {
    static constexpr std::array<route<control_api>, 3> on_control = {{
        {net::verb::post, "/release", &control_api::release},
        {net::verb::get, "/health", &control_api::health},
        {net::verb::get, "/metrics", &control_api::metrics},
    }};
};

control_api::control_api(reservation::desk& desk, const reservation::readiness& state,
                         std::function<std::vector<metric>()> measure)
    : x_desk(desk), x_state(state), x_measure(std::move(measure)) {}

net::reply control_api::on_control(const net::request& request) {
    if (const auto reason = why_not_local(request)) {
        log::warning("control_refused", {{"path", request.path}, {"reason", *reason}});
        return net::json_reply(403, wire::error(*reason));
    }
    return dispatch<control_api>(*this, tables::on_control, request);
}

net::reply control_api::release(const net::request& request) {
    // The session it was for has left the slot; it would free the next holder's.
    if (request.find(wire::close_callback_header))
        return net::json_reply(403, wire::error("a close callback may not release"));
    // A session that survived a restart can be released before the worker is ready for the next one.
    if (const auto released = x_desk.release(now()))
        return net::json_reply(200, wire::released(*released));
    if (!x_state.ready())
        return net::json_reply(503, wire::not_released("backend not ready"));
    return net::json_reply(200, wire::not_released("no active session"));
}

net::reply control_api::health(const net::request&) {
    const auto reasons = x_state.reasons();
    return reasons.empty() ? net::text_reply(200, "ok") : net::json_reply(503, wire::unhealthy(reasons));
}

net::reply control_api::metrics(const net::request&) {
    auto answer = net::text_reply(200, to_text(x_measure()));
    answer.content_type = metrics_content_type;
    return answer;
}

}  // namespace nullworker::api
