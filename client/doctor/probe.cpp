#include <vast/reservation_keeper.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <doctor/probe.hpp>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

std::string in_seconds(steady::duration span) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.2f s", seconds(span).count());
    return text.data();
}

// Where a reservation can come to an end, and what to look at then.
enum class stage { asking, queued, routed, verified, created };

constexpr std::array remedies = {
    "look at the network, at the key and at the endpoint's state",
    "no machine became ready: look at the workers above, and whether search_params finds any",
    "the machine cannot be reached: does its template have the worker's port in Ports?",
    "the worker refuses: its log says why",
    "the worker lost its session: its log says why",
};

// The steps of one reservation, each as it happens.
class probe final : public reservation_keeper {
public:
    probe(serverless& api, std::function<void(const finding&)> tell) : x_api(api), x_tell(std::move(tell)) {}

    asio::awaitable<bool> keep_request(std::int64_t idx) override {
        step(stage::queued, "queued", "request " + std::to_string(idx));
        co_return true;
    }

    asio::awaitable<bool> keep_offer(const reservation_plan::create& routed) override {
        step(stage::routed, "routed", "to " + routed.worker_url);
        auto worker = routed.worker;
        const auto reached = co_await x_api.reach(std::move(worker));
        // A certificate that is of no use is of none at the next try either, and each of them may rent.
        if (!reached && !reached.error().retryable)
            x_fault = reached.error();
        if (!reached)
            co_return !x_fault;
        const bool secured = routed.worker.is_tls();
        step(stage::verified, secured ? "TLS verified" : "reached",
             secured ? "for " + routed.worker.host : "by HTTP, without TLS");
        co_return true;
    }

    asio::awaitable<bool> keep_session(const held_session& session) override {
        step(stage::created, "created", "session " + session.session_id);
        co_return true;
    }

    void leave_in_doubt(const reservation_plan::create&) override {}
    bool withdraws() const override { return true; }

    void step(stage reached, const char* subject, const std::string& what) {
        const auto now = steady::now();
        x_reached = reached;
        x_tell({.subject = subject,
                .value =
                    what + ", " + in_seconds(now - x_last) + " (in all " + in_seconds(now - x_begin) + ')'});
        x_last = steady::now();
    }

    void fail(const failure& why, const interruption& stop) {
        x_tell({.how = severity::fail,
                .subject = "probe",
                .value = x_fault ? x_fault->message : why.message,
                .remedy = stop.requested() ? "" : remedies.at(static_cast<std::size_t>(x_reached))});
    }

private:
    serverless& x_api;
    std::function<void(const finding&)> x_tell;
    steady::time_point x_begin = steady::now();
    steady::time_point x_last = x_begin;
    stage x_reached = stage::asking;
    std::optional<failure> x_fault;  // for which it was given up
};

}  // namespace

finding cost_of_probe(const wire::endpoint_info& endpoint) {
    const auto idle = endpoint.inactivity_timeout.value_or(0);
    const auto behind = idle > 0 ? " and, after that, for at least " + std::to_string(std::lround(idle)) +
                                       " s (inactivity_timeout)"
                                 : " and, after that, for as long as the autoscaler keeps it";
    return {.subject = "probe",
            .value = "rents one machine of " + endpoint.endpoint_name +
                     ", unless one is free: it is paid for while it boots, for the session of a moment," +
                     behind};
}

asio::awaitable<void> probe_endpoint(serverless& api, known_endpoint& endpoint, reserve_options options,
                                     interruption& stop, std::function<void(const finding&)> tell) {
    probe steps(api, std::move(tell));
    const reserve_events on{.on_waiting = [](std::int64_t, const std::string&) {},
                            .on_routed = [](std::int64_t, const std::string&) {},
                            .on_refused = [](const std::string&) {}};
    auto held = co_await api.reserve(endpoint, options, on, stop, &steps);
    if (!held) {
        steps.fail(held.error(), stop);
        co_return;
    }
    const auto id = held->session_id;
    auto session = std::move(*held);
    const auto ended = co_await api.end(std::move(session));
    if (ended)
        steps.step(stage::created, "released", "session " + id);
    else
        steps.fail(ended.error(), stop);
}

}  // namespace nullworker::client
