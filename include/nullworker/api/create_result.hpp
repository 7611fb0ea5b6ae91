#pragma once

#include <nullworker/auth/gatekeeper.hpp>

#include <cstddef>

namespace nullworker::api {

// What became of a POST /session/create, for the figures.
enum class create_result {
    created,
    reissued,       // the session was there, for a client that had not got the reply
    slot_taken,     // 429
    replayed,       // the grant's session has ended
    not_ready,      // 503: the worker takes no session now, or has no key to check the grant with
    bad_signature,  // 401
    wrong_worker,   // 401: signed for another one
    invalid,        // 422
};

inline constexpr std::size_t create_results = 8;

[[nodiscard]] constexpr const char* to_string(create_result result) noexcept {
    constexpr const char* names[create_results] = {"created",   "reissued",      "slot_taken",   "replayed",
                                                   "not_ready", "bad_signature", "wrong_worker", "invalid"};
    return names[static_cast<std::size_t>(result)];
}

// Of a grant that is not admitted.
[[nodiscard]] constexpr create_result result_of(auth::grant_verdict refused) noexcept {
    switch (refused) {
        case auth::grant_verdict::no_key:
            return create_result::not_ready;
        case auth::grant_verdict::wrong_worker:
            return create_result::wrong_worker;
        default:
            return create_result::bad_signature;
    }
}

}  // namespace nullworker::api
