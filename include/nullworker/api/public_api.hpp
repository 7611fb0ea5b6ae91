#pragma once

#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <string>

namespace nullworker::api {

struct public_settings {
    wire::create_limits create;
    std::string master_token;       // empty: /pyworker/update authorises nobody
    std::string force_update_file;  // what /pyworker/update creates
};

// What the outside may ask of a worker: the public listener, and the webhook listener, which has but
// /session/end.
class public_api {
public:
    // All references outlive it.
    public_api(public_settings settings, reservation::desk& desk, const reservation::readiness& state,
               auth::gatekeeper& gate);

    [[nodiscard]] net::reply on_public(const net::request& request);
    [[nodiscard]] net::reply on_webhook(const net::request& request);

private:
    struct tables;

    net::reply create(const net::request& request);
    net::reply end(const net::request& request);
    net::reply get(const net::request& request);
    net::reply health(const net::request& request);
    net::reply ping(const net::request& request);
    net::reply update(const net::request& request);
    net::reply refuse_grant(const net::request& request, auth::grant_verdict verdict,
                            const wire::route_grant& grant);

    public_settings x_settings;
    reservation::desk& x_desk;
    const reservation::readiness& x_state;
    auth::gatekeeper& x_gate;
};

}  // namespace nullworker::api
