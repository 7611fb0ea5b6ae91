#include "refused.hpp"

#include <nullworker/api/control_api.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/net/local_guard.hpp>
#include <nullworker/net/route_table.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <array>
#include <utility>

namespace nullworker::api {
struct control_api::tables {
    static constexpr std::array<net::route<control_api, net::reaction>, 8> on_control = {{
        {net::verb::post, "/release", &control_api::release},
        {net::verb::post, "/renew", &control_api::renew},
        {net::verb::post, "/protect", &control_api::protect},
        {net::verb::post, "/heartbeat", &control_api::heartbeat},
        {net::verb::get, "/session", &control_api::session},
        {net::verb::get, "/status", &control_api::status},
        {net::verb::get, "/health", &control_api::health},
        {net::verb::get, "/metrics", &control_api::metrics},
    }};
};

control_api::control_api(control_settings settings, reservation::desk& desk,
                         const reservation::readiness& state, control_events on)
    : x_settings(settings), x_desk(desk), x_state(state), x_on(std::move(on)) {}

net::reaction control_api::on_control(const net::request& request) {
    if (const auto reason = net::why_not_local(request)) {
        constexpr std::size_t longest_path = 200;
        if (x_refusals.is_worth_a_line())
            log::warning("control_refused", {{"path", request.path.substr(0, longest_path)},
                                             {"reason", *reason},
                                             {"unsaid", x_refusals.unsaid()}});
        return net::json_reply(403, wire::error(*reason));
    }
    // The session it is for has left the slot: what it does would concern the next one.
    if (request.method == net::verb::post && request.find(wire::close_callback_header))
        return net::json_reply(403, wire::error("a close callback may change nothing here"));
    x_desk.expire(now());
    return net::dispatch<control_api, net::reaction>(*this, tables::on_control, request);
}

std::optional<std::string> control_api::holder() const {
    return x_desk.holder() ? std::optional(x_desk.holder()->session_id) : std::nullopt;
}

net::reaction control_api::release(const net::request& request) {
    const auto wanted = wire::parse_release(request.body);
    if (!wanted)
        return refused(wanted.error());
    if (x_settings.strict_release && !wanted->session_id)
        return refused(
            wire::refuse("session_id", "missing: this worker releases only the session that is named"));
    x_on.on_alive();
    // A session that survived a restart can be released before the worker is ready for the next one.
    const auto released = wanted->session_id ? x_desk.release(*wanted->session_id, now(), wanted->outcome)
                                             : x_desk.release(now(), wanted->outcome);
    if (released)
        return net::about(*released, net::json_reply(200, wire::released(*released)));
    if (wanted->session_id)
        return net::json_reply(409, wire::not_the_holder("released", holder()));
    if (!x_state.ready())
        return net::json_reply(503, wire::not_released("backend not ready"));
    return net::json_reply(200, wire::not_released("no active session"));
}

net::reaction control_api::renew(const net::request& request) {
    const auto renewal = wire::parse_renewal(request.body, x_settings.max_lifetime);
    if (!renewal)
        return refused(renewal.error());
    x_on.on_alive();
    const auto time = now();
    if (!x_desk.renew(renewal->session_id, renewal->lifetime, time))
        return net::json_reply(409, wire::not_the_holder("renewed", holder()));
    return net::about(*holder(), net::json_reply(200, wire::renewed(*describe_slot(x_desk, time))));
}

net::reaction control_api::protect(const net::request& request) {
    const auto wanted = wire::parse_protection(request.body, x_settings.max_lifetime);
    if (!wanted)
        return refused(wanted.error());
    if (wanted->span == seconds::zero() && x_settings.strict_release && !wanted->session_id)
        return refused(wire::refuse(
            "session_id", "missing: this worker lifts the protection only of the session that is named"));
    x_on.on_alive();
    if (wanted->span == seconds::zero())
        return lift(wanted->session_id);
    const auto time = now();
    const auto* session = x_desk.protect(wanted->session_id, wanted->span, time);
    if (!session)
        return net::json_reply(409, wire::not_the_holder("protected", holder()));
    auto noted = wire::protection_noted(session->session_id, epoch_seconds(session->protected_until->wall),
                                        protected_for(*session, time).count());
    return net::about(session->session_id, net::json_reply(200, std::move(noted)));
}

net::reaction control_api::lift(const std::optional<std::string>& session_id) {
    const auto time = now();
    const auto lifted = x_desk.lift(session_id, time);
    if (!lifted)
        return net::json_reply(409, wire::not_the_holder("protected", holder()));
    return net::about(*lifted,
                      net::json_reply(200, wire::protection_noted(*lifted, epoch_seconds(time.wall), 0)));
}

net::reaction control_api::heartbeat(const net::request&) {
    x_on.on_alive();
    return net::about(holder().value_or(""), net::json_reply(200, wire::heartbeat_noted(holder())));
}

// Where a caller has seen the present state already, the request waits until another begins.
net::reaction control_api::session(const net::request& request) {
    const auto query = wire::parse_session_query(request.query);
    if (!query)
        return refused(query.error());
    const auto wait = to_ticks(query->wait);
    if (wait > wait.zero())
        x_on.on_waiting();
    const bool retires = query->unless_retiring && x_desk.holder() && x_desk.holder()->retiring;
    const bool news = retires || query->since != static_cast<std::int64_t>(x_desk.generation());
    if (!news && request.may_wait && wait > wait.zero())
        return net::wait_for_change{wait};
    return net::about(holder().value_or(""),
                      net::json_reply(200, wire::to_json(describe_slot(x_desk, now()))));
}

net::reaction control_api::status(const net::request&) {
    return net::json_reply(200, wire::to_json(x_on.describe()));
}

net::reaction control_api::health(const net::request&) {
    const auto reasons = x_state.reasons();
    return reasons.empty() ? net::text_reply(200, "ok") : net::json_reply(503, wire::unhealthy(reasons));
}

net::reaction control_api::metrics(const net::request&) {
    auto answer = net::text_reply(200, to_text(x_on.measure()));
    answer.content_type = metrics_content_type;
    return answer;
}

std::optional<wire::slot_session> describe_slot(const reservation::desk& desk, instant now) {
    const auto* lease = desk.holder();
    if (!lease)
        return std::nullopt;
    const auto& until = lease->protected_until;
    return wire::slot_session{
        .session_id = lease->session_id,
        .generation = static_cast<std::int64_t>(lease->generation),
        .created_at = epoch_seconds(lease->created.wall),
        .expiration = epoch_seconds(lease->expires.wall),
        .remaining = reservation::left_until(lease->expires, now).count(),
        .cost = lease->cost,
        .request_idx = lease->request_idx,
        .protected_until = until ? std::optional(epoch_seconds(until->wall)) : std::nullopt,
        .retiring = lease->retiring};
}

}  // namespace nullworker::api
