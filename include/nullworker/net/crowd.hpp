#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>

namespace nullworker::net {

// What a connection is at, in the order in which connections have to make room.
enum class stage : std::uint8_t {
    leaving,
    idle,
    reading_head,
    reading_body,
    waiting,  // its request was read and is answered when something changes
    answering,
    evicted,  // it made room, and is about to end
};

// The connections of a server, and who makes room for whom. A new one takes the place of the one that has
// waited longest without a whole request: idle ones go before those in the middle of a request, and one whose
// request is whole never does. A request that waits for a change may be hurried instead: it is answered
// before its time, and its connection is idle after that. No I/O.
class crowd {
public:
    class member;

    // `most` members fit. `on_room` is called when one has left, or stops being answered: whoever could not
    // get in may try again. It may not change the crowd.
    crowd(std::size_t most, std::function<void()> on_room);

    // How many there are, without those evicted.
    [[nodiscard]] std::size_t size() const noexcept { return x_size; }
    [[nodiscard]] bool is_full() const noexcept { return x_size >= x_most; }

    // How many wait for a change.
    [[nodiscard]] std::size_t waiting() const noexcept { return at(stage::waiting).size(); }

    // How many had to make room so far.
    [[nodiscard]] std::uint64_t evicted() const noexcept { return x_evicted; }

    // Makes the one that comes first in the order make room. False where nobody can.
    bool evict_one();

    // Hurries the one that waits longest of those that are not hurried yet, if there is one.
    void hurry_one();

    // Something changed: wakes all that wait for that.
    void wake_all();

    // Hurries all that wait, and lets the others finish.
    void drain();

private:
    using queue = std::list<member*>;
    static constexpr std::size_t stages = 7;

    [[nodiscard]] queue& at(stage where) { return x_queues[static_cast<std::size_t>(where)]; }
    [[nodiscard]] const queue& at(stage where) const { return x_queues[static_cast<std::size_t>(where)]; }

    std::size_t x_most;
    std::function<void()> x_on_room;
    std::array<queue, stages> x_queues;  // each in the order in which they came to that stage
    std::size_t x_size = 0;
    std::uint64_t x_evicted = 0;
};

// One of a crowd, from its construction on, at first reading a head. The crowd outlives it.
class crowd::member {
public:
    member(const member&) = delete;
    member& operator=(const member&) = delete;

    [[nodiscard]] stage at() const noexcept { return x_stage; }
    [[nodiscard]] bool is_evicted() const noexcept { return x_stage == stage::evicted; }

    // Goes to the end of the queue of `next`; one that is evicted stays that.
    void enter(stage next);

    // Whether the request that waits must be answered now; until it waits no longer.
    [[nodiscard]] bool is_hurried() const noexcept { return x_hurried; }
    void hurry();

protected:
    explicit member(crowd& among);
    ~member();

private:
    friend class crowd;

    virtual void make_room() = 0;  // it was evicted: to close what it holds
    virtual void wake() = 0;       // while it waits: something changed, or it was hurried
    virtual void finish() = 0;     // to end as soon as it is not in the middle of a request

    crowd& x_crowd;
    stage x_stage = stage::reading_head;
    bool x_hurried = false;
    queue::iterator x_place;
};

}  // namespace nullworker::net
