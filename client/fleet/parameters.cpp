#include <fleet/parameters.hpp>

#include <cmath>
#include <utility>

namespace nullworker::fleet {

std::optional<std::string> fault_in(const parameters& values) {
    if (!(std::isfinite(values.target_util) && values.target_util > 0))
        return "target_util must be greater than 0";
    const std::pair<const char*, double> amounts[] = {
        {"min_load", values.min_load},
        {"max_queue_time", values.max_queue_time.count()},
        {"target_queue_time", values.target_queue_time.count()},
        {"inactivity_timeout", values.inactivity_timeout.count()},
    };
    constexpr double most = 1e8;
    for (const auto& [name, amount] : amounts)
        if (!(amount >= 0 && amount <= most))
            return std::string(name) + " must be in the range 0 to 1e+08";
    if (values.max_workers > most_workers || values.cold_workers > most_workers - values.max_workers)
        return "max_workers and cold_workers together may be " + std::to_string(most_workers) + " at most";
    return std::nullopt;
}

}  // namespace nullworker::fleet
