#pragma once

#include <nullworker/base/clock.hpp>
#include <vast/venue.hpp>

#include <optional>

namespace nullworker::client {

// What every command that holds sessions can be told.
struct session_options {
    venue_options where;
    std::optional<seconds> lifetime;  // renewed in time, so it is how long a lost session lingers
    std::optional<seconds> timeout;   // for one reservation
    double session_cost = 100.0;
    bool json = false;
};

}  // namespace nullworker::client
