#pragma once

#include <follow/roster.hpp>

#include <cstdint>

namespace nullworker::client {

// What `follow` would do, without I/O: sessions are imagined that are held at once, in which no job is ever
// protected, and that end when they are given back.
class rehearsal {
public:
    using time_point = roster::time_point;

    explicit rehearsal(follow_limits limits) : x_roster(limits, limits.recheck) {}

    struct decision {
        int opened = 0;
        int given_back = 0;
        int open = 0;  // after that
    };
    [[nodiscard]] decision look(std::int64_t depth, time_point now);

private:
    roster x_roster;
};

}  // namespace nullworker::client
