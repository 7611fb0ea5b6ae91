#pragma once

#include <nullworker/base/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace nullworker::client {

// Who asks the autoscaler when, without I/O: at most so many questions a second, at even distances.
//
// A request is dropped that is not asked for within its 60 s. So those that have begun to ask go first once
// that becomes urgent, and no more begin than can all be asked for in time; the others begin when one of them
// is through. After a "not now" everybody waits.
class route_pace {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;
    using id = std::uint64_t;

    // Without a number there is no limit.
    explicit route_pace(std::optional<double> per_second);

    // A reservation begins or, with `has_request`, goes on with the request of a former process.
    id come(bool has_request, time_point now);

    // It is over: it has a worker, or is given up.
    void leave(id who);

    // It wants to ask, or does not any more.
    void want(id who);
    void unwant(id who);

    struct turn {
        std::optional<id> who;  // nobody wants to, or may
        time_point when;        // it is to ask then, unless something happens before
    };
    [[nodiscard]] turn next(time_point now) const;

    // It asks, and no longer wants to.
    void asks(id who, time_point now);

    // What came of a question of `asked`: an answer, or a "not now" and for how long, where that was said.
    void answered(time_point asked);
    void refused(time_point asked, std::optional<seconds> wait, time_point now);

private:
    struct visitor {
        bool has_begun = false;
        bool wants = false;
        time_point asked_at{};  // last
    };

    [[nodiscard]] bool may_begin() const;

    std::optional<duration> x_gap;  // between two questions
    std::size_t x_most_begun;
    std::map<id, visitor> x_visitors;
    std::set<std::pair<time_point, id>> x_again;  // who wants to and has begun, by when it asked last
    std::set<id> x_first;                         // who wants to and has not begun
    std::size_t x_begun = 0;
    id x_last = 0;
    time_point x_next{};     // no question before this
    time_point x_refused{};  // the last refusal
    duration x_pause{};      // after it, where nobody said for how long
};

}  // namespace nullworker::client
