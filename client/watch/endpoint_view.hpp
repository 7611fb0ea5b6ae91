#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/wire/routing.hpp>
#include <watch/known_sessions.hpp>
#include <watch/timeline.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::client::watch {

// A worker's price, as the account's list of instances has it.
struct instance_price {
    std::int64_t instance = 0;  // which is the worker's id
    double dollars_per_hour = 0;
};

// What polls of a real endpoint mean for its timeline, without I/O. The list of workers says who is there and
// who has load; whose load it is, only the sessions tell that a `follow` on this machine has.
class endpoint_view {
public:
    // `told` outlives it.
    explicit endpoint_view(timeline& told) : x_told(told) {}

    // The list of workers came, or did not.
    void heard(const std::vector<wire::worker_info>& list, instant now);
    void failed(const std::string& why, instant now);

    void heard(const wire::endpoint_info& endpoint);
    void heard(const std::vector<instance_price>& prices);

    // What the endpoint's log says of a worker in error; empty: nothing.
    void heard_reason(std::int64_t worker, const std::string& reason, instant now);

    // Something may have changed of the sessions.
    void look_at(known_sessions& ours, instant now);

    // Whether a worker came since this was asked last.
    [[nodiscard]] bool take_newcomers() { return std::exchange(x_newcomers, false); }

    // The workers in error of which no reason is known; at most so many as one look into a log is worth.
    [[nodiscard]] std::vector<std::int64_t> unexplained() const;

private:
    struct seen_worker {
        std::string status;
        bool has_load = false;
        lane_state before = lane_state::unknown;  // what was drawn last that was no reboot
        std::string reason = {};                  // of its error
        unsigned looks = 0;                       // into the log that found none
    };

    [[nodiscard]] bool is_list_recent(instant now) const;
    void draw(std::int64_t id, seen_worker& of, instant now);
    void add_sample(const std::vector<wire::worker_info>& list, instant now);

    timeline& x_told;
    std::map<std::int64_t, seen_worker> x_workers;
    std::map<std::int64_t, known_sessions::presence> x_present;
    std::optional<instant> x_list_at;
    bool x_failing = false;
    std::int64_t x_waiting = 0;
    bool x_unplaced = false;
    bool x_newcomers = false;
};

}  // namespace nullworker::client::watch
