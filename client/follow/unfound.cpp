#include <follow/unfound.hpp>

#include <algorithm>

namespace nullworker::client {
namespace {

// A consumer protects its session before it looks for a job, and may look for a second.
constexpr auto longest_look = std::chrono::milliseconds(1500);

}  // namespace

unfound::unfound(duration interval, duration recheck)
    : x_interval(interval), x_recheck(std::max(interval, recheck)), x_pause(x_interval, x_recheck) {}

void unfound::counted(std::int64_t sessions) {
    x_counted = sessions;
    x_sessions = std::min(x_sessions, sessions);
}

void unfound::ended_idle(const idle_end& one, std::int64_t others, std::uint64_t opened, time_point now) {
    x_sessions = std::max(x_sessions, x_counted - others);
    // The next empty wait may last a little longer, and is seen no more often than that. One that did a job
    // before lasted longer than others will.
    const auto proof = one.age * 3 / 2 + x_interval;
    if (one.is_protected)
        x_proof = is_backing_off() && x_proof > duration::zero() ? std::min(x_proof, proof) : proof;
    // Those that were opened together, and looked at the same time, are one look.
    if (!is_backing_off() || one.order > x_opened_before)
        x_wait = x_pause.next();
    x_opened_before = std::max(x_opened_before, opened);
    x_idle_at = now;
}

bool unfound::is_a_find(std::uint64_t order, duration age, duration protected_for) const {
    return is_backing_off() && order > x_opened_before && protected_for >= longest_look && age >= x_proof;
}

void unfound::found() {
    x_sessions = 0;
    x_wait = {};
    x_pause.reset();
}

void unfound::settled() {
    x_sessions = std::max<std::int64_t>(x_sessions - 1, 0);
}

}  // namespace nullworker::client
