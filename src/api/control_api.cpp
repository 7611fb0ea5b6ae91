#include <nullworker/api/control_api.hpp>
#include <nullworker/api/route_table.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <array>

namespace nullworker::api {

struct control_api::tables {
    static constexpr std::array<route<control_api>, 2> on_control = {{
        {net::verb::post, "/release", &control_api::release},
        {net::verb::get, "/health", &control_api::health},
    }};
};

control_api::control_api(reservation::desk& desk, const reservation::readiness& state)
    : x_desk(desk), x_state(state) {}

net::reply control_api::on_control(const net::request& request) {
    return dispatch<control_api>(*this, tables::on_control, request);
}

net::reply control_api::release(const net::request&) {
    if (!x_state.ready())
        return net::json_reply(503, wire::not_released("backend not ready"));
    const auto released = x_desk.release(now());
    if (!released)
        return net::json_reply(200, wire::not_released("no active session"));
    return net::json_reply(200, wire::released(*released));
}

net::reply control_api::health(const net::request&) {
    const auto reasons = x_state.reasons();
    return reasons.empty() ? net::text_reply(200, "ok") : net::json_reply(503, wire::unhealthy(reasons));
}

}  // namespace nullworker::api
