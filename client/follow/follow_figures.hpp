#pragma once

#include <follow/roster.hpp>
#include <nullworker/base/counts.hpp>
#include <nullworker/base/histogram.hpp>
#include <nullworker/base/metrics.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

// What a reservation came to.
enum class reservation_result {
    held,
    failed,
    dropped,  // there is no work for it any more, or follow stops
    unknown,  // nobody knows whether a worker made a session
};

inline constexpr std::size_t reservation_results = 4;

[[nodiscard]] const char* to_string(reservation_result result) noexcept;

// What a session of the roster is doing.
enum class session_state {
    asking,       // for a worker
    creating,     // a worker was named, and is asked for the session
    idle,         // it is held, and no job runs
    working,      // a job is protected
    retiring,     // it is to end with its job
    unreachable,  // its worker does not answer, and its time is not over
    lost,         // its time is over, and it does not count any more
};

inline constexpr std::size_t session_states = 7;

[[nodiscard]] const char* to_string(session_state state) noexcept;

[[nodiscard]] session_state state_of(const roster_entry& one, roster_entry::time_point now);

// What a `follow` tells Prometheus of itself, without I/O. Nothing is decided by it.
class follow_figures {
public:
    using time_point = roster_entry::time_point;
    using duration = std::chrono::steady_clock::duration;

    explicit follow_figures(follow_limits limits) : x_limits(limits) {}

    // From now on it looks after the sessions; before that it looks for its endpoint, or stands by.
    void begin() { x_active = true; }

    // The command of --depth told so many jobs; or it failed.
    void told(std::int64_t depth, time_point now);
    void not_told();

    // What came of one reservation, which took `wait` where that is known from its beginning on.
    void reserved(reservation_result result, std::optional<duration> wait);

    // So many workers of the endpoint have each of these statuses, in the words of its API.
    void found(const std::map<std::string, int>& workers_by_status);

    [[nodiscard]] std::vector<metric> measure(const roster& sessions, time_point now) const;

private:
    [[nodiscard]] std::vector<metric> measure_work(const roster& sessions, time_point now) const;
    [[nodiscard]] std::vector<metric> measure_sessions(const roster& sessions, time_point now) const;

    static constexpr std::array wait_bounds = {0.5,  1.0,   2.5,   5.0,   10.0,   30.0,
                                               60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0};

    follow_limits x_limits;
    bool x_active = false;
    std::optional<std::int64_t> x_depth;  // as it was told last
    time_point x_told_at{};
    bool x_failing = false;
    std::uint64_t x_failures = 0;
    counts<reservation_result, reservation_results> x_reservations;
    histogram x_waits{wait_bounds};
    std::vector<series> x_workers;  // none before they are known
};

}  // namespace nullworker::client
