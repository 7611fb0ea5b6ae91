#pragma once

#include <string>
#include <utility>

namespace nullworker::reservation {

enum class health { unknown, healthy, unhealthy };

// Turns the results of single probes into a verdict. Until the first success nothing counts against the
// consumer: it is still starting. Then `unhealthy_after` failures in a row raise the error, and the next
// success clears it.
class health_verdict {
public:
    explicit health_verdict(int unhealthy_after) : x_unhealthy_after(unhealthy_after) {}

    // Each returns whether the verdict changed.
    bool succeeded() {
        x_failures = 0;
        x_reason.clear();
        return std::exchange(x_state, health::healthy) != health::healthy;
    }
    bool failed(std::string reason) {
        if (x_state == health::unknown)
            return false;
        x_reason = std::move(reason);
        if (x_state == health::unhealthy || ++x_failures < x_unhealthy_after)
            return false;
        x_state = health::unhealthy;
        return true;
    }

    [[nodiscard]] health state() const noexcept { return x_state; }

    // Why the last probe failed; empty after a success.
    [[nodiscard]] const std::string& reason() const noexcept { return x_reason; }

private:
    int x_unhealthy_after;
    int x_failures = 0;
    health x_state = health::unknown;
    std::string x_reason;
};

}  // namespace nullworker::reservation
