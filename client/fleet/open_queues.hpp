#pragma once

#include <fleet/ranked.hpp>
#include <nullworker/base/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace nullworker::fleet {

// The workers that take requests, by the time that their queues last: load / perf. A request gets the
// shortest queue, of equal ones that of the lowest id, and none that lasts `most` or longer.
class open_queues {
public:
    // The worker takes requests and has so much to do.
    void put(std::int64_t worker, double load, double perf);

    // The worker takes no requests.
    void remove(std::int64_t worker);

    // Whose turn it is once requests of these costs, in their order, have taken their places; 0 for nobody's.
    [[nodiscard]] std::int64_t after(const std::vector<double>& costs, seconds most) const;

    // Whose turn it is once `rank` requests that cost the same have taken their places; 0 for nobody's.
    [[nodiscard]] std::int64_t after(std::size_t rank, double each, seconds most) const;

private:
    struct queue {
        double load = 0;
        double perf = 1;
    };
    using place = std::pair<double, std::int64_t>;  // how long the queue lasts, and whose it is

    ranked_map<place, queue> x_queues;
    std::map<std::int64_t, place> x_place_of;
    std::multiset<double> x_perfs;
};

}  // namespace nullworker::fleet
