#include <follow/follow_figures.hpp>
#include <nullworker/base/clock.hpp>
#include <watch/vast_status.hpp>

#include <functional>
#include <iterator>
#include <utility>

namespace nullworker::client {
namespace {

using kind = metric::kind;

std::vector<series> known(std::optional<double> value) {
    return value ? std::vector<series>{{{}, *value}} : std::vector<series>();
}

}  // namespace

const char* to_string(reservation_result result) noexcept {
    constexpr const char* names[reservation_results] = {"held", "failed", "dropped", "unknown"};
    return names[static_cast<std::size_t>(result)];
}

const char* to_string(session_state state) noexcept {
    constexpr const char* names[session_states] = {"asking",   "creating",    "idle", "working",
                                                   "retiring", "unreachable", "lost"};
    return names[static_cast<std::size_t>(state)];
}

session_state state_of(const roster_entry& one, roster_entry::time_point now) {
    if (one.lost)
        return session_state::lost;
    if (!one.held)
        return one.offered ? session_state::creating : session_state::asking;
    if (one.silent_since)
        return session_state::unreachable;
    if (one.retiring || one.unwanted)
        return session_state::retiring;
    return one.protected_until > now ? session_state::working : session_state::idle;
}

void follow_figures::told(std::int64_t depth, time_point now) {
    x_depth = depth;
    x_told_at = now;
    x_failing = false;
}

void follow_figures::not_told() {
    x_failing = true;
    ++x_failures;
}

void follow_figures::reserved(reservation_result result, std::optional<duration> wait) {
    x_reservations.add(result);
    if (result == reservation_result::held && wait)
        x_waits.observe(seconds(*wait).count());
}

// By what they mean: their words are Vast's to choose, and could be any number.
void follow_figures::found(const std::map<std::string, int>& workers_by_status) {
    using watch::lane_state;
    x_workers.clear();
    for (const auto state : {lane_state::creating, lane_state::loading, lane_state::ready, lane_state::error,
                             lane_state::stopped, lane_state::unknown}) {
        int count = 0;
        for (const auto& [status, workers] : workers_by_status)
            count += watch::meaning_of_status(status).alone == state ? workers : 0;
        x_workers.push_back({{{"state", to_string(state)}}, static_cast<double>(count)});
    }
}

std::vector<metric> follow_figures::measure(const roster& sessions, time_point now) const {
    std::vector<metric> out = {build_info("nullworker")};
    for (auto part : {measure_work(sessions, now), measure_sessions(sessions, now)})
        std::move(part.begin(), part.end(), std::back_inserter(out));
    return out;
}

std::vector<metric> follow_figures::measure_work(const roster& sessions, time_point now) const {
    std::optional<double> age;
    if (x_depth)
        age = seconds(now - x_told_at).count();
    return {
        {"follow_active", kind::gauge,
         "1 once it looks after the sessions, 0 while it looks for the endpoint or stands by for another one",
         x_active ? 1.0 : 0.0},
        {"follow_depth", kind::gauge, "Jobs that are unfinished, as the command of --depth told last",
         known(x_depth)},
        {"follow_depth_age_seconds", kind::gauge, "Time since that was told", known(age)},
        {"follow_depth_failing", kind::gauge, "1 while the command of --depth fails", x_failing ? 1.0 : 0.0},
        {"follow_depth_failures_total", kind::counter, "Runs of the command of --depth that failed",
         static_cast<double>(x_failures)},
        {"follow_wanted_sessions", kind::gauge, "Sessions that the work is worth, between --min and --max",
         known(sessions.wanted())},
        {"follow_unfound_sessions", kind::gauge,
         "Sessions that the work is worth of which no worker found a job",
         static_cast<double>(sessions.unfound_sessions())},
        {"follow_min_sessions", kind::gauge, "What --min says", static_cast<double>(x_limits.least)},
        {"follow_max_sessions", kind::gauge, "What --max says", static_cast<double>(x_limits.most)},
    };
}

std::vector<metric> follow_figures::measure_sessions(const roster& sessions, time_point now) const {
    std::array<int, session_states> by_state{};
    for (const auto& [number, one] : sessions.entries())
        ++by_state[static_cast<std::size_t>(state_of(one, now))];
    std::vector<series> states;
    for (std::size_t i = 0; i < session_states; ++i)
        states.push_back(
            {{{"state", to_string(static_cast<session_state>(i))}}, static_cast<double>(by_state[i])});
    return {
        {"follow_sessions", kind::gauge, "Sessions that are open or on their way, by what they are doing",
         std::move(states)},
        {"follow_reservations_total", kind::counter, "Reservations, by what they came to",
         series_by("result", x_reservations)},
        {"follow_wait_seconds", kind::histogram, "Time from asking for a worker until its session was held",
         std::cref(x_waits)},
        {"follow_workers", kind::gauge, "Workers of the endpoint, by what its list says of them", x_workers},
    };
}

}  // namespace nullworker::client
