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
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace nullworker::client {

struct reserve_options {
    double cost = 100.0;
    seconds lifetime{60.0};
    std::chrono::steady_clock::duration timeout = std::chrono::minutes(5);
    seconds longest_pause = usual_longest_pause;  // between two questions
    std::optional<std::string> on_close_route = {};
    wire::json_value on_close_payload = {};
};

// The way from an endpoint to a session, without I/O: each answer of a peer is told to it, and it says what
// to do next. Whoever performs the steps asks `after_waiting` for the first one.
//
// No session is left behind: a create that may have made one, though nobody heard of it or its answer is not
// understood, is asked once more before the end, and a session of which no more than its id is known is
// ended.
class reservation_plan {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    // Ask the autoscaler for a worker, for no longer than `limit`, then tell `routed`.
    struct ask_route {
        std::int64_t request_idx;  // 0: a new request
        duration limit;
        seconds replay_timeout{60.0};  // who does not ask again for so long loses it
    };
    // The autoscaler does not take the endpoint's key: look the endpoint up anew, not before this moment,
    // then tell `looked_up`.
    struct look_up {
        time_point not_before;
        std::string why;
    };
    // Ask the worker for the session, for no longer than `limit`, then tell `created` of it.
    struct create {
        std::int64_t request_idx;
        url worker;
        std::string worker_url;  // as the autoscaler wrote it
        wire::json_value grant;
        int attempt;  // 1; more when the reply to an earlier one was lost
        duration limit;
        std::string claim = {};  // by which the worker knows it again, at any age
    };
    // Use the session's id, which keeps its worker from giving the session to a second one with the same
    // grant: ask for no longer than `limit` whether the session is open, then tell `used`.
    struct use {
        held_session session;
        duration limit;
    };
    // End the session, of which little but the id is known, then go on as after `give_up`.
    struct abandon {
        held_session session;
        failure why;
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
    using step = std::variant<ask_route, look_up, create, use, queue, retry, abandon, give_up, hold>;

    // The time for the whole begins at `now`. `seed` is for the pauses, which are random. `make_claim` makes
    // a claim that nobody can guess, another one at each call; without it there are none.
    reservation_plan(
        duration timeout, time_point now, std::uint32_t seed, seconds longest_pause = usual_longest_pause,
        std::function<std::string()> make_claim = [] { return std::string(); })
        : x_timeout(timeout),
          x_deadline(now + timeout),
          x_pace(seed, longest_pause),
          x_make_claim(std::move(make_claim)) {}

    // Goes on where a former process stopped: with its request, and with a create that it may have sent. A
    // 401 to that means that its session came and went. To be called before anything else.
    void resume(std::int64_t request_idx, std::optional<create> offer);

    // A request that is not wanted any more is asked for once more, so that the autoscaler drops it soon; a
    // worker that it brings is reserved, since it would wait for nobody. Whoever gets the session ends it.
    void withdraw_at_the_end() noexcept { x_withdraws = true; }

    // Such a request stays after all, for another one to go on with.
    void leave_the_request() noexcept { x_withdraws = false; }

    // The create that may have made a session of which nobody heard, once there is nothing more to do about
    // it: at the end, or when another worker is asked.
    [[nodiscard]] std::optional<create> take_doubtful() { return std::exchange(x_doubtful, std::nullopt); }

    // Whether it is at its end, and what it still does is to leave nothing behind.
    [[nodiscard]] bool is_leaving() const noexcept { return x_end.has_value(); }

    // What it came to could not be remembered: the end.
    [[nodiscard]] step unkept();

    // The next route, or the end when the time is up. This is the first step, too.
    [[nodiscard]] step after_waiting(time_point now);

    // The end, since the user wants it. Asked in place of `after_waiting`, and of a `create` that is to be
    // repeated: a create that is under way is finished first, or its session would be left open.
    [[nodiscard]] step interrupted();

    // What the autoscaler answered. A failure may be `retryable`.
    [[nodiscard]] step routed(const outcome<wire::route_reply>& answer, time_point now);

    // Whether the endpoint was found once more, with whatever key.
    [[nodiscard]] step looked_up(const outcome<void>& found, time_point now);

    // What the worker of `offer` answered, or why no answer came.
    [[nodiscard]] step created(const create& offer, const outcome<net::reply>& answer, time_point now);

    // Whether the worker says that the session is open, or why no answer came.
    [[nodiscard]] step used(const use& made, const outcome<bool>& open, time_point now);

private:
    step key_refused(const failure& why, time_point now);
    step made_by(const create& offer, const net::reply& answer, time_point now);
    step doubtful(const create& offer, const net::reply& answer, time_point now);
    step not_understood(const create& offer, const net::reply& answer, const failure& why, time_point now);
    step lost(const create& offer, std::string why, time_point now);
    step try_again(std::string obstacle, time_point now, seconds least = seconds::zero());
    step end(failure why);
    step ask_again(create unheard);
    step part();
    step stop(failure why);
    [[nodiscard]] bool is_to_be_withdrawn() const;
    step go_on();
    time_point after(seconds pause, time_point now) const;
    duration limit(time_point now) const;

    duration x_timeout;
    time_point x_deadline;
    polling x_pace;
    std::function<std::string()> x_make_claim;
    int x_key_refusals = 0;  // in a row
    std::int64_t x_request_idx = 0;
    std::string x_obstacle = "no worker became free";
    std::optional<create> x_unheard;  // the last create, where nobody knows whether it made a session
    std::optional<create> x_next;     // once that is known
    std::optional<failure> x_end;     // or this
    std::optional<create> x_doubtful;
    bool x_is_resumed = false;  // and the former process's create is not answered
    bool x_withdraws = false;
    bool x_withdrawn = false;
};

}  // namespace nullworker::client
