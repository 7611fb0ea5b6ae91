#pragma once

#include <nullworker/autoscaler/delivery.hpp>
#include <nullworker/base/url.hpp>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace nullworker::autoscaler {

// Which of the autoscaler's addresses are dead, for all who talk to it: what one has found out costs no other
// a try. Messages begin at the first that is not, so that a first address that is down delays one message,
// not each; now and then one asks whether it is back.
class dead_addresses {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // How long a dead address is left alone.
    explicit dead_addresses(delivery_policy::duration return_after) : x_return_after(return_after) {}

    // Where a message to `all`, of which there is at least one, begins.
    [[nodiscard]] starting_point next(const std::vector<url>& all, time_point now) const {
        std::size_t first = 0;
        while (first < all.size() && x_due.contains(all[first].text()))
            ++first;
        if (first == 0 || first == all.size())
            return {};
        return {first, now >= x_due.at(all.front().text())};
    }

    [[nodiscard]] bool contains(const url& address) const { return x_due.contains(address.text()); }

    // Every try at it failed, or the one that asked whether it is back.
    void failed(const url& address, time_point now) { x_due[address.text()] = now + x_return_after; }

    void accepted(const url& address) { x_due.erase(address.text()); }

private:
    delivery_policy::duration x_return_after;
    std::map<std::string, time_point> x_due;  // of each that is dead: when it may be asked again
};

}  // namespace nullworker::autoscaler
