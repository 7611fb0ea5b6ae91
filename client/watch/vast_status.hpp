#pragma once

#include <watch/lane_state.hpp>

#include <cstdint>
#include <string>

namespace nullworker::client::watch {

// What a worker's status in Vast's list stands for.
struct vast_status {
    enum class shown : std::uint8_t {
        plainly,    // the state says all of it
        with_word,  // the status is shown as the reason
        as_before,  // as what was before it, which is how it is billed
    };

    const char* word;  // in lower case
    lane_state alone;  // what is drawn where no session of ours is there
    lane_state ours;   // what is drawn where one is
    shown how;
};

// What is drawn for a status, in any case of letters. One that is not known is drawn as unknown.
[[nodiscard]] const vast_status& meaning_of_status(const std::string& status);

}  // namespace nullworker::client::watch
