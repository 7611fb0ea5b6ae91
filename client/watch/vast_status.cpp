#include <watch/vast_status.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace nullworker::client::watch {
namespace {

using enum lane_state;
using shown = vast_status::shown;

// What Vast documents: the states of the command line, and how each is billed
// (https://docs.vast.ai/documentation/serverless/worker-states), and the statuses that its client knows
// (READY_STATES, STARTUP_PHASES and STOPPED_STATES of vastai/serverless/client/worker.py in
// https://github.com/vast-ai/vast-cli). `busy` and `dead` are the stand-in's. A worker that is starting or
// updating is billed as one that is ready, which loading is; one that is stopping as inactive.
//
// The list lags behind what a session's worker says itself: so a session of ours counts for more than the
// status of a worker that may just have got it.
constexpr std::array statuses = {
    vast_status{"pending", creating, reserved, shown::plainly},
    vast_status{"creating", creating, reserved, shown::plainly},
    vast_status{"created", creating, reserved, shown::plainly},
    vast_status{"loading", loading, reserved, shown::plainly},
    vast_status{"model_loading", loading, reserved, shown::plainly},
    vast_status{"starting", loading, reserved, shown::with_word},
    vast_status{"updating", loading, reserved, shown::with_word},
    vast_status{"idle", ready, reserved, shown::plainly},
    vast_status{"ready", ready, reserved, shown::plainly},
    vast_status{"running", ready, reserved, shown::plainly},
    vast_status{"busy", ready, reserved, shown::plainly},
    vast_status{"rebooting", unknown, reserved, shown::as_before},
    vast_status{"stopping", stopped, draining, shown::with_word},
    vast_status{"stopped", stopped, stopped, shown::plainly},
    vast_status{"inactive", stopped, stopped, shown::plainly},
    vast_status{"exited", stopped, stopped, shown::with_word},
    vast_status{"destroying", stopped, stopped, shown::with_word},
    vast_status{"destroyed", stopped, stopped, shown::with_word},
    vast_status{"dead", stopped, stopped, shown::with_word},
    vast_status{"error", error, error, shown::plainly},
};

constexpr vast_status not_known{"", unknown, reserved, shown::with_word};

}  // namespace

const vast_status& meaning_of_status(const std::string& status) {
    const auto is_same_word = [&](std::string_view word) {
        return std::ranges::equal(status, word, {},
                                  [](unsigned char letter) { return std::tolower(letter); });
    };
    const auto* const found = std::ranges::find_if(statuses, is_same_word, &vast_status::word);
    return found == statuses.end() ? not_known : *found;
}

}  // namespace nullworker::client::watch
