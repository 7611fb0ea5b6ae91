#pragma once

#include <watch/lane_state.hpp>

#include <array>
#include <cstddef>

namespace nullworker::client::watch {

enum class billing : bool { free, paid };
enum class machine : bool { none, runs };
enum class work : bool { none, some };

// What a second in a state counts as.
struct state_meaning {
    lane_state state;
    machine is;
    billing gpu;
    work done;
};

// Which states Vast bills the GPU of, second by second. Its documentation has it as two tables:
// https://docs.vast.ai/guides/serverless/pricing bills "Ready" and "Loading", and neither "Creating" nor
// "Inactive" (a cold worker); https://docs.vast.ai/documentation/serverless/worker-states has no bill for
// "Error" and for "Destroying". Ready there is whatever takes requests: idle, reserved, or taken by others.
// A machine that drains still works for its session and counts as paid until it is gone, since nobody here
// knows sooner that Vast has stopped to bill it. Storage and bandwidth are billed in every state, also of a
// cold worker, and are not part of these sums.
inline constexpr std::array<state_meaning, lane_states> state_meanings = {{
    {lane_state::creating, machine::none, billing::free, work::none},
    {lane_state::loading, machine::runs, billing::paid, work::none},
    {lane_state::ready, machine::runs, billing::paid, work::none},
    {lane_state::reserved, machine::runs, billing::paid, work::some},
    {lane_state::retiring, machine::runs, billing::paid, work::some},
    {lane_state::draining, machine::runs, billing::paid, work::some},
    {lane_state::taken, machine::runs, billing::paid, work::some},
    {lane_state::error, machine::runs, billing::free, work::none},
    {lane_state::stopped, machine::none, billing::free, work::none},
    {lane_state::unknown, machine::none, billing::free, work::none},
}};

[[nodiscard]] constexpr const state_meaning& meaning_of(lane_state state) {
    return state_meanings[static_cast<std::size_t>(state)];
}

[[nodiscard]] constexpr bool is_paid(lane_state state) {
    return meaning_of(state).gpu == billing::paid;
}

[[nodiscard]] constexpr bool is_used(lane_state state) {
    return meaning_of(state).done == work::some;
}

[[nodiscard]] constexpr bool is_running(lane_state state) {
    return meaning_of(state).is == machine::runs;
}

}  // namespace nullworker::client::watch
