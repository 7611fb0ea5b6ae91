#include "fuzz_target.hpp"

#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/journal/state_format.hpp>
#include <nullworker/reservation/desk.hpp>

#include <algorithm>
#include <string>

// The state file, and a desk that goes on from it: whatever is accepted must be a state to work with.
namespace nullworker::fuzz {
namespace {

using reservation::clock_continuity;
using reservation::desk;

std::string written(const journal::saved_state& state) {
    std::string rows;
    for (const auto& entry : state.left.undelivered)
        rows += (rows.empty() ? "" : ",") + journal::state_row(entry);
    return journal::write_state(state.owner, state.left.state, state.left.saved_at, rows);
}

void require_usable(const reservation::former_desk& left, clock_continuity clocks, instant time) {
    constexpr seconds longest{86400.0};
    desk front({.max_lifetime = longest}, {[] { return std::string("abcdefghijklm"); }, auth::fingerprint},
               nullptr);
    front.restore(left, clocks, time);
    require(front.outbox().size() == std::min<std::size_t>(left.undelivered.size(), 10000),
            "no completion is lost");
    require(front.save().ended.has_value() == left.state.ended.has_value(), "nor what is known of an end");
    const bool held = front.holder() != nullptr;
    require(held == left.state.holder.has_value(), "the session is in the slot");
    if (held) {
        const auto remaining = front.holder()->expires.monotonic - time.monotonic;
        require(remaining <= to_ticks(longest), "no session gets more than the maximum");
        const auto id = front.holder()->session_id;
        const auto grant = front.holder()->grants.front();
        (void)front.renew(id, grant, time);
        require(!front.holder() || front.holder()->expires.monotonic - time.monotonic <= to_ticks(longest),
                "nor when it is renewed");
    }
    (void)front.release(time);
    require(front.take_snapshot().cur_load == 0, "the slot can be freed");
}

}  // namespace

FUZZ_TARGET(state_file, 300) {
    const auto state = journal::read_state(input);
    if (!state)
        return;
    const auto text = written(*state);
    const auto again = journal::read_state(text);
    require(again.has_value() && written(*again) == text, "a state survives the way there and back");
    const auto time = now();
    require_usable(state->left, clock_continuity::same_boot, time);
    require_usable(state->left, clock_continuity::rebooted, time);
}

}  // namespace nullworker::fuzz
