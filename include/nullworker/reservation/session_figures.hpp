#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/counts.hpp>
#include <nullworker/base/histogram.hpp>
#include <nullworker/reservation/lease.hpp>
#include <nullworker/wire/session_outcome.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nullworker::reservation {

// What the consumer said at the end of a session, for the figures.
enum class told_outcome { none, done, idle };

[[nodiscard]] constexpr const char* to_string(told_outcome outcome) noexcept {
    constexpr const char* names[] = {"untold", "done", "idle"};
    return names[static_cast<int>(outcome)];
}

// How the sessions of this process went. Nothing is decided by it.
class session_figures {
public:
    void closed(close_reason reason, std::optional<wire::session_outcome> outcome, seconds held) {
        const auto said = !outcome                                  ? told_outcome::none
                          : *outcome == wire::session_outcome::idle ? told_outcome::idle
                                                                    : told_outcome::done;
        x_closed[static_cast<std::size_t>(reason)].add(said);
        x_hold.observe(held.count());
    }

    // A job runs for the first time in the session, which was given out `waited` ago.
    void began_to_work(seconds waited) { x_wait.observe(waited.count()); }

    [[nodiscard]] const counts<told_outcome, 3>& closed_by(close_reason reason) const noexcept {
        return x_closed[static_cast<std::size_t>(reason)];
    }

    // From a session's creation to its end.
    [[nodiscard]] const histogram& hold() const noexcept { return x_hold; }

    // From a session's creation to its first protection.
    [[nodiscard]] const histogram& wait() const noexcept { return x_wait; }

private:
    static constexpr std::array hold_bounds = {1.0,   5.0,    15.0,    60.0,    300.0,
                                               900.0, 3600.0, 14400.0, 43200.0, 86400.0};
    static constexpr std::array wait_bounds = {0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0};

    std::array<counts<told_outcome, 3>, 3> x_closed;  // by close_reason
    histogram x_hold{hold_bounds};
    histogram x_wait{wait_bounds};
};

}  // namespace nullworker::reservation
