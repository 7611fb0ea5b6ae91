#pragma once

#include <nullworker/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nullworker::fleet {

enum class worker_state {
    creating,  // decided on, not started yet
    loading,   // started, not ready
    idle,
    busy,
    error,     // reports an error_msg
    stopping,  // asked to end
    stopped,   // ended on request; a worker that is kept can be started again at once: it is cold
    dead,      // ended by itself, or silent for too long
};

[[nodiscard]] const char* to_string(worker_state state) noexcept;

enum class request_change { queued, routed, working, rejected, finished, lost, dropped };

[[nodiscard]] const char* to_string(request_change change) noexcept;

// What happened, for those who watch.
struct worker_event {
    instant at;
    std::int64_t worker = 0;
    std::optional<worker_state> from;  // nothing for a new worker
    worker_state to = worker_state::creating;
    std::string why;
};

struct request_event {
    instant at;
    std::int64_t request_idx = 0;
    request_change what = request_change::queued;
    std::int64_t worker = 0;  // 0 where none is involved
};

using event = std::variant<worker_event, request_event>;

// What happened since somebody last took it, in order. At most some thousands are kept.
class event_log {
public:
    void add(event happened);
    [[nodiscard]] std::vector<event> take();

private:
    std::vector<event> x_events;
};

}  // namespace nullworker::fleet
