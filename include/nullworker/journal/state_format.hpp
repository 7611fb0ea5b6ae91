#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/reservation/desk_state.hpp>
#include <nullworker/wire/completion.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// The state file: what of a worker survives its process. JSON, one document.
namespace nullworker::journal {

// Whose state a file holds.
struct state_owner {
    std::int64_t container_id = 0;
    std::string boot_id;        // which run of the machine's kernel the monotonic times belong to
    std::string init_birth;     // which run of the container: when its process 1 began; empty: not known
    bool has_consumer = false;  // one that gave a sign of life in that run
};

struct saved_state {
    state_owner owner;
    reservation::former_desk left;
};

// One completion as a row of the state file. Rows are made once and kept by the writer, so that a long outage
// does not make each write as long as itself.
[[nodiscard]] std::string state_row(const wire::completion& entry);

// The whole file; `rows` are the completions, joined by commas.
[[nodiscard]] std::string write_state(const state_owner& owner, const reservation::desk_state& state,
                                      instant saved_at, std::string_view rows);

// Fails with invalid_json or unexpected_message; whatever it returns keeps the bounds of the contract.
[[nodiscard]] result<saved_state> read_state(std::string_view text);

}  // namespace nullworker::journal
