#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

namespace nullworker::wire {

// What the consumer found in the session that it gives back.
enum class session_outcome {
    done,  // there was work; also meant by who says nothing
    idle,  // there was no job for it
};

// The name on the wire.
[[nodiscard]] constexpr std::string_view to_string(session_outcome outcome) noexcept {
    return outcome == session_outcome::idle ? "idle" : "done";
}

// The outcome of that name, or nothing.
[[nodiscard]] constexpr std::optional<session_outcome> session_outcome_named(std::string_view name) noexcept {
    for (const auto outcome : {session_outcome::done, session_outcome::idle})
        if (name == to_string(outcome))
            return outcome;
    return std::nullopt;
}

}  // namespace nullworker::wire
