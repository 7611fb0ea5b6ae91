#pragma once

#include <nullworker/base/clock.hpp>
#include <terminal/paint.hpp>
#include <watch/timeline.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace nullworker::client {

// The sessions that a dashboard shows: the first of them, under a name for each, and how many there are.
struct shown_sessions {
    struct one {
        std::string name;
        const watch::session_row* row;
    };
    std::vector<one> first;
    std::size_t all = 0;
};

// At most so many of those of the timeline that last, by when they were asked for, under their ids.
[[nodiscard]] shown_sessions sessions_of(const watch::timeline& of, std::size_t most);

// Where an endpoint stands, in rows for that much room: the workers by state, what they cost, the queue, what
// is wrong, how old all that is, and each session that is waited for or held. Where there is no room for all,
// what matters least is left out, and of the sessions it is told how many more there are. All of it is grey
// where it is too old.
[[nodiscard]] std::vector<text_row> dashboard(const watch::timeline& of, const shown_sessions& sessions,
                                              instant now, screen_size room);

// The same with the timeline's own sessions.
[[nodiscard]] inline std::vector<text_row> dashboard(const watch::timeline& of, instant now,
                                                     screen_size room) {
    return dashboard(of, sessions_of(of, room.rows), now, room);
}

}  // namespace nullworker::client
