#include <fleet/events.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace nullworker::fleet {
namespace {

constexpr std::size_t events_kept = 4096;

constexpr std::array worker_state_names = {"creating", "loading",  "idle",    "busy",
                                           "error",    "stopping", "stopped", "dead"};
constexpr std::array request_change_names = {"queued",   "routed", "working", "rejected",
                                             "finished", "lost",   "dropped"};

}  // namespace

const char* to_string(worker_state state) noexcept {
    return worker_state_names[static_cast<std::size_t>(state)];
}

const char* to_string(request_change change) noexcept {
    return request_change_names[static_cast<std::size_t>(change)];
}

void event_log::add(event happened) {
    if (x_events.size() >= events_kept)
        x_events.erase(x_events.begin(), x_events.begin() + events_kept / 2);
    x_events.push_back(std::move(happened));
}

std::vector<event> event_log::take() {
    return std::exchange(x_events, {});
}

}  // namespace nullworker::fleet
