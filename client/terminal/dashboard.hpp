#pragma once

#include <nullworker/base/clock.hpp>
#include <terminal/paint.hpp>
#include <watch/timeline.hpp>

#include <vector>

namespace nullworker::client {

// Where an endpoint stands, in rows for that much room: the workers by state, what they cost, the queue, what
// is wrong, how old all that is, and each session that is waited for or held. Where there is no room for all,
// what matters least is left out, and of the sessions it is told how many more there are. All of it is grey
// where it is too old.
[[nodiscard]] std::vector<text_row> dashboard(const watch::timeline& of, instant now, screen_size room);

}  // namespace nullworker::client
