#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <variant>

namespace nullworker::autoscaler {

// How many times one request of ours is sent elsewhere.
inline constexpr int most_redirects = 3;

struct delivery_policy {
    using duration = std::chrono::steady_clock::duration;

    int tries_per_address = 3;
    duration pause = std::chrono::seconds(2);          // between tries at one address
    duration try_limit = std::chrono::seconds(10);     // for one try
    duration round_pause = std::chrono::seconds(2);    // once every address was tried in vain
    duration return_after = std::chrono::seconds(60);  // how long another address keeps the first one's place
    duration return_limit = std::chrono::seconds(2);   // for the one try that asks whether the first is back
};

// Where a message begins its way.
struct starting_point {
    std::size_t address = 0;
    bool ask_first = false;  // begin with one try at address 0
};

// The next thing to do after a try that failed.
struct retry_after {
    delivery_policy::duration pause;
};
struct fail_over {};  // the next address, at once
struct give_up {};    // every address failed
using next_step = std::variant<retry_after, fail_over, give_up>;

// Walks one message through the addresses, in their order, from the starting point on and around.
class delivery {
public:
    // `addresses` is how many there are, at least 1.
    delivery(std::size_t addresses, delivery_policy policy, starting_point from = {})
        : x_addresses(addresses),
          x_left(addresses),
          x_policy(policy),
          x_start(from.address),
          x_address(from.ask_first ? 0 : from.address),
          x_asking_first(from.ask_first) {}

    // The index of the address to try.
    [[nodiscard]] std::size_t address() const noexcept { return x_address; }

    // How long the try may take.
    [[nodiscard]] delivery_policy::duration limit() const noexcept {
        return x_asking_first ? std::min(x_policy.return_limit, x_policy.try_limit) : x_policy.try_limit;
    }

    // Whether the try only asks if the first address is back: its failure is no news.
    [[nodiscard]] bool asking_first() const noexcept { return x_asking_first; }

    [[nodiscard]] next_step after_failure() noexcept {
        if (x_asking_first) {
            x_asking_first = false;
            x_address = x_start;
            return fail_over{};
        }
        if (++x_tries < x_policy.tries_per_address)
            return retry_after{x_policy.pause};
        x_tries = 0;
        x_address = (x_address + 1) % x_addresses;
        if (--x_left > 0)
            return fail_over{};
        return give_up{};
    }

private:
    std::size_t x_addresses;
    std::size_t x_left;  // addresses that were not tried to the end yet
    delivery_policy x_policy;
    std::size_t x_start;
    std::size_t x_address;
    bool x_asking_first;
    int x_tries = 0;
};

}  // namespace nullworker::autoscaler
