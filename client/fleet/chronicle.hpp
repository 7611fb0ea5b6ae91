#pragma once

#include <fleet/events.hpp>
#include <fleet/scaler.hpp>
#include <fleet/timetable.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <watch/timeline.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {

// Writes what happens in a fleet into a timeline, without I/O: its events, what becomes of its requests, the
// load, the parameters. The autoscaler knows requests; the session's id, its cost, its end, and whether it is
// retiring, its worker alone knows. So it says which workers are to be asked for that, and when.
class chronicle {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Both outlive it.
    chronicle(const scaler& decisions, client::watch::timeline& told) : x_scaler(decisions), x_told(told) {}

    // What happened, in order, each after the scaler has done it.
    void note(const event& happened);

    // Looks at the fleet as a whole: load, capacity and queue where they changed, and now and then where they
    // did not; the parameters.
    void look(instant now);

    // At most `room` workers to be asked for what holds their slot. One that works is asked as soon as it
    // says so, and then once a second, or, where they are many, more seldom.
    [[nodiscard]] std::vector<std::int64_t> due_questions(std::size_t room, instant now);

    // What a worker answered: nothing where its slot is empty. What came too late is of no interest.
    void answered(std::int64_t worker, const std::optional<wire::slot_session>& slot, instant now);

    // When look() or due_questions() has something to do next, if nothing happens before.
    [[nodiscard]] time_point next_wake() const;

private:
    using session_row = client::watch::session_row;

    struct open_session {
        session_row row;
        std::optional<instant> routed_at = {};
        bool was_rejected = false;  // by its worker, and had none since
    };

    void note(const worker_event& happened);
    void note(const request_event& happened);
    void note_work(open_session& session, std::int64_t worker, instant at);
    open_session& session_of(std::int64_t request_idx);
    void end(std::int64_t request_idx, const std::string& outcome, instant at);
    void take_sample(instant now);

    const scaler& x_scaler;
    client::watch::timeline& x_told;
    std::map<std::int64_t, open_session> x_open;  // those that have not ended, by request_idx
    std::uint64_t x_sessions = 0;                 // so far
    std::set<std::int64_t> x_waiting;             // requests without a worker
    timetable x_to_ask;                           // workers with a session, by when they may be asked again
    std::map<std::int64_t, time_point> x_asked;   // when they were asked last
    time_point x_next_sample{};
};

// The endpoint parameters as the page lists them, under their names on the wire.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> listed(const parameters& values);

}  // namespace nullworker::fleet
