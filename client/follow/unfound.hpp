#pragma once

#include <nullworker/base/backoff.hpp>

#include <chrono>
#include <cstdint>

namespace nullworker::client {

// How much of the work that is counted nobody could take, as far as is known: a message that is invisible for
// a while, a figure that is some seconds old. Sessions are not opened again for it at once, but one at a
// time, as probes, with longer and longer pauses.
class unfound {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    // The pauses go from `interval` to `recheck`.
    unfound(duration interval, duration recheck);

    // So many sessions are worth opening by the work that is counted.
    void counted(std::int64_t sessions);

    // A session that ended since it found no job.
    struct idle_end {
        std::uint64_t order = 0;    // of being opened
        duration age{};             // it was held for so long
        bool is_protected = false;  // its consumer waits for a job under protection
    };

    // `others` are still open or coming, probes aside; so many were ever opened.
    void ended_idle(const idle_end& one, std::int64_t others, std::uint64_t opened, time_point now);

    // A session that was the `order`-th to be opened and is held for `age` has been under one and the same
    // protection for so long: whether that means that it found a job where others found none.
    [[nodiscard]] bool is_a_find(std::uint64_t order, duration age, duration protected_for) const;

    // A job was found, so that the rest may be there, too.
    void found();

    // A probe has stayed for so long that it is a session like others.
    void settled();

    // How much there is, in sessions.
    [[nodiscard]] std::int64_t sessions() const noexcept { return x_sessions; }

    // Whether a session found nothing, and none found something since.
    [[nodiscard]] bool is_backing_off() const noexcept { return x_wait > duration::zero(); }

    // When a probe may be opened; it counts from the last idle end.
    [[nodiscard]] time_point probe_at() const noexcept { return x_idle_at + x_wait; }

    // A probe that is still there at this age is none any more.
    [[nodiscard]] duration recheck() const noexcept { return x_recheck; }

private:
    duration x_interval;
    duration x_recheck;
    backoff x_pause;
    duration x_wait{};  // zero: nothing is known to be out of reach
    time_point x_idle_at{};
    std::int64_t x_counted = 0;
    std::int64_t x_sessions = 0;
    std::uint64_t x_opened_before = 0;  // the last one that was opened before the last idle end
    duration x_proof{};                 // a protection means a job from this age on
};

}  // namespace nullworker::client
