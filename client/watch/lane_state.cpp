#include <watch/lane_state.hpp>

#include <array>

namespace nullworker::client::watch {

const char* to_string(lane_state state) noexcept {
    static constexpr std::array<const char*, lane_states> names = {
        "creating", "loading", "ready", "reserved", "retiring",
        "draining", "taken",   "error", "stopped",  "unknown",
    };
    return names[static_cast<std::size_t>(state)];
}

}  // namespace nullworker::client::watch
