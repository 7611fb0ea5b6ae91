#pragma once

#include <nullworker/base/clock.hpp>
#include <vast/polling.hpp>
#include <vast/venue.hpp>

#include <optional>
#include <string>

namespace nullworker::client {

// What every command that holds sessions can be told.
struct session_options {
    venue_options where;
    std::optional<seconds> lifetime;              // renewed in time, so it is how long a lost session lingers
    std::optional<seconds> timeout;               // for one reservation
    seconds poll_interval = usual_longest_pause;  // the longest
    double session_cost = 100.0;
    std::string on_close;          // a route; empty: none
    std::string on_close_payload;  // JSON; empty: none
    bool json = false;
    std::string report;  // a file for the page that shows what happened; empty: none
};

}  // namespace nullworker::client
