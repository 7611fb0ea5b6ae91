#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/wire/completion.hpp>
#include <nullworker/wire/json_value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The state file: what of a worker survives its process. JSON, one document.
namespace nullworker::wire {

// The session that held the slot. Its times are those of the process that wrote them: the monotonic ones mean
// something only until the machine starts anew.
struct saved_lease {
    std::string session_id;
    std::vector<json_value> grants;  // each opens the session; at least one
    bool verified = false;           // the grants' signature was checked
    double cost = 0;
    std::int64_t request_idx = 0;
    seconds lifetime{};
    instant created;
    instant expires;
    std::optional<std::string> close_route;
    json_value close_payload;
};

// Everything the desk keeps but the completions.
struct saved_desk {
    std::uint64_t generation = 0;        // leases so far
    std::int64_t requests_received = 0;  // distinct requests so far
    double new_load = 0;                 // owed to the next report
    double rej_load = 0;
    double cur_perf = 0;
    std::optional<saved_lease> lease;
};

struct saved_state {
    std::int64_t container_id = 0;  // whose state it is
    std::string boot_id;            // which run of the machine's kernel the monotonic times belong to
    instant saved_at;
    saved_desk desk;
    std::vector<completion> completions;  // undelivered, oldest first
};

// One completion as a row of the state file. Rows are made once and kept by the writer, so that a long outage
// does not make each write as long as itself.
[[nodiscard]] std::string state_row(const completion& entry);

// The whole file; `rows` are the completions, joined by commas, and take the place of `state.completions`.
[[nodiscard]] std::string to_json(const saved_state& state, std::string_view rows);

// Fails with invalid_json or unexpected_message; whatever it returns keeps the bounds of the contract.
[[nodiscard]] result<saved_state> parse_saved_state(std::string_view text);

}  // namespace nullworker::wire
