#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/session_outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::reservation {

// How far a grant was checked before it reached the desk.
enum class grant_trust {
    verified,    // its signature is the autoscaler's and names this worker
    unverified,  // taken on trust: UNSECURED, or NULLWORKER_CREATE_AUTH=open
};

// What is to be done when a session has ended.
struct close_request {
    std::string route;  // an http(s) URL, or a path on the consumer's own server
    wire::json_value payload;
};

// One session in the slot.
struct lease {
    std::string session_id;
    std::uint64_t generation = 0;          // counts leases since start
    std::vector<wire::json_value> grants;  // each of them opens the session; at least one
    grant_trust trust = grant_trust::unverified;
    double cost = 0;
    std::int64_t request_idx = 0;
    seconds lifetime{};
    instant created;
    instant expires;                         // as the client has it
    std::optional<instant> protected_until;  // a job runs so long, whatever the client's expiry
    bool retiring = false;                   // ends with its protection
    std::string claim;                       // with which its client asks for it again; empty: none
    bool used = false;                       // somebody outside has named its id, and so got it
    std::optional<close_request> on_close;
};

// When the session ends if nothing happens: the client's expiry, or the end of the protection, whichever is
// later; with the protection where it is retiring.
[[nodiscard]] inline instant end_of(const lease& session) {
    const auto& shelter = session.protected_until;
    if (session.retiring)
        return shelter.value_or(session.created);
    return shelter && shelter->monotonic > session.expires.monotonic ? *shelter : session.expires;
}

// How long it is until `then`; 0 where that is past.
[[nodiscard]] inline seconds left_until(const instant& then, const instant& now) {
    return std::max(then.monotonic - now.monotonic, std::chrono::steady_clock::duration::zero());
}

// How long the session is still protected; 0 where it is not.
[[nodiscard]] inline seconds protected_for(const lease& session, const instant& now) {
    return session.protected_until ? left_until(*session.protected_until, now) : seconds::zero();
}

// The session, for the log.
[[nodiscard]] inline std::string name_of(const lease* holder) {
    return holder ? holder->session_id : "none";
}

enum class close_reason { ended, released, expired };

// A session that has just left the slot.
struct closed_session {
    std::string session_id;
    close_reason reason = close_reason::ended;
    grant_trust trust = grant_trust::unverified;
    std::optional<close_request> on_close;
    std::optional<wire::session_outcome> outcome;  // as its consumer said
    std::int64_t request_idx = 0;
};

[[nodiscard]] constexpr const char* to_string(close_reason reason) noexcept {
    constexpr const char* names[] = {"ended", "released", "expired"};
    return names[static_cast<int>(reason)];
}

}  // namespace nullworker::reservation
