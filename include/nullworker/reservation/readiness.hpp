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
    listening,   // the listeners listen, with a certificate where they need one
    public_key,  // the autoscaler's key is there, or none is needed
    consumer,    // its first health probe succeeded, it gave a sign of life, or neither is asked for
};

// What becomes of verdicts on the consumer: while its job is protected the worker is not to be replaced.
enum class consumer_verdicts { reported, held_back };

// Who may have something to complain about.
enum class problem_source { listener, public_key, consumer, heartbeat, state_file, autoscaler };

// Whether the worker is ready, since when, and what is wrong with it. Once ready it stays so; problems come
// and go.
class readiness {
public:
    // `on_change` is called after every change.
    readiness(instant started, std::function<void()> on_change);

    void meet(condition met, instant now);

    // Something is wrong, and the autoscaler is to know. Takes the place of what the source said before.
    void raise(problem_source source, std::string message, instant now);

    // Something is wrong, but not so much that the autoscaler should replace the worker.
    void flag(problem_source source, std::string message, instant now);

    void clear(problem_source source, instant now);

    // Whether verdicts on the consumer (its probe, its heartbeat) reach the autoscaler. /health has them
    // anyway.
    void treat(consumer_verdicts how, instant now);

    // From now on no new session is taken.
    void begin_drain(instant now);

    [[nodiscard]] bool ready() const noexcept { return x_load_time.has_value(); }
    [[nodiscard]] bool draining() const noexcept { return x_draining; }
    [[nodiscard]] bool takes_sessions() const noexcept { return ready() && !x_draining; }

    // Seconds from start to ready, 0 until then.
    [[nodiscard]] double load_time() const noexcept { return x_load_time ? x_load_time->count() : 0.0; }

    // When it became ready; nothing until then.
    [[nodiscard]] const std::optional<instant>& ready_since() const noexcept { return x_ready_since; }

    [[nodiscard]] const instant& started() const noexcept { return x_started; }

    // What the autoscaler is to know, in one line; empty when there is nothing.
    [[nodiscard]] std::string error_message() const;

    // Why not all is well: what is waited for, what is wrong; empty when all is well.
    [[nodiscard]] std::vector<std::string> reasons() const;

    // Since when all is well, or has not been.
    [[nodiscard]] const instant& health_since() const noexcept { return x_health_since; }

private:
    struct problem {
        std::string message;  // empty: none
        bool to_be_reported = false;

        friend bool operator==(const problem&, const problem&) = default;
    };

    void set(problem_source source, problem found, instant now);
    void changed(instant now);

    instant x_started;
    std::function<void()> x_on_change;
    std::array<bool, 3> x_met{};
    std::array<problem, 6> x_problems;
    std::optional<seconds> x_load_time;
    std::optional<instant> x_ready_since;
    instant x_health_since;
    consumer_verdicts x_consumer = consumer_verdicts::reported;
    bool x_was_well = false;
    bool x_draining = false;
};

}  // namespace nullworker::reservation
