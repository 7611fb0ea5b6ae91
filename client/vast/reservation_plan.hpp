#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/wire/routing.hpp>
#include <vast/failure.hpp>
#include <vast/held_session.hpp>
#include <vast/polling.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

namespace nullworker::client {

struct reserve_options {
    double cost = 100.0;
    seconds lifetime{60.0};
    std::chrono::steady_clock::duration timeout = std::chrono::minutes(5);
};

// The way from an endpoint to a session, without I/O: each answer of a peer is told to it, and it says what
// to do next. Whoever performs the steps asks `after_waiting` for the first one.
class reservation_plan {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Ask the autoscaler for a worker, then tell `routed`.
    struct ask_route {
        std::int64_t request_idx;  // 0: a new request
    };
    // Ask the worker for the session, then tell `created` of it.
    struct create {
        std::int64_t request_idx;
        url worker;
        std::string worker_url;  // as the autoscaler wrote it
        wire::json_value grant;
        int attempt;  // 1; 2 when the reply to the first one was lost
    };
    // Wait in the queue, then ask `after_waiting`.
    struct queue {
        time_point until;
        std::int64_t request_idx;
        std::string status;  // the autoscaler's words
    };
    // Wait after a refusal or a lost call, then ask `after_waiting`.
    struct retry {
        time_point until;
        std::string why;
    };
    // There is no session.
    struct give_up {
        failure why;
    };
    // The session is held.
    struct hold {
        held_session session;
    };
    using step = std::variant<ask_route, create, queue, retry, give_up, hold>;

    // The time for the whole begins at `now`. `seed` is for the pauses, which are random.
    reservation_plan(std::chrono::steady_clock::duration timeout, time_point now, std::uint32_t seed)
        : x_timeout(timeout), x_deadline(now + timeout), x_pace(seed) {}

    // The next route, or the end when the time is up. This is the first step, too.
    [[nodiscard]] step after_waiting(time_point now) const;

    // The end, since the user wants it. Asked in place of `after_waiting`: what is under way is finished
    // first, or a session that was just made would be left open.
    [[nodiscard]] static step interrupted();

    // What the autoscaler answered. A failure may be `retryable`.
    [[nodiscard]] step routed(const outcome<wire::route_reply>& answer, time_point now);

    // What the worker of `offer` answered, or why no answer came.
    [[nodiscard]] step created(const create& offer, const outcome<net::reply>& answer, time_point now);

private:
    step try_again(std::string obstacle, time_point now);
    time_point after(seconds pause, time_point now) const;

    std::chrono::steady_clock::duration x_timeout;
    time_point x_deadline;
    polling x_pace;
    std::int64_t x_request_idx = 0;
    std::string x_obstacle = "no worker became free";
};

}  // namespace nullworker::client
