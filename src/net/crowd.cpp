#include <nullworker/net/crowd.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::net {

crowd::crowd(std::size_t most, std::function<void()> on_room) : x_most(most), x_on_room(std::move(on_room)) {}

bool crowd::evict_one() {
    const auto* last = x_queues.cbegin() + static_cast<std::size_t>(stage::waiting);
    const auto* first = std::find_if(x_queues.cbegin(), last, [](const queue& q) { return !q.empty(); });
    if (first == last)
        return false;
    member* longest = first->front();
    ++x_evicted;
    --x_size;
    longest->enter(stage::evicted);
    longest->make_room();
    return true;
}

void crowd::hurry_one() {
    const auto& all = at(stage::waiting);
    const auto longest = std::find_if(all.begin(), all.end(), [](const member* m) { return !m->x_hurried; });
    if (longest != all.end())
        (*longest)->hurry();
}

void crowd::wake_all() {
    for (member* each : at(stage::waiting))
        each->wake();
}

void crowd::drain() {
    for (member* each : at(stage::waiting))
        each->hurry();
    for (const auto& at_one_stage : x_queues)
        for (member* each : at_one_stage)
            each->finish();
}

crowd::member::member(crowd& among) : x_crowd(among) {
    auto& fresh = x_crowd.at(x_stage);
    x_place = fresh.insert(fresh.end(), this);
    ++x_crowd.x_size;
}

crowd::member::~member() {
    if (!is_evicted())
        --x_crowd.x_size;
    x_crowd.at(x_stage).erase(x_place);
    x_crowd.x_on_room();
}

void crowd::member::enter(stage next) {
    if (is_evicted() || x_stage == next)
        return;
    auto& to = x_crowd.at(next);
    to.splice(to.end(), x_crowd.at(x_stage), x_place);
    x_hurried = false;
    if (std::exchange(x_stage, next) == stage::answering)
        x_crowd.x_on_room();
}

void crowd::member::hurry() {
    x_hurried = true;
    wake();
}

}  // namespace nullworker::net
