#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/interruption.hpp>
#include <vast/held_session.hpp>
#include <vast/serverless.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace nullworker::client {

// How a held session is looked after.
struct care {
    seconds lifetime{60.0};                             // of the session
    std::chrono::steady_clock::duration check_every;    // how often its worker is asked whether it holds it
    std::chrono::steady_clock::duration give_up_after;  // how long its worker may be out of reach
};

// The care that a session of this lifetime needs, if nobody is in a hurry.
[[nodiscard]] care usual_care(seconds lifetime);

// How looking after a session ended.
struct care_outcome {
    enum class kind {
        stopped,   // as asked; it is still held
        released,  // its worker does not hold it any more: its consumer is done, or it was ended elsewhere
        lost,      // its worker is out of reach, or its time is over
    };
    kind what = kind::stopped;
    std::string why;  // for people; empty when stopped
};

// Renews a session in time and notices when it is gone, until that happens or `stop` is requested. `api` and
// `stop` outlive it.
[[nodiscard]] asio::awaitable<care_outcome> look_after(serverless& api, held_session session, care how,
                                                       interruption& stop);

// Looks after a session until cancelled. When the session is gone, `on_gone` is called once, with the reason,
// and this returns. `api` outlives it.
[[nodiscard]] asio::awaitable<void> keep_alive(serverless& api, held_session session, seconds lifetime,
                                               std::function<void(std::string)> on_gone);

}  // namespace nullworker::client
