#pragma once

#include <follow/follow_plan.hpp>
#include <follow/unfound.hpp>
#include <nullworker/base/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace nullworker::client {

// What a worker says of a session.
struct session_standing {
    seconds remaining{};      // until the client's expiry
    seconds protected_for{};  // while a job runs
    bool retiring = false;
};

// One session, open or on its way.
struct roster_entry {
    using time_point = std::chrono::steady_clock::time_point;

    std::uint64_t order = 0;  // of being opened
    bool offered = false;     // its create may have been sent
    bool held = false;        // else a request for one, or a create
    bool unwanted = false;    // to be dropped, or to be retired
    bool retiring = false;    // its worker says so
    bool ordered = false;     // what was ordered for it is not done yet
    bool lost = false;        // silent for so long that it does not count any more
    bool probe = false;       // it looks for work that others did not find
    bool had_work = false;    // some was counted while it was there, or it was protected
    time_point held_at{};
    time_point until{};                      // its time is over then, by what was heard last
    time_point protected_until{};            // so is that of its job
    time_point protected_since{};            // it was heard first of that protection
    std::optional<time_point> silent_since;  // its worker is out of reach
};

// How a session ended.
enum class ending {
    done,   // by its worker: a job was done, or nobody says
    idle,   // by its worker, where its consumer found no job
    given,  // back, by us
};

// Which sessions there are to be, without I/O: who carries it out tells what became of each.
//
// A protected session is one unit of work and one machine until it has ended. Only others are given back, the
// youngest first; where too many are protected for long, the youngest are to end when their jobs are done. A
// session whose worker is out of reach counts until its time is over; one that comes back later is retired,
// or kept where there is work for it. Work that no worker finds opens one session at a time.
class roster {
public:
    using time_point = roster_entry::time_point;
    using duration = std::chrono::steady_clock::duration;

    // `patience` is how long a worker may be out of reach at least.
    roster(follow_limits limits, duration patience)
        : x_limits(limits),
          x_patience(patience),
          x_plan(limits),
          x_unfound(limits.interval, limits.recheck) {}

    // ---- what happens ----

    // A session is to be opened; its number, the lowest that is free, from 1 on.
    int open();
    int open_probe();

    // A former process had this one.
    void adopt(int number, roster_entry entry);

    // All that were there are adopted.
    void adopted(time_point now);

    // It has a worker, and a create may be sent; or no such create counts any more.
    void offered(int number);
    void not_offered(int number);

    void held(int number, seconds lifetime, time_point now);

    // What its worker said when it was asked at `now`.
    void heard(int number, const session_standing& told, time_point now);

    // Its worker says no more than that it holds it.
    void seen(int number);

    // Its worker says that a job runs for so long; with `retiring`, that it ends then.
    void busy(int number, seconds protected_for, time_point now);
    void retiring(int number, seconds protected_for, time_point now);

    // Its retirement was taken back.
    void kept(int number) { x_entries.at(number).retiring = false; }

    // Of its client's time so much was left, and it has a lifetime more.
    void renewed(int number, seconds left, seconds lifetime, time_point now);

    // Its worker is out of reach.
    void silent(int number, time_point now);

    // Nobody could be heard until now: the silence begins anew.
    void forgive(int number, time_point now);

    // It is to be given back, whatever the work.
    void part(int number) { x_entries.at(number).unwanted = true; }

    // What was ordered for it is done, or failed.
    void answered(int number) { x_entries.at(number).ordered = false; }

    // It is over, and is gone in a moment.
    void ended(int number, ending how, time_point now);

    // It is over, or its request is dropped.
    void gone(int number) {
        x_entries.erase(number);
        x_lowest_free = std::min(x_lowest_free, number);
    }

    // ---- what is to be done ----

    enum class deed {
        drop,         // the request
        retire_idle,  // the session, unless a job runs
        retire_done,  // the session, as soon as its job is done
        keep,         // the session: its retirement is taken back
    };
    struct order {
        int number;
        deed what;
    };
    struct orders {
        int open = 0;
        bool probe = false;  // and one more, as a probe
        std::vector<order> given;
        std::vector<int> changed;              // what is to be remembered of them is another thing now
        std::optional<time_point> look_again;  // a probe is to be opened then
    };

    // For the work that there is.
    [[nodiscard]] orders decide(std::int64_t depth, time_point now);

    // While nobody knows how much work there is: everything stays as it is.
    [[nodiscard]] orders decide_blindly(time_point now);

    // How many sessions the work is worth within the limits; nothing before it is known.
    [[nodiscard]] std::optional<double> wanted() const;

    // How many sessions' worth of work no worker finds.
    [[nodiscard]] std::int64_t unfound_sessions() const noexcept { return x_unfound.sessions(); }

    // Whether the last one that looked for work found none.
    [[nodiscard]] bool finds_nothing() const noexcept { return x_unfound.is_backing_off(); }

    [[nodiscard]] const std::map<int, roster_entry>& entries() const noexcept { return x_entries; }
    [[nodiscard]] const roster_entry& at(int number) const { return x_entries.at(number); }

private:
    void protect(roster_entry& one, seconds protected_for, time_point now);
    void found_work();
    void settle_the_probes(time_point now);
    void count(std::int64_t depth);
    [[nodiscard]] std::int64_t worth_opening(time_point now) const;
    void open_what_is_missing(int change, std::int64_t worth, orders& out, time_point now) const;
    void give_up_the_silent(orders& out, time_point now);
    void give_back(int surplus, orders& out, time_point now);
    void retire_the_busy(int surplus, orders& out, time_point now);
    void retire_the_unwanted(orders& out);
    void keep_the_oldest(int count, orders& out);
    void give(int number, deed what, orders& out);
    [[nodiscard]] std::vector<int> youngest_first() const;
    [[nodiscard]] int counting() const;
    [[nodiscard]] int probes() const;

    follow_limits x_limits;
    duration x_patience;
    follow_plan x_plan;
    unfound x_unfound;
    std::map<int, roster_entry> x_entries;
    int x_lowest_free = 1;  // no number below it is free
    std::uint64_t x_last_order = 0;
    std::int64_t x_sessions = 0;  // that the work is worth
    bool x_knows_depth = false;
    std::optional<time_point> x_held_up_since;  // too many are there, and a job is protected in each of them
};

}  // namespace nullworker::client
