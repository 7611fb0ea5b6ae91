#pragma once

#include <watch/timeline.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

namespace nullworker::client::watch {

// Sessions of ours at a real endpoint, which alone tell whose load a worker has. No I/O.
class known_sessions {
public:
    using time_point = std::chrono::steady_clock::time_point;

    known_sessions() = default;
    known_sessions(const known_sessions&) = delete;
    known_sessions& operator=(const known_sessions&) = delete;
    virtual ~known_sessions() = default;

    // What is to be shown anew since the last call.
    [[nodiscard]] virtual std::vector<session_row> take_news() = 0;

    // Where sessions of ours are: those that last, and those that ended after `since`, which a worker's load
    // may still be of.
    struct presence {
        bool lasts = false;
        bool retiring = false;  // all that last
    };
    [[nodiscard]] virtual std::map<std::int64_t, presence> by_worker(time_point since) const = 0;

    // How many wait for a worker; whether some are held somewhere, at a worker that is not known.
    [[nodiscard]] virtual std::int64_t waiting() const = 0;
    [[nodiscard]] virtual bool has_unplaced() const = 0;

protected:
    // Adds one to what by_worker() returns.
    static void add_presence(std::map<std::int64_t, presence>& to, const session_row& row, time_point since);
    [[nodiscard]] static bool is_waiting(const session_row& row) { return !row.held_at && !row.ended_at; }
    [[nodiscard]] static bool is_unplaced(const session_row& row) {
        return row.held_at && !row.ended_at && !row.worker;
    }
};

}  // namespace nullworker::client::watch
