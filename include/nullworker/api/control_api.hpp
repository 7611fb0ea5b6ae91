#pragma once

#include <nullworker/net/message.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>

namespace nullworker::api {

// What the consumer beside the worker may ask, on loopback.
class control_api {
public:
    // Both outlive it.
    control_api(reservation::desk& desk, const reservation::readiness& state);

    [[nodiscard]] net::reply on_control(const net::request& request);

private:
    struct tables;

    net::reply release(const net::request& request);
    net::reply health(const net::request& request);

    reservation::desk& x_desk;
    const reservation::readiness& x_state;
};

}  // namespace nullworker::api
