#pragma once

#include <terminal/paint.hpp>
#include <watch/lane_state.hpp>

namespace nullworker::client {

// How a worker's state is drawn: one column.
struct lane_look {
    const char* symbol;
    look as;
};

[[nodiscard]] lane_look look_of(watch::lane_state state);

}  // namespace nullworker::client
