#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/net/message.hpp>
#include <vast/route_pace.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace nullworker::client {

// Where reservations wait for their turn to ask the autoscaler.
class route_gate {
public:
    // Without a number there is no limit.
    route_gate(asio::any_io_executor executor, std::optional<double> per_second)
        : x_executor(std::move(executor)), x_pace(per_second) {}
    route_gate(const route_gate&) = delete;
    route_gate& operator=(const route_gate&) = delete;

    // A reservation, from its first question until it has a worker or is given up. The gate outlives it.
    class visitor {
    public:
        visitor(route_gate& gate, bool has_request);
        ~visitor();
        visitor(const visitor&) = delete;
        visitor& operator=(const visitor&) = delete;

        // Waits for its turn to ask; false when cancelled. Who has begun already has his turn.
        [[nodiscard]] asio::awaitable<bool> begin();
        [[nodiscard]] asio::awaitable<bool> pass();

        // What the autoscaler said to that.
        void answered(const net::reply& answer);

    private:
        route_gate& x_gate;
        route_pace::id x_id;
        route_pace::time_point x_asked{};
        bool x_has_turn = false;
    };

private:
    void wake_the_next();

    asio::any_io_executor x_executor;
    route_pace x_pace;
    std::map<route_pace::id, asio::steady_timer*> x_bells;  // of those who wait
};

}  // namespace nullworker::client
