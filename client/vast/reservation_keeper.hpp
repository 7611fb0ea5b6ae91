#pragma once

#include <vast/held_session.hpp>
#include <vast/reservation_plan.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>

namespace nullworker::client {

// Who remembers what a reservation has come to, so that another process can go on with it. Each step is
// awaited before anything is done with what it tells; false where it cannot be remembered, which ends the
// reservation.
class reservation_keeper {
public:
    reservation_keeper() = default;
    reservation_keeper(const reservation_keeper&) = delete;
    reservation_keeper& operator=(const reservation_keeper&) = delete;
    virtual ~reservation_keeper() = default;

    [[nodiscard]] virtual boost::asio::awaitable<bool> keep_request(std::int64_t request_idx) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<bool> keep_offer(const reservation_plan::create& offer) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<bool> keep_session(const held_session& session) = 0;

    // A create may have made a session of which nobody heard, and nothing more is done about it.
    virtual void leave_in_doubt(const reservation_plan::create& unheard) = 0;

    // Whether a request that is not wanted any more is taken back at the autoscaler. Asked when that is so.
    [[nodiscard]] virtual bool withdraws() const = 0;

    // What a former process came to: its request, 0 for none, and a create that it may have sent.
    std::int64_t request_idx = 0;
    std::optional<reservation_plan::create> offer;
};

}  // namespace nullworker::client
