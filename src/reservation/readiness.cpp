#include <nullworker/reservation/readiness.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::reservation {
namespace {

constexpr std::array waiting_for = {
    "waiting for the listeners",
    "waiting for the autoscaler's public key",
    "waiting for the consumer",
};

constexpr std::size_t index(auto value) {
    return static_cast<std::size_t>(value);
}

bool is_verdict(std::size_t source) {
    return source == index(problem_source::consumer) || source == index(problem_source::heartbeat);
}

}  // namespace

readiness::readiness(instant started, std::function<void()> on_change)
    : x_started(started), x_on_change(std::move(on_change)), x_health_since(started) {}

void readiness::meet(condition met, instant now) {
    if (std::exchange(x_met[index(met)], true))
        return;
    if (std::all_of(x_met.begin(), x_met.end(), [](bool done) { return done; })) {
        x_load_time = now.monotonic - x_started.monotonic;
        x_ready_since = now;
    }
    changed(now);
}

void readiness::raise(problem_source source, std::string message, instant now) {
    set(source, {std::move(message), true}, now);
}

void readiness::flag(problem_source source, std::string message, instant now) {
    set(source, {std::move(message), false}, now);
}

void readiness::clear(problem_source source, instant now) {
    set(source, {}, now);
}

void readiness::set(problem_source source, problem found, instant now) {
    auto& slot = x_problems[index(source)];
    if (slot == found)
        return;
    slot = std::move(found);
    changed(now);
}

void readiness::treat(consumer_verdicts how, instant now) {
    if (std::exchange(x_consumer, how) != how)
        changed(now);
}

void readiness::begin_drain(instant now) {
    x_draining = true;
    changed(now);
}

void readiness::changed(instant now) {
    const bool well = reasons().empty();
    if (std::exchange(x_was_well, well) != well)
        x_health_since = now;
    x_on_change();
}

std::string readiness::error_message() const {
    std::string line;
    for (std::size_t source = 0; source < x_problems.size(); ++source) {
        const auto& each = x_problems[source];
        const bool held_back = x_consumer == consumer_verdicts::held_back && is_verdict(source);
        if (each.to_be_reported && !held_back)
            line += (line.empty() ? "" : "; ") + each.message;
    }
    return line;
}

std::vector<std::string> readiness::reasons() const {
    std::vector<std::string> out;
    for (const auto& each : x_problems)
        if (!each.message.empty())
            out.push_back(each.message);
    for (std::size_t i = 0; i < x_met.size(); ++i)
        if (!x_met[i])
            out.emplace_back(waiting_for[i]);
    if (x_draining)
        out.emplace_back("draining");
    return out;
}

}  // namespace nullworker::reservation
