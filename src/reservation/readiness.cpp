#include <nullworker/reservation/readiness.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::reservation {
namespace {

constexpr std::array waiting_for = {
    "waiting for the listeners",
    "waiting for the autoscaler's public key",
    "waiting for the consumer's first successful health probe",
};

constexpr std::size_t index(auto value) {
    return static_cast<std::size_t>(value);
}

}  // namespace

readiness::readiness(instant started, std::function<void()> on_change)
    : x_started(started), x_on_change(std::move(on_change)) {}

void readiness::meet(condition met, instant now) {
    if (std::exchange(x_met[index(met)], true))
        return;
    if (std::all_of(x_met.begin(), x_met.end(), [](bool done) { return done; }))
        x_load_time = now.monotonic - x_started.monotonic;
    x_on_change();
}

void readiness::raise(problem_source source, std::string message) {
    auto& slot = x_problems[index(source)];
    if (slot == message)
        return;
    slot = std::move(message);
    x_on_change();
}

void readiness::clear(problem_source source) {
    raise(source, {});
}

void readiness::begin_drain() {
    x_draining = true;
    x_on_change();
}

std::vector<std::string> readiness::problems() const {
    std::vector<std::string> out;
    for (const auto& problem : x_problems)
        if (!problem.empty())
            out.push_back(problem);
    return out;
}

std::string readiness::error_message() const {
    std::string line;
    for (const auto& problem : problems())
        line += (line.empty() ? "" : "; ") + problem;
    return line;
}

std::vector<std::string> readiness::reasons() const {
    auto out = problems();
    for (std::size_t i = 0; i < x_met.size(); ++i)
        if (!x_met[i])
            out.emplace_back(waiting_for[i]);
    if (x_draining)
        out.emplace_back("draining");
    return out;
}

}  // namespace nullworker::reservation
