#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/episode.hpp>
#include <nullworker/base/metrics.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>
#include <nullworker/wire/control_messages.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace nullworker::api {

struct control_settings {
    seconds max_lifetime{86400.0};  // how far ahead a renewal may reach
    bool strict_release = false;    // what ends a session or its protection must name it
};

// What the control listener asks of the rest of the worker.
struct control_events {
    std::function<std::vector<metric>()> measure;   // for GET /metrics
    std::function<wire::worker_status()> describe;  // for GET /status
    std::function<void()> on_alive;                 // the consumer showed that it is alive
    std::function<void()> on_waiting;               // it waits for a session, or somebody like it does
};

// What the consumer beside the worker may ask, and the operator; nobody else may: see net/local_guard.hpp.
class control_api {
public:
    // The references outlive it.
    control_api(control_settings settings, reservation::desk& desk, const reservation::readiness& state,
                control_events on);

    [[nodiscard]] net::reaction on_control(const net::request& request);

private:
    struct tables;

    net::reaction release(const net::request& request);
    net::reaction renew(const net::request& request);
    net::reaction protect(const net::request& request);
    net::reaction lift(const std::optional<std::string>& session_id);
    net::reaction heartbeat(const net::request& request);
    net::reaction session(const net::request& request);
    net::reaction status(const net::request& request);
    net::reaction health(const net::request& request);
    net::reaction metrics(const net::request& request);
    [[nodiscard]] std::optional<std::string> holder() const;

    control_settings x_settings;
    reservation::desk& x_desk;
    const reservation::readiness& x_state;
    control_events x_on;
    episode x_refusals;
};

// What the slot holds, as it is told.
[[nodiscard]] std::optional<wire::slot_session> describe_slot(const reservation::desk& desk, instant now);

}  // namespace nullworker::api
