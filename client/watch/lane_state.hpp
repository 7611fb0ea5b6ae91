#pragma once

#include <cstddef>
#include <cstdint>

namespace nullworker::client::watch {

// What a worker is doing, as it is drawn.
enum class lane_state : std::uint8_t {
    creating,  // decided on; there is no machine yet
    loading,   // the machine is there and not ready
    ready,     // and idle
    reserved,  // by a session that is known here
    retiring,  // the session there is to end with its job
    draining,  // told to stop, and not stopped yet
    taken,     // has load, and no session that is known here: others took it
    error,     // says that something is wrong with it
    stopped,   // there is no machine any more, or a cold one
    unknown,   // nobody told, and it is not guessed
};

inline constexpr std::size_t lane_states = static_cast<std::size_t>(lane_state::unknown) + 1;

[[nodiscard]] const char* to_string(lane_state state) noexcept;

}  // namespace nullworker::client::watch
