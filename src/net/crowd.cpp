#include <nullworker/net/crowd.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace nullworker::net {
namespace {

constexpr std::size_t party_stages = static_cast<std::size_t>(stage::evicted);

}  // namespace

// The members of one peer. Those that wait are in the crowd's queue, since a change concerns all of them.
struct crowd::party {
    // Of parties that are equally large, the one goes first that can spare one most easily, or for longest.
    struct rank {
        std::size_t size = 0;
        enum class ease : std::uint8_t { at_once, in_a_request, if_it_stalls, never } can = ease::never;
        time_point since;
    };

    std::array<queue, party_stages> at;
    std::size_t size = 0;
    rank ranked;  // as the ranking has it

    [[nodiscard]] const member* first_at(stage where) const {
        const auto& those = at[static_cast<std::size_t>(where)];
        return those.empty() ? nullptr : those.front();
    }

    // The one whose request began first of those that are in the middle of one.
    [[nodiscard]] const member* first_in_a_request() const;

    [[nodiscard]] rank measure() const;
};

const crowd::member* crowd::party::first_in_a_request() const {
    const auto* head = first_at(stage::reading_head);
    const auto* body = first_at(stage::reading_body);
    if (!head || !body)
        return head ? head : body;
    return body->x_since < head->x_since ? body : head;
}

crowd::party::rank crowd::party::measure() const {
    for (const stage spare : {stage::leaving, stage::idle, stage::silent})
        if (const auto* first = first_at(spare))
            return {size, rank::ease::at_once, first->x_since};
    if (const auto* first = first_in_a_request())
        return {size, rank::ease::in_a_request, first->x_since};
    if (const auto* first = first_at(stage::answering))
        return {size, rank::ease::if_it_stalls, first->x_since};
    return {size, rank::ease::never, {}};
}

bool crowd::gives_way_before::operator()(const party* a, const party* b) const {
    const auto key = [](const party* p) {
        return std::tuple(~p->ranked.size, p->ranked.can, p->ranked.since, p);
    };
    return key(a) < key(b);
}

crowd::crowd(crowd_limits limits, std::function<void()> on_room)
    : x_limits(limits), x_on_room(std::move(on_room)) {}
crowd::~crowd() = default;

std::size_t crowd::largest_share() const noexcept {
    return x_ranking.empty() ? 0 : (*x_ranking.begin())->size;
}

std::size_t crowd::share_of(peer from) const {
    const auto those = x_parties.find(from);
    return those == x_parties.end() ? 0 : those->second.size;
}

// ---- who makes room ---------------------------------------------------------------------------------------

bool crowd::evict_one_for(peer from, time_point now) {
    const auto own = x_parties.find(from);
    if (evict_from_more_than(share_of(from), now))
        return true;
    member* first = own == x_parties.end() ? nullptr : first_of(own->second, newcomer::of_its_own, now);
    if (first)
        evict(*first);
    return first != nullptr;
}

bool crowd::evict_one(time_point now) {
    return evict_from_more_than(0, now);
}

bool crowd::evict_from_more_than(std::size_t share, time_point now) {
    for (party* those : x_ranking) {
        if (those->size <= share)
            return false;
        if (member* first = first_of(*those, newcomer::of_another_peer, now)) {
            evict(*first);
            return true;
        }
    }
    return false;
}

crowd::member* crowd::first_of(const party& those, newcomer whose, time_point now) const {
    const auto is_older = [now](const member* m, time_point::duration span) {
        return m && now - m->x_since >= span;
    };
    const member* first = those.first_at(stage::leaving);
    if (!first && is_older(those.first_at(stage::answering), x_limits.stall))
        first = those.first_at(stage::answering);
    for (const stage spare : {stage::idle, stage::silent})
        if (!first)
            first = those.first_at(spare);
    if (first)
        return const_cast<member*>(first);
    const member* began_first = those.first_in_a_request();
    if (is_older(began_first, x_limits.grace))
        return const_cast<member*>(began_first);
    const bool another_is_done_soon = whose == newcomer::of_its_own && those.first_at(stage::answering);
    if (!x_waiting.empty() || another_is_done_soon)
        return nullptr;
    const member* in_a_head = those.first_at(stage::reading_head);
    return const_cast<member*>(in_a_head ? in_a_head : began_first);
}

void crowd::evict(member& one) {
    ++x_evicted;
    let_go(one);
    one.x_stage = stage::evicted;
    one.x_place = x_gone.insert(x_gone.end(), &one);
    one.make_room();
}

void crowd::hurry_one() {
    const auto longest =
        std::find_if(x_waiting.begin(), x_waiting.end(), [](const member* m) { return !m->x_hurried; });
    if (longest != x_waiting.end())
        (*longest)->hurry();
}

bool crowd::wake(std::uint64_t change, std::size_t most) {
    for (member* each : x_waiting) {
        if (each->x_seen == change)
            continue;
        if (most-- == 0)
            return true;
        each->x_seen = change;
        each->wake();
    }
    return false;
}

void crowd::drain() {
    for (member* each : x_waiting) {
        each->hurry();
        each->finish();
    }
    for (auto& [from, those] : x_parties)
        for (const auto& at_one_stage : those.at)
            for (member* each : at_one_stage)
                each->finish();
}

// ---- who is where -----------------------------------------------------------------------------------------

crowd::queue& crowd::at(party& of, stage where) {
    return where == stage::waiting ? x_waiting : of.at[static_cast<std::size_t>(where)];
}

// Changes a party, and its rank if that is another one then.
template <class Change>
void crowd::change(party& of, const Change& how) {
    how();
    const auto now = of.measure();
    if (now.size == of.ranked.size && now.can == of.ranked.can && now.since == of.ranked.since)
        return;
    if (x_ranking.size() == 1) {
        of.ranked = now;
        return;
    }
    auto place = x_ranking.extract(&of);
    of.ranked = now;
    x_ranking.insert(std::move(place));
}

crowd::party& crowd::invite(peer from) {
    const auto [place, is_new] = x_parties.try_emplace(from);
    if (is_new)
        x_ranking.insert(&place->second);
    return place->second;
}

void crowd::take_in(member& one, time_point now) {
    auto& those = invite(one.x_from);
    one.x_party = &those;
    one.x_since = now;
    change(those, [&] {
        auto& place = at(those, one.x_stage);
        one.x_place = place.insert(place.end(), &one);
        ++those.size;
    });
    ++x_size;
}

void crowd::let_go(member& one) {
    auto& those = *std::exchange(one.x_party, nullptr);
    change(those, [&] {
        at(those, one.x_stage).erase(one.x_place);
        --those.size;
    });
    --x_size;
    if (those.size > 0)
        return;
    x_ranking.erase(&those);
    x_parties.erase(one.x_from);
}

crowd::member::member(crowd& among, peer from, time_point now) : x_crowd(&among), x_from(from) {
    among.take_in(*this, now);
}

crowd::member::~member() {
    if (is_evicted())
        x_crowd->x_gone.erase(x_place);
    else
        x_crowd->let_go(*this);
    x_crowd->x_on_room();
}

void crowd::member::move_to(crowd& other, time_point now) {
    x_crowd->let_go(*this);
    x_crowd->x_on_room();
    x_crowd = &other;
    x_stage = stage::reading_head;
    other.take_in(*this, now);
}

void crowd::member::enter(stage next, time_point now) {
    if (is_evicted() || x_stage == next)
        return;
    const bool same_request = x_stage == stage::reading_head && next == stage::reading_body;
    const auto before = std::exchange(x_stage, next);
    x_crowd->change(*x_party, [&] {
        auto& to = x_crowd->at(*x_party, next);
        to.splice(to.end(), x_crowd->at(*x_party, before), x_place);
        if (!same_request)
            x_since = now;
    });
    x_hurried = false;
    if (before == stage::answering)
        x_crowd->x_on_room();
}

void crowd::member::get_on(time_point now) {
    if (x_stage != stage::answering)
        return;
    x_crowd->change(*x_party, [&] {
        auto& place = x_crowd->at(*x_party, x_stage);
        place.splice(place.end(), place, x_place);
        x_since = now;
    });
}

void crowd::member::hurry() {
    x_hurried = true;
    wake();
}

}  // namespace nullworker::net
