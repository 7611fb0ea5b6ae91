#pragma once

#include "stage.hpp"

#include <chrono>
#include <functional>

// What several measurements do with a worker.
namespace nullworker::bench {

inline constexpr seconds long_lifetime{3600};

// The workers of a stage, each of them running, until `stop`.
class running_workers {
public:
    explicit running_workers(stage& on) : x_stage(on) {}

    [[nodiscard]] asio::awaitable<void> start();
    [[nodiscard]] asio::awaitable<void> stop();

    struct one {
        side who;
        std::unique_ptr<subject> worker;
    };
    [[nodiscard]] std::vector<one>& all() noexcept { return x_all; }

private:
    stage& x_stage;
    std::vector<one> x_all;
};

// How long each of many creates and ends took, one after the other by one connection.
struct cycle_times {
    std::vector<double> creates;  // ms
    std::vector<double> ends;
    double per_s = 0;  // cycles
};
[[nodiscard]] asio::awaitable<cycle_times> cycle(subject& worker, int count);

// Waits until the completion of the worker's last request has come.
[[nodiscard]] asio::awaitable<void> all_delivered(stage& on, const subject& worker);

// The body of a ping that is signed, and of no session.
[[nodiscard]] inline std::string lone_ping(const wire::json_value& grant) {
    return R"({"auth_data": )" + grant.dump() + R"(, "payload": {}})";
}

[[nodiscard]] inline double in_ms(std::chrono::steady_clock::duration span) {
    return seconds(span).count() * 1000;
}

}  // namespace nullworker::bench
