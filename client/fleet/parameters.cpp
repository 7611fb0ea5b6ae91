#include <fleet/parameters.hpp>

#include <cmath>

namespace nullworker::fleet {

namespace {

// Where nothing is said of the queue times, Vast has these.
parameters with_usual_queues(parameters values) {
    values.target_util = 0.9;
    values.max_queue_time = seconds(30);
    values.target_queue_time = seconds(10);
    values.inactivity_timeout.reset();
    values.cold_workers = 5;
    return values;
}

}  // namespace

const char* to_string(endpoint_state state) noexcept {
    return state == endpoint_state::active ? "active" : "suspended";
}

parameters console_defaults() {
    parameters out;
    out.min_load = 1;
    out.cold_mult = 3;
    out.max_workers = 16;
    return with_usual_queues(out);
}

parameters command_line_defaults() {
    parameters out;
    out.min_load = 0;
    out.cold_mult = 2.5;
    out.max_workers = 20;
    return with_usual_queues(out);
}

seconds idle_patience(const parameters& values) {
    constexpr seconds usual{10.0};
    const auto set = values.inactivity_timeout.value_or(usual);
    return set < seconds::zero() ? usual : set;
}

std::optional<std::string> fault_in(const parameters& values) {
    if (!(std::isfinite(values.target_util) && values.target_util > 0))
        return "target_util must be greater than 0";
    const std::pair<const char*, double> amounts[] = {
        {"min_load", values.min_load},
        {"min_cold_load", values.min_cold_load},
        {"cold_mult", values.cold_mult},
        {"max_queue_time", values.max_queue_time.count()},
        {"target_queue_time", values.target_queue_time.count()},
    };
    constexpr double most = 1e8;
    const auto idle = values.inactivity_timeout.value_or(seconds::zero()).count();
    if (!(idle >= -most && idle <= most))
        return "inactivity_timeout must be in the range -1e+08 to 1e+08";
    for (const auto& [name, amount] : amounts)
        if (!(amount >= 0 && amount <= most))
            return std::string(name) + " must be in the range 0 to 1e+08";
    if (values.max_workers > most_workers || values.cold_workers > most_workers - values.max_workers)
        return "max_workers and cold_workers together may be " + std::to_string(most_workers) + " at most";
    return std::nullopt;
}

}  // namespace nullworker::fleet
