#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nullworker::fleet {

// A point in time of each of some ids, in the order of time: what is due is found without a look at what is
// not. What is kept is when something began, and not when its time-out is over, so that a time-out may
// change.
class timetable {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using entry = std::pair<time_point, std::int64_t>;

    // From here on `id` has that time, or none.
    void set(std::int64_t id, std::optional<time_point> when) {
        const auto known = x_times.find(id);
        if (known != x_times.end() && when == known->second)
            return;
        if (known != x_times.end()) {
            x_order.erase({known->second, id});
            x_times.erase(known);
        }
        if (when) {
            x_order.emplace(*when, id);
            x_times.emplace(id, *when);
        }
    }

    [[nodiscard]] const std::set<entry>& in_order() const noexcept { return x_order; }

    [[nodiscard]] bool has_any_until(time_point latest) const {
        return !x_order.empty() && x_order.begin()->first <= latest;
    }

    // Whose time is `latest` or before, in the order of ids.
    [[nodiscard]] std::vector<std::int64_t> until(time_point latest) const {
        std::vector<std::int64_t> ids;
        for (auto place = x_order.begin(); place != x_order.end() && place->first <= latest; ++place)
            ids.push_back(place->second);
        std::sort(ids.begin(), ids.end());
        return ids;
    }

    // The first time of all, and the first one that is later than `past`, each with `span` added to it;
    // time_point::max() where there is none.
    [[nodiscard]] time_point first(time_point::duration span) const {
        return x_order.empty() ? time_point::max() : x_order.begin()->first + span;
    }
    [[nodiscard]] time_point next(time_point past, time_point::duration span) const {
        const auto found = x_order.upper_bound({past, std::int64_t{INT64_MAX}});
        return found == x_order.end() ? time_point::max() : found->first + span;
    }

private:
    std::set<entry> x_order;
    std::unordered_map<std::int64_t, time_point> x_times;
};

}  // namespace nullworker::fleet
