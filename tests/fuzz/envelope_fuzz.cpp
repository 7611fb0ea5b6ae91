#include "fuzz_target.hpp"
#include "refusals.hpp"

#include <nullworker/wire/routing.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <cmath>

// The bodies of /session/create and /ping.
namespace nullworker::fuzz {
namespace {

bool same(const wire::route_grant& a, const wire::route_grant& b) {
    return a.url == b.url && a.endpoint == b.endpoint && a.signature == b.signature && a.cost == b.cost &&
           a.reqnum == b.reqnum && a.request_idx == b.request_idx && a.document == b.document;
}

bool same(const wire::create_request& a, const wire::create_request& b) {
    return same(a.grant, b.grant) && a.lifetime == b.lifetime && a.on_close_route == b.on_close_route &&
           a.on_close_payload == b.on_close_payload;
}

void require_sound(const wire::route_grant& grant) {
    require(std::isfinite(grant.cost) && grant.cost > 0 && grant.cost <= wire::max_cost,
            "the cost is bounded");
    require(grant.document.document().is_object(), "a grant is an object");
    require(equals_itself(grant.document), "a grant equals itself");
    const auto text = wire::signed_message(grant.url);
    require(text.starts_with("{\n    \"url\": \"") && text.ends_with("\"\n}"),
            "the signed text has its form");
    for (const char c : text)
        require(c == '\n' || (c >= ' ' && c <= '~'), "the signed text is ASCII");
}

void require_sound(const wire::create_request& request, const wire::create_limits& limits) {
    require_sound(request.grant);
    require(request.lifetime.count() > 0 && request.lifetime <= limits.max_lifetime,
            "the lifetime is bounded");
    if (const auto& route = request.on_close_route)
        require(route->starts_with('/') || route->starts_with("http://") || route->starts_with("https://"),
                "a close route is a path or a URL");
    const auto callback = wire::json_value::parse(wire::close_callback(request.on_close_payload, "id"));
    require(callback.has_value() && callback->document().is_object() &&
                callback->document().contains("session_id"),
            "a close callback is an object that names the session");
}

void try_create(std::string_view input, const wire::create_limits& limits) {
    const auto request = wire::parse_create(input, limits);
    if (!request)
        return require_refusal(request.error());
    require_sound(*request, limits);
    const wire::create_parameters parameters{.lifetime = request->lifetime,
                                             .on_close_route = request->on_close_route,
                                             .on_close_payload = request->on_close_payload};
    const auto again = wire::parse_create(wire::create_body(request->grant.document, parameters), limits);
    require(again.has_value() && same(*request, *again), "a create survives the way there and back");
}

void try_ping(std::string_view input, wire::grant_form form) {
    const auto ping = wire::parse_ping(input, form);
    if (!ping)
        return require_refusal(ping.error());
    require_sound(ping->grant);
    const auto body = wire::ping_body(ping->session_id.value_or(""), ping->grant.document);
    const auto again = wire::parse_ping(body, form);
    require(again.has_value() && same(ping->grant, again->grant), "a ping survives the way there and back");
    require(again->session_id == ping->session_id.value_or(""), "so does its session");
}

}  // namespace

FUZZ_TARGET(envelope, 50) {
    using wire::grant_form;
    try_create(input, {});
    try_create(input, {.form = grant_form::debugging, .max_lifetime = seconds(0.5)});
    try_ping(input, grant_form::complete);
    try_ping(input, grant_form::debugging);
    require(!wire::parse_create(input, {}) || wire::parse_create(input, {.form = grant_form::debugging}),
            "what is complete is enough for debugging");
}

}  // namespace nullworker::fuzz
