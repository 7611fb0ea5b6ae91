#include <fleet/open_queues.hpp>

#include <queue>

namespace nullworker::fleet {

void open_queues::put(std::int64_t worker, double load, double perf) {
    remove(worker);
    const place where{load / perf, worker};
    x_queues.insert({where, queue{load, perf}});
    x_place_of.emplace(worker, where);
    x_perfs.insert(perf);
}

void open_queues::remove(std::int64_t worker) {
    const auto known = x_place_of.find(worker);
    if (known == x_place_of.end())
        return;
    const auto found = x_queues.find(known->second);
    x_perfs.erase(x_perfs.find(found->second.perf));
    x_queues.erase(found);
    x_place_of.erase(known);
}

// Queues that became longer, in thought, stand in a heap beside those that are as they were.
std::int64_t open_queues::after(const std::vector<double>& costs, seconds most) const {
    using longer = std::pair<place, queue>;
    const auto later = [](const longer& a, const longer& b) { return a.first > b.first; };
    std::priority_queue<longer, std::vector<longer>, decltype(later)> changed(later);
    auto unchanged = x_queues.begin();
    const auto take_shortest = [&] {
        const bool from_heap =
            !changed.empty() && (unchanged == x_queues.end() || changed.top().first < unchanged->first);
        const longer taken = from_heap ? changed.top() : longer(unchanged->first, unchanged->second);
        if (from_heap)
            changed.pop();
        else
            ++unchanged;
        return taken;
    };
    const auto anybody = [&] {
        return (unchanged != x_queues.end() && unchanged->first.first < most.count()) || !changed.empty();
    };

    for (const double cost : costs) {
        if (!anybody())
            return 0;
        auto [where, q] = take_shortest();
        q.load += cost;
        where.first = q.load / q.perf;
        if (where.first < most.count())
            changed.emplace(where, q);
    }
    return anybody() ? take_shortest().first.second : 0;
}

// As long as nobody's second turn can come, the rank is the place in the row. The soonest second turn is
// that of the fastest worker with nothing to do.
std::int64_t open_queues::after(std::size_t rank, double each, seconds most) const {
    if (x_queues.empty() || x_queues.begin()->first.first >= most.count())
        return 0;
    const double second_turn = each / *x_perfs.rbegin();
    const auto found = x_queues.find_by_order(rank);
    const bool in_first_round = found != x_queues.end() && found->first.first < second_turn;
    if (rank == 0 || (in_first_round && found->first.first < most.count()))
        return found->first.second;
    if (second_turn >= most.count())
        return 0;
    return after(std::vector<double>(rank, each), most);
}

}  // namespace nullworker::fleet
