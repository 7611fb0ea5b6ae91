#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/reservation/ended_session.hpp>
#include <nullworker/reservation/lease.hpp>
#include <nullworker/reservation/load_ledger.hpp>
#include <nullworker/wire/completion.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::reservation {

// What the desk knows, but for the completions: its outbox shows those one by one, since there may be many.
struct desk_state {
    std::uint64_t generation = 0;        // leases so far
    std::int64_t requests_received = 0;  // distinct requests so far
    load_figures owed;                   // to the next report
    std::string spent;                   // grants, as `spent_grants::text` has them
    std::optional<lease> holder;         // the last of the leases, if it is live
    std::optional<ended_session> ended;  // the last of those whose consumer said how it was
};

// What the desk of a former process left. Its times are those of that process: the monotonic ones mean
// something only until the machine starts anew.
struct former_desk {
    desk_state state;
    std::vector<wire::completion> undelivered;  // oldest first
    instant saved_at;
};

}  // namespace nullworker::reservation
