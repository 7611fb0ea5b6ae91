#pragma once

#include <nullworker/base/clock.hpp>
#include <watch/lane_state.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nullworker::client::watch {

// One stretch of a worker's life.
struct span {
    lane_state state = lane_state::unknown;
    instant from{};
    std::optional<instant> to = {};  // nothing while it lasts
    std::string why = {};
    std::uint64_t revision = 0;  // when it changed last
};

// One row of the drawing: a worker, or a session whose worker is not known.
struct lane {
    std::int64_t number = 0;                  // from 1, never used again
    std::optional<std::int64_t> worker = {};  // nothing: the lane of a session
    std::deque<span> spans = {};              // in order, oldest first
    std::size_t first_index = 0;              // of the oldest that is still there
    std::uint64_t revision = 0;               // of the span that changed last
    bool listed = false;                      // its source names the worker, cold ones included
    std::size_t bars = 0;                     // sessions that are drawn in it

    // The state that lasts; nothing where the last one has ended.
    [[nodiscard]] const span* lasting() const {
        return spans.empty() || spans.back().to ? nullptr : &spans.back();
    }
};

// One reservation, from the asking to the end. What is not known stays nothing.
struct session_row {
    std::string key;  // what the source calls it: unique, and always the same
    std::string session_id = {};
    std::optional<std::int64_t> request_idx = {};
    std::optional<std::int64_t> worker = {};
    std::optional<double> cost = {};
    std::optional<instant> asked_at = {};
    std::optional<instant> held_at = {};
    std::optional<instant> retiring_at = {};
    std::optional<instant> planned_end = {};
    std::optional<instant> ended_at = {};
    // While it lasts empty; then, together with ended_at, one word: released, ended, expired, idle, retired,
    // lost, failed, dropped or rejected.
    std::string outcome = {};

    // How long it was waited for, and held, up to now where that lasts.
    [[nodiscard]] std::optional<seconds> wait(instant now) const;
    [[nodiscard]] std::optional<seconds> hold(instant now) const;
};

struct kept_session {
    session_row row;
    std::optional<std::int64_t> lane = {};  // where its bar is drawn; nothing: nowhere yet
    std::uint64_t revision = 0;
};

// The endpoint at one time.
struct sample {
    instant at{};
    double load = 0;
    double capacity = 0;
    std::int64_t queue = 0;      // requests that no worker has taken
    std::uint64_t revision = 0;  // set by the timeline
};

// What the machines' time came to since the timeline began; what has left the history is in it. paid.hpp says
// what counts.
struct sums {
    seconds paid{};
    seconds used{};
    seconds idle{};
    seconds unknown{};
    std::optional<double> dollars = {};           // nothing where no price is known
    std::optional<double> dollars_per_hour = {};  // now
};

// What a stranger reads in ten seconds.
struct overview {
    struct longest {
        std::int64_t worker = 0;
        seconds lasted{};
    };
    struct fault {
        std::int64_t worker = 0;
        std::string reason;
    };

    std::map<lane_state, int> workers;  // of those that are listed; states that none is in are left out
    int running = 0;                    // machines: loading, idle, taken and those in error
    int taken = 0;                      // reserved, retiring, draining, or taken by others
    int idle = 0;
    int loading = 0;
    std::int64_t queue = 0;
    std::optional<longest> longest_loading = {};
    std::optional<longest> longest_idle = {};
    std::vector<fault> errors;
    std::optional<std::int64_t> max_workers = {};
    bool max_reached = false;
    int peak_workers = 0;  // most that ran at once
    std::optional<instant> heard_at = {};
    seconds poll_interval{};
    bool stale = false;   // nothing was heard for more than three polls
    std::string trouble;  // why the last poll failed; empty: it did not
    sums total;
};

// How much is kept. What is over that is forgotten, the oldest first, and goes on counting in the sums.
struct history_bounds {
    seconds age{3600.0};
    std::size_t lanes = 2000;
    std::size_t spans = 30000;
    std::size_t sessions = 12000;  // while so many last, further ones are not kept
    std::size_t samples = 8000;
    std::size_t text = 300;  // bytes of any text
};

struct timeline_settings {
    std::string run = {};    // tells this history from that of another run
    std::string title = {};  // what is watched, for people
    std::string source = "fleet";
    seconds poll_interval{};           // 0: the source tells everything as it happens
    std::optional<double> price = {};  // dollars an hour and worker, where nothing else is known of one
    history_bounds history = {};
};

// What changed since some revision: upserts, the spans by lane and index, the sessions by their key, samples
// to be appended. Good until the timeline is told something.
struct changes {
    struct lane_news {
        const lane* of = nullptr;
        std::size_t first = 0;  // place in `spans` of the first that changed; those behind it did too
    };

    bool reset = false;  // forget all before: everything is in here
    std::vector<lane_news> lanes;
    std::vector<const kept_session*> sessions;  // the one that changed last comes last
    std::size_t first_sample = 0;               // place in samples() of the first one
};

// What became of an endpoint's workers and sessions: the model of whatever shows it. No I/O, no clock; times
// are arguments and do not go back. Two sources fill it, the local fleet by its events and a real endpoint by
// polls, and what a poll cannot know is a span of `unknown`.
//
// With polls a state is taken to last until the next one, but for no longer than three polls: then it is
// unknown from when it was heard last. A worker whose state differs after polls that failed is unknown for
// the time between. Sums of polls count up to the last one, so that nothing is ever taken back.
class timeline {
public:
    explicit timeline(timeline_settings settings);

    // Told by the source. With polls heard() or failed() comes first, then what was heard.
    void heard(instant at);
    void failed(const std::string& why, instant at);
    // The worker is in that state; it may have been before.
    void worker(std::int64_t id, lane_state state, const std::string& why, instant at);
    // The source no longer names the worker.
    void gone(std::int64_t id, instant at);
    // Replaces all that was said of the session with that key.
    void session(const session_row& news);
    void add(const sample& news);
    void parameters(std::vector<std::pair<std::string, std::string>> names_and_values);
    void max_workers(std::optional<std::int64_t> most);
    // What a worker costs, also for its time up to now if that was not known.
    void price(std::int64_t worker, double dollars_per_hour);

    // Time passes: what is older than the history is forgotten, and silence makes states unknown. To be
    // called before anybody looks.
    void advance(instant now);

    // Grows with each change.
    [[nodiscard]] std::uint64_t revision() const noexcept { return x_revision; }
    [[nodiscard]] changes since(std::uint64_t revision) const;
    [[nodiscard]] overview look(instant now) const;

    [[nodiscard]] const timeline_settings& settings() const noexcept { return x_settings; }
    [[nodiscard]] const std::map<std::int64_t, lane>& lanes() const noexcept { return x_lanes; }  // by number
    [[nodiscard]] const std::list<kept_session>& lasting_sessions() const noexcept { return x_lasting; }
    [[nodiscard]] const std::list<kept_session>& ended_sessions() const noexcept { return x_ended; }
    [[nodiscard]] const kept_session* find_session(const std::string& key) const;
    [[nodiscard]] const std::deque<sample>& samples() const noexcept { return x_samples; }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& parameters() const noexcept {
        return x_parameters;
    }
    // The workers that the source names, cold ones included.
    [[nodiscard]] std::vector<std::int64_t> listed() const;

private:
    // What is counted of a lane; see `settle`.
    struct account {
        instant counted_to{};
        std::optional<double> price = {};
        seconds unpriced{};  // paid while its price was not known
    };

    using lanes_by_number = std::map<std::int64_t, lane>;
    using sessions = std::list<kept_session>;

    [[nodiscard]] bool is_polled() const { return x_settings.poll_interval > seconds(0); }
    [[nodiscard]] seconds patience() const { return 3 * x_settings.poll_interval; }
    [[nodiscard]] instant counted_until(instant now) const;
    [[nodiscard]] std::optional<double> price_of(const account& of) const;
    lane* lane_of(std::int64_t worker);
    lane* new_lane(std::optional<std::int64_t> worker);
    void open(lane& of, lane_state state, const std::string& why, instant from);
    void close(lane& of, instant at);
    void count(const lane& of, int change);
    void settle(const lane& of, instant until);
    void note_gap(lane& of);
    void go_unknown();
    void place(kept_session& kept);
    void move(kept_session& kept, std::optional<std::int64_t> to);
    void draw_alone(kept_session& kept);
    void forget(std::uint64_t revision);
    void keep_within_bounds();
    void make_room_for_lanes();
    void forget_spans_until(instant limit);
    void drop_oldest_spans();
    void drop_oldest_ended();
    void drop_oldest_sample();
    void drop_front(lane& of);
    void drop_idle_lanes();
    lanes_by_number::iterator drop(lanes_by_number::iterator which);
    [[nodiscard]] std::string bounded(std::string text) const;

    timeline_settings x_settings;
    std::uint64_t x_revision = 1;   // 0 is before all
    std::uint64_t x_forgotten = 0;  // the latest revision of what is no longer there
    lanes_by_number x_lanes;
    std::map<std::int64_t, account> x_accounts;  // by lane; of those of workers
    std::map<std::int64_t, std::int64_t> x_lane_of_worker;
    std::int64_t x_last_lane = 0;
    std::size_t x_spans = 0;
    sessions x_lasting;  // in both the one that changed last comes last
    sessions x_ended;
    std::unordered_map<std::string, sessions::iterator> x_session_of_key;
    std::deque<sample> x_samples;
    std::vector<std::pair<std::string, std::string>> x_parameters;
    std::optional<std::int64_t> x_max_workers;
    std::array<int, lane_states> x_counts{};  // of listed workers
    int x_peak = 0;
    sums x_settled;  // without what lasts
    bool x_any_price = false;
    instant x_latest{};
    std::optional<instant> x_heard_at;
    std::optional<instant> x_gap_from;  // heard last before polls failed, until the poll after
    bool x_failing = false;
    bool x_silent = false;
    std::string x_trouble;
};

}  // namespace nullworker::client::watch
