#include <terminal/lane_looks.hpp>

#include <array>
#include <cstddef>

namespace nullworker::client {
namespace {

// By state. Each has a symbol of its own, in ASCII too: colours only repeat it.
constexpr std::array<lane_look, watch::lane_states> lane_looks = {{
    {"·", look::dim},       // creating
    {"░", look::starting},  // loading
    {"─", look::idle},      // ready
    {"█", look::good},      // reserved
    {"▓", look::leaving},   // retiring
    {"▒", look::leaving},   // draining
    {"▄", look::good},      // taken
    {"✗", look::bad},       // error
    {" ", look::plain},     // stopped
    {"?", look::dim},       // unknown
}};

}  // namespace

lane_look look_of(watch::lane_state state) {
    return lane_looks[static_cast<std::size_t>(state)];
}

}  // namespace nullworker::client
