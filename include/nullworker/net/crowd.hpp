#pragma once

#include <nullworker/net/peer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <set>
#include <unordered_map>

namespace nullworker::net {

// What a connection is at.
enum class stage : std::uint8_t {
    leaving,
    idle,
    silent,  // it has connected, and nothing came yet
    reading_head,
    reading_body,
    waiting,  // its request was read and is answered when something changes
    answering,
    evicted,  // it made room, and is about to end
};

struct crowd_limits {
    std::size_t most;                           // so many fit
    std::chrono::steady_clock::duration grace;  // a request that began less than this ago has just begun
    std::chrono::steady_clock::duration stall;  // an answer that has not got on for so long stands still
};

// The connections of a server, and who makes room for whom.
//
// The peer with the most connections gives way first, and nobody to a newcomer whose own peer has as many. Of
// one peer's connections they go in this order, the first that came to a stage before the next: those that
// leave, those whose answer stands still, idle ones, silent ones, those that have been in the middle of a
// request for too long, and those in a head and in a body that have just begun. One that is being answered
// stays.
//
// A request that waits for a change may be hurried: it is answered before its time, and its connection is
// idle after that. As long as there is one of these, a request that has just begun does not give way; nor
// does it to its own peer, as long as that has one that is being answered: either makes room soon.
//
// Nothing takes longer than a look at each peer, and next to nothing with few of them. No I/O.
class crowd {
public:
    using time_point = std::chrono::steady_clock::time_point;

    class member;

    // `on_room` is called when one has left, or stops being answered: whoever could not get in may try again,
    // at once if he likes.
    crowd(crowd_limits limits, std::function<void()> on_room);
    ~crowd();

    // How many there are, without those evicted.
    [[nodiscard]] std::size_t size() const noexcept { return x_size; }
    [[nodiscard]] bool is_full() const noexcept { return x_size >= x_limits.most; }

    // How many of them are of the peer that has the most.
    [[nodiscard]] std::size_t largest_share() const noexcept;

    // How many wait for a change.
    [[nodiscard]] std::size_t waiting() const noexcept { return x_waiting.size(); }

    // How many had to make room so far.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return x_evicted; }

    // Makes one make room for a newcomer of `from`. False where nobody can now; it may be possible a moment
    // later, without any other sign, as answers stall.
    bool evict_one_for(peer from, time_point now);

    // Makes one make room for nobody in particular.
    bool evict_one(time_point now);

    // Hurries the one that waits longest of those that are not hurried yet, if there is one.
    void hurry_one();

    // Something changed for the `change`-th time: wakes at most `most` of those that wait for that and have
    // not heard of it, who has waited longest first. Whether there are more.
    bool wake(std::uint64_t change, std::size_t most);

    // Hurries all that wait, and lets the others finish.
    void drain();

private:
    using queue = std::list<member*>;  // in the order in which they came to that stage
    struct party;
    enum class newcomer : std::uint8_t { of_its_own, of_another_peer };

    // Who gives way first comes first.
    struct gives_way_before {
        bool operator()(const party* a, const party* b) const;
    };
    using ranking = std::set<party*, gives_way_before>;

    [[nodiscard]] queue& at(party& of, stage where);
    party& invite(peer from);
    void take_in(member& one, time_point now);
    void let_go(member& one);
    template <class Change>
    void change(party& of, const Change& how);
    [[nodiscard]] std::size_t share_of(peer from) const;
    [[nodiscard]] member* first_of(const party& those, newcomer whose, time_point now) const;
    [[nodiscard]] bool evict_from_more_than(std::size_t share, time_point now);
    void evict(member& one);

    crowd_limits x_limits;
    std::function<void()> x_on_room;
    std::unordered_map<peer, party> x_parties;
    ranking x_ranking;
    queue x_waiting;
    queue x_gone;  // evicted, and not yet at their end
    std::size_t x_size = 0;
    std::uint64_t x_evicted = 0;
};

// One of a crowd, from its construction on, at first silent. The crowd outlives it.
class crowd::member {
public:
    member(const member&) = delete;
    member& operator=(const member&) = delete;

    [[nodiscard]] peer from() const noexcept { return x_from; }
    [[nodiscard]] stage at() const noexcept { return x_stage; }
    [[nodiscard]] bool is_evicted() const noexcept { return x_stage == stage::evicted; }

    // Goes to the end of the queue of `next`; one that is evicted stays that.
    void enter(stage next, time_point now);

    // Its answer got on, if it is being answered.
    void get_on(time_point now);

    // Leaves its crowd for another one, and reads a head there. It must not be evicted.
    void move_to(crowd& other, time_point now);

    // What it has seen is as new as the `change`-th change.
    void has_seen(std::uint64_t change) noexcept { x_seen = change; }

    // Whether the request that waits must be answered now; until it waits no longer.
    [[nodiscard]] bool is_hurried() const noexcept { return x_hurried; }
    void hurry();

protected:
    member(crowd& among, peer from, time_point now);
    ~member();

private:
    friend class crowd;

    virtual void make_room() = 0;  // it was evicted: to close what it holds
    virtual void wake() = 0;       // while it waits: something changed, or it was hurried
    virtual void finish() = 0;     // to end as soon as it is not in the middle of a request

    crowd* x_crowd;
    party* x_party = nullptr;  // of those of its peer; nothing once it is evicted
    const peer x_from;
    stage x_stage = stage::silent;
    bool x_hurried = false;
    std::uint64_t x_seen = 0;  // of the changes, while it waits for one: that it was woken for last
    time_point x_since;        // when it came to its stage; in the middle of a request, when that began
    queue::iterator x_place;
};

}  // namespace nullworker::net
