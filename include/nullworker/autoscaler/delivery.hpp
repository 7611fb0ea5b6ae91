#pragma once

#include <chrono>
#include <cstddef>
#include <variant>

namespace nullworker::autoscaler {

struct delivery_policy {
    int tries_per_address = 3;
    std::chrono::steady_clock::duration pause = std::chrono::seconds(2);  // between tries at one address
};

// The next thing to do after a try that failed.
struct retry_after {
    std::chrono::steady_clock::duration pause;
};
struct fail_over {};  // the next address, at once
struct give_up {};    // every address failed
using next_step = std::variant<retry_after, fail_over, give_up>;

// Walks one message through the addresses, in their order.
class delivery {
public:
    // `addresses` is how many there are, at least 1.
    delivery(std::size_t addresses, delivery_policy policy) : x_addresses(addresses), x_policy(policy) {}

    // The index of the address to try.
    [[nodiscard]] std::size_t address() const noexcept { return x_address; }

    [[nodiscard]] next_step after_failure() noexcept {
        if (++x_tries < x_policy.tries_per_address)
            return retry_after{x_policy.pause};
        x_tries = 0;
        if (++x_address < x_addresses)
            return fail_over{};
        return give_up{};
    }

private:
    std::size_t x_addresses;
    delivery_policy x_policy;
    std::size_t x_address = 0;
    int x_tries = 0;
};

}  // namespace nullworker::autoscaler
