#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/session_messages.hpp>
#include <nullworker/wire/session_outcome.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace nullworker::client {

using wire::retire_when;
using wire::session_outcome;

// How a session stands at its worker.
struct session_news {
    enum class kind {
        open,
        over,     // its worker does not hold it any more
        foreign,  // it is open, at a worker that tells no more than that
    };
    kind what = kind::open;
    seconds remaining{};      // until the client's expiry
    seconds protected_for{};  // while a job runs; it ends when both are over
    bool retiring = false;
    std::optional<std::int64_t> worker_id = {};  // as the autoscaler has it; earlier workers do not say it
    session_outcome outcome = session_outcome::done;  // of one that is over
    bool is_outcome_said = false;                     // else nobody said it
};

// What a retirement came to.
struct retirement {
    enum class kind {
        ended,
        retiring,  // it ends when its job is done
        busy,      // a job runs, so nothing changed
        kept,
        over,     // its worker does not hold it any more
        foreign,  // its worker knows no retirement
    };
    kind what = kind::ended;
    seconds protected_for{};
    session_outcome outcome = session_outcome::done;  // of one that is over
};

// A session that this client holds.
struct held_session {
    std::string session_id;
    wire::json_value grant;
    url worker;
    std::string worker_url;  // as the autoscaler wrote it
    std::int64_t request_idx = 0;
    double expiration = 0;  // epoch seconds
};

}  // namespace nullworker::client
