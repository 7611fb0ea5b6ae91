#pragma once

#include <nullworker/base/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nullworker::client::watch {

// What the owner of an endpoint asks of Vast.
enum class question : std::uint8_t {
    workers,     // the autoscaler's list of them
    parameters,  // the console's list of endpoints
    prices,      // the console's list of instances
    reasons,     // the endpoint's log, for workers in error
};

inline constexpr std::size_t questions = static_cast<std::size_t>(question::reasons) + 1;

// Why a question was not answered.
struct setback {
    unsigned status = 0;    // of the refusal; 0: there was none
    seconds retry_after{};  // what it said; 0: nothing
};

// Which question is asked when, one at a time, without I/O: whoever asks tells what came of it.
//
// Vast limits how often each route may be asked, refuses with 429, and has no Retry-After as yet
// (https://docs.vast.ai/api-reference/rate-limits-and-errors): so each question has pauses of its own, which
// double while it fails. A Retry-After is obeyed where there is one.
class poll_plan {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    // Workers and parameters are asked for `every` so often.
    poll_plan(duration every, time_point start);

    struct step {
        question what;
        time_point at;  // not before
    };
    // What to ask next.
    [[nodiscard]] step next() const;

    void answered(question what, time_point now);
    void failed(question what, const setback& why, time_point now);

    // There is cause to ask sooner than planned. No pause after a failure is cut short by that.
    void want(question what, time_point now);

    // Whether it will never be asked again: the key may not know, or nobody serves it.
    [[nodiscard]] bool is_given_up(question what) const { return at(what).given_up; }

private:
    struct state {
        time_point due;
        std::optional<time_point> asked = {};
        unsigned failures = 0;  // in a row
        bool given_up = false;
    };

    [[nodiscard]] const state& at(question what) const { return x_states[static_cast<std::size_t>(what)]; }
    [[nodiscard]] duration usual_pause(question what) const;

    duration x_every;
    std::array<state, questions> x_states;
};

}  // namespace nullworker::client::watch
