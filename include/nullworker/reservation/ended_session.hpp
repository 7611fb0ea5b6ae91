#pragma once

#include <nullworker/wire/session_outcome.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace nullworker::reservation {

// A session that is over, and whose consumer said what it found: for its client, who may ask later.
struct ended_session {
    std::string session_id;
    std::vector<std::uint64_t> grants;  // the fingerprints of those that opened it
    wire::session_outcome outcome = wire::session_outcome::done;
};

}  // namespace nullworker::reservation
