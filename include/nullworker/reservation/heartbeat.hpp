#pragma once

#include <nullworker/base/clock.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace nullworker::reservation {

// What becomes of a consumer that has been silent for too long while a session is held.
enum class dead_consumer_policy {
    flag,     // /health and the metrics say so
    error,    // the autoscaler is told, too
    release,  // and the slot is freed
};

struct heartbeat_settings {
    seconds timeout{};  // 0: heartbeats are noted, and nothing is made of them
    seconds grace{30.0};
    dead_consumer_policy policy = dead_consumer_policy::error;
};

// What the consumer's heartbeat says of it, in the order in which it gets worse.
enum class pulse {
    alive,
    silent,  // a heartbeat was missing while a session was held
    dead,    // and the grace period was over, too
};

// Watches the consumer's heartbeat, rules without I/O. Only while a session is held is a heartbeat due: the
// time-out runs from the session's start or the last heartbeat, whichever is later. Once silent, a consumer
// is not alive again until it says so, whatever becomes of the session.
class heartbeat {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit heartbeat(heartbeat_settings settings) : x_settings(settings) {}

    // The consumer is alive.
    void beat(instant now) {
        x_last = now;
        x_pulse = pulse::alive;
    }

    // It could not have been heard until now: its time begins anew.
    void excuse(time_point now) { x_excused_until = now; }

    // Looks at the clock; `held_since` is when the live session began, nothing where there is none.
    pulse check(std::optional<time_point> held_since, time_point now) {
        if (const auto silent_at = silence(held_since)) {
            if (now >= *silent_at)
                x_pulse = std::max(x_pulse, pulse::silent);
            if (now >= *silent_at + to_ticks(x_settings.grace))
                x_pulse = pulse::dead;
        }
        return x_pulse;
    }

    // Whether the time-out and the grace period of the live session itself are over. A consumer may be dead
    // since an earlier one.
    [[nodiscard]] bool overdue(std::optional<time_point> held_since, time_point now) const {
        const auto silent_at = silence(held_since);
        return silent_at && now >= *silent_at + to_ticks(x_settings.grace);
    }

    // When `check` or `overdue` will have something new to say, if nothing happens until then.
    [[nodiscard]] std::optional<time_point> next(std::optional<time_point> held_since, time_point now) const {
        const auto silent_at = silence(held_since);
        if (!silent_at)
            return std::nullopt;
        for (const auto due : {*silent_at, *silent_at + to_ticks(x_settings.grace)})
            if (now < due)
                return due;
        return std::nullopt;
    }

    [[nodiscard]] bool expected() const noexcept { return x_settings.timeout > seconds::zero(); }
    [[nodiscard]] const heartbeat_settings& settings() const noexcept { return x_settings; }
    [[nodiscard]] pulse state() const noexcept { return x_pulse; }
    [[nodiscard]] const std::optional<instant>& last() const noexcept { return x_last; }

private:
    [[nodiscard]] std::optional<time_point> silence(std::optional<time_point> held_since) const {
        if (!held_since || !expected())
            return std::nullopt;
        const auto begun = std::max(*held_since, x_excused_until);
        const auto from = x_last ? std::max(begun, x_last->monotonic) : begun;
        return from + to_ticks(x_settings.timeout);
    }

    heartbeat_settings x_settings;
    std::optional<instant> x_last;
    time_point x_excused_until = time_point::min();
    pulse x_pulse = pulse::alive;
};

[[nodiscard]] constexpr const char* to_string(dead_consumer_policy value) noexcept {
    constexpr const char* names[] = {"flag", "error", "release"};
    return names[static_cast<int>(value)];
}

[[nodiscard]] constexpr const char* to_string(pulse value) noexcept {
    constexpr const char* names[] = {"alive", "silent", "dead"};
    return names[static_cast<int>(value)];
}

}  // namespace nullworker::reservation
