#pragma once

#include <nullworker/base/clock.hpp>

#include <optional>
#include <string>
#include <utility>

namespace nullworker::reservation {

enum class health { unknown, healthy, unhealthy };

// How many results in a row, without another between them, make a verdict. Each at least 1.
struct verdict_settings {
    int unhealthy_after = 3;
    int healthy_after = 1;
};

// Turns the results of single probes into a verdict. Until the first success nothing counts against the
// consumer: it is still starting. Then some failures in a row raise the error, and some successes in a row
// clear it.
class health_verdict {
public:
    explicit health_verdict(verdict_settings settings) : x_settings(settings) {}

    // Each takes the result of one probe and returns whether there is something new to tell: another state,
    // or another reason for being unhealthy.
    bool succeeded(instant now) {
        x_failures = 0;
        x_failure.clear();
        if (x_state == health::healthy || ++x_successes < x_settings.healthy_after)
            return false;
        change(health::healthy, now);
        return true;
    }
    bool failed(std::string why, instant now) {
        x_successes = 0;
        x_failure = std::move(why);
        if (x_state == health::unknown || ++x_failures < x_settings.unhealthy_after)
            return false;
        if (x_state == health::unhealthy)
            return std::exchange(x_reason, x_failure) != x_failure;
        x_reason = x_failure;
        change(health::unhealthy, now);
        return true;
    }

    [[nodiscard]] health state() const noexcept { return x_state; }

    // When it came to be so; nothing until the first verdict.
    [[nodiscard]] const std::optional<instant>& since() const noexcept { return x_since; }

    // Why the last probe failed; empty after a success.
    [[nodiscard]] const std::string& failure() const noexcept { return x_failure; }

private:
    void change(health state, instant now) {
        x_state = state;
        x_since = now;
        x_successes = 0;
    }

    verdict_settings x_settings;
    int x_failures = 0;
    int x_successes = 0;
    health x_state = health::unknown;
    std::optional<instant> x_since;
    std::string x_failure;
    std::string x_reason;  // the last one told
};

[[nodiscard]] constexpr const char* to_string(health value) noexcept {
    constexpr const char* names[] = {"unknown", "healthy", "unhealthy"};
    return names[static_cast<int>(value)];
}

}  // namespace nullworker::reservation
