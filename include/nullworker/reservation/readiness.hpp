#pragma once

#include <nullworker/base/clock.hpp>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::reservation {

// What a worker waits for before it takes a session.
enum class condition {
    listening,   // the listeners are bound
    public_key,  // the autoscaler's key is there, or none is needed
    consumer,    // the first health probe succeeded, or there is none
};

// Who may have something to complain about.
enum class problem_source { public_key, consumer };

// Whether the worker is ready, since when, and what is wrong with it. Once ready it stays so; problems come
// and go.
class readiness {
public:
    // `on_change` is called after every change.
    readiness(instant started, std::function<void()> on_change);

    void meet(condition met, instant now);
    void raise(problem_source source, std::string message);
    void clear(problem_source source);

    // From now on no new session is taken.
    void begin_drain();

    [[nodiscard]] bool ready() const noexcept { return x_load_time.has_value(); }
    [[nodiscard]] bool draining() const noexcept { return x_draining; }
    [[nodiscard]] bool takes_sessions() const noexcept { return ready() && !x_draining; }

    // Seconds from start to ready, 0 until then.
    [[nodiscard]] double load_time() const noexcept { return x_load_time ? x_load_time->count() : 0.0; }

    // All problems in one line; empty when there is none.
    [[nodiscard]] std::string error_message() const;

    // Why not all is well: what is waited for, what is wrong; empty when all is well.
    [[nodiscard]] std::vector<std::string> reasons() const;

private:
    std::vector<std::string> problems() const;

    instant x_started;
    std::function<void()> x_on_change;
    std::array<bool, 3> x_met{};
    std::array<std::string, 2> x_problems;
    std::optional<seconds> x_load_time;
    bool x_draining = false;
};

}  // namespace nullworker::reservation
