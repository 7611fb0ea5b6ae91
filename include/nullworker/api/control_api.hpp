#pragma once

#include <nullworker/api/metrics.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <functional>
#include <vector>

namespace nullworker::api {

// What the consumer beside the worker may ask, on loopback; nobody else may: see local_guard.hpp.
class control_api {
public:
    // The references outlive it; `measure` is asked at each GET /metrics.
    control_api(reservation::desk& desk, const reservation::readiness& state,
                std::function<std::vector<metric>()> measure);

    [[nodiscard]] net::reply on_control(const net::request& request);

private:
    struct tables;

    net::reply release(const net::request& request);
    net::reply health(const net::request& request);
    net::reply metrics(const net::request& request);

    reservation::desk& x_desk;
    const reservation::readiness& x_state;
    std::function<std::vector<metric>()> x_measure;
};

}  // namespace nullworker::api
