#pragma once

#include <nullworker/base/clock.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::fleet {

// What is to go wrong at the autoscaler, by path ("/worker_status/"; the last slash does not matter). Faults
// of a path are used up in the order in which they were ordered, one a request; without one all is well.
class fault_plan {
public:
    using duration = std::chrono::steady_clock::duration;

    // What becomes of one request.
    struct verdict {
        duration delay = {};                  // before anything else happens
        std::optional<unsigned> status = {};  // answered so, and not handled
        bool drop = false;        // the connection is closed without a reply, and nothing is handled
        bool lose_reply = false;  // handled, then the connection is closed without a reply
    };

    void answer_next(std::string_view path, std::size_t count, unsigned status);
    void delay_next(std::string_view path, std::size_t count, duration span);
    void drop_next(std::string_view path, std::size_t count);
    void lose_reply_next(std::string_view path, std::size_t count);

    // Every request of any path is dropped until then, or answered `status`.
    void outage_until(instant end, std::optional<unsigned> status = std::nullopt);

    void clear();

    [[nodiscard]] bool is_out(instant now) const { return now.monotonic < x_outage_end; }

    // Monotonic; the epoch where there was no outage.
    [[nodiscard]] std::chrono::steady_clock::time_point outage_end() const { return x_outage_end; }

    // The fate of a request that arrives now; uses up one fault of its path.
    [[nodiscard]] verdict next(std::string_view path, instant now);

private:
    struct rule {
        std::size_t count;
        verdict fate;
    };

    void add(std::string_view path, std::size_t count, verdict fate);

    std::map<std::string, std::deque<rule>, std::less<>> x_rules;
    std::chrono::steady_clock::time_point x_outage_end{};
    std::optional<unsigned> x_outage_status;
};

}  // namespace nullworker::fleet
