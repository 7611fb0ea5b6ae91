#include <watch/paid.hpp>
#include <watch/timeline.hpp>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <tuple>

namespace nullworker::client::watch {
namespace {

constexpr double hour = 3600;

seconds between(instant from, instant to) {
    return std::max<seconds>(seconds(0), to.monotonic - from.monotonic);
}

instant earlier(instant a, instant b) {
    return b.monotonic < a.monotonic ? b : a;
}

instant later(instant a, instant b) {
    return a.monotonic < b.monotonic ? b : a;
}

bool is_same(const std::optional<instant>& a, const std::optional<instant>& b) {
    return a.has_value() == b.has_value() && (!a || a->monotonic == b->monotonic);
}

bool is_same(const session_row& a, const session_row& b) {
    const auto facts = [](const session_row& of) {
        return std::tie(of.session_id, of.request_idx, of.worker, of.cost, of.outcome);
    };
    return facts(a) == facts(b) && is_same(a.asked_at, b.asked_at) && is_same(a.held_at, b.held_at) &&
           is_same(a.retiring_at, b.retiring_at) && is_same(a.planned_end, b.planned_end) &&
           is_same(a.ended_at, b.ended_at);
}

// Continues a character of UTF-8 that began before.
bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

// The first in a list that is kept in order of change of those that changed after `revision`.
template <class List>
auto first_after(const List& list, std::uint64_t revision) {
    auto it = list.end();
    while (it != list.begin() && std::prev(it)->revision > revision)
        --it;
    return it;
}

void note_longest(std::optional<overview::longest>& so_far, std::int64_t worker, seconds lasted) {
    if (!so_far || lasted > so_far->lasted)
        so_far = {worker, lasted};
}

// `unpriced` takes what is paid at a price that is not known.
void add_up(sums& to, lane_state state, seconds lasted, const std::optional<double>& price,
            seconds& unpriced) {
    if (state == lane_state::unknown)
        to.unknown += lasted;
    if (state == lane_state::ready)
        to.idle += lasted;
    if (is_used(state))
        to.used += lasted;
    if (!is_paid(state))
        return;
    to.paid += lasted;
    if (price)
        to.dollars = to.dollars.value_or(0) + *price * lasted.count() / hour;
    else
        unpriced += lasted;
}

}  // namespace

std::optional<seconds> session_row::wait(instant now) const {
    if (!asked_at)
        return std::nullopt;
    return between(*asked_at, held_at ? *held_at : ended_at.value_or(now));
}

std::optional<seconds> session_row::hold(instant now) const {
    if (!held_at)
        return std::nullopt;
    return between(*held_at, ended_at.value_or(now));
}

timeline::timeline(timeline_settings settings)
    : x_settings(std::move(settings)), x_any_price(x_settings.price.has_value()) {}

void timeline::heard(instant at) {
    advance(at);
    if (!x_failing)
        x_gap_from.reset();  // of the poll before, which closed it
    if (std::exchange(x_failing, false) || x_silent || !x_trouble.empty())
        ++x_revision;
    x_trouble.clear();
    x_silent = false;
    x_heard_at = at;
    x_latest = later(x_latest, at);
}

void timeline::failed(const std::string& why, instant at) {
    advance(at);
    if (!std::exchange(x_failing, true))
        x_gap_from = x_heard_at;
    auto trouble = bounded(why);
    if (trouble == x_trouble)
        return;
    x_trouble = std::move(trouble);
    ++x_revision;
}

void timeline::worker(std::int64_t id, lane_state state, const std::string& why, instant at) {
    x_latest = later(x_latest, at);
    lane* const found = lane_of(id);
    if (!found)
        return;
    lane& of = *found;
    of.listed = true;
    const auto* now = of.lasting();
    if (now && now->state == state) {
        auto reason = bounded(why);
        if (reason.empty() || reason == now->why)
            return;
        of.spans.back().why = std::move(reason);
        of.spans.back().revision = of.revision = ++x_revision;
        return;
    }
    note_gap(of);
    close(of, at);
    open(of, state, why, of.spans.empty() ? at : later(at, *of.spans.back().to));
    keep_within_bounds();
}

void timeline::gone(std::int64_t id, instant at) {
    const auto known = x_lane_of_worker.find(id);
    if (known == x_lane_of_worker.end() || !x_lanes.at(known->second).listed)
        return;
    lane& of = x_lanes.at(known->second);
    note_gap(of);
    close(of, at);
    of.listed = false;
    ++x_revision;
}

void timeline::session(const session_row& news) {
    auto row = news;
    row.key = bounded(std::move(row.key));
    row.session_id = bounded(std::move(row.session_id));
    row.outcome = bounded(std::move(row.outcome));
    auto known = x_session_of_key.find(row.key);
    if (known == x_session_of_key.end()) {
        if (x_lasting.size() >= x_settings.history.sessions)
            return;
        x_lasting.push_back({.row = {.key = row.key}});
        known = x_session_of_key.emplace(row.key, std::prev(x_lasting.end())).first;
    } else if (is_same(known->second->row, row)) {
        return;
    }
    const auto kept = known->second;
    auto& from = kept->row.outcome.empty() ? x_lasting : x_ended;
    kept->row = std::move(row);
    place(*kept);
    kept->revision = ++x_revision;
    auto& to = kept->row.outcome.empty() ? x_lasting : x_ended;
    to.splice(to.end(), from, kept);
    keep_within_bounds();
}

void timeline::add(const sample& news) {
    x_samples.push_back(news);
    x_samples.back().revision = ++x_revision;
    x_latest = later(x_latest, news.at);
    keep_within_bounds();
}

void timeline::parameters(std::vector<std::pair<std::string, std::string>> names_and_values) {
    constexpr std::size_t most = 64;
    names_and_values.resize(std::min(names_and_values.size(), most));
    for (auto& [name, value] : names_and_values) {
        name = bounded(std::move(name));
        value = bounded(std::move(value));
    }
    if (names_and_values == x_parameters)
        return;
    x_parameters = std::move(names_and_values);
    ++x_revision;
}

void timeline::max_workers(std::optional<std::int64_t> most) {
    if (std::exchange(x_max_workers, most) != most)
        ++x_revision;
}

void timeline::price(std::int64_t worker, double dollars_per_hour) {
    const lane* const of = lane_of(worker);
    if (!of)
        return;
    auto& about = x_accounts.at(of->number);
    if (about.price == dollars_per_hour)
        return;
    settle(*of, counted_until(x_latest));
    about.price = dollars_per_hour;
    x_any_price = true;
    const seconds before = std::exchange(about.unpriced, seconds(0));
    x_settled.dollars = x_settled.dollars.value_or(0) + dollars_per_hour * before.count() / hour;
    ++x_revision;
}

void timeline::advance(instant now) {
    const auto limit = now.after(-to_ticks(x_settings.history.age));
    const auto is_old = [limit](instant at) { return at.monotonic < limit.monotonic; };
    while (!x_ended.empty() && (!x_ended.front().row.ended_at || is_old(*x_ended.front().row.ended_at)))
        drop_oldest_ended();
    // The newest one before says what was so when the history begins.
    while (x_samples.size() > 1 && is_old(x_samples[1].at))
        drop_oldest_sample();
    forget_spans_until(limit);
    if (is_polled() && !x_silent && x_heard_at && between(*x_heard_at, now) > patience())
        go_unknown();
}

changes timeline::since(std::uint64_t revision) const {
    changes out{.reset = revision < x_forgotten || revision > x_revision || revision == 0};
    const auto after = out.reset ? 0 : revision;
    for (const auto& [number, of] : x_lanes) {
        if (of.revision <= after)
            continue;
        const auto first = first_after(of.spans, after);
        out.lanes.push_back({&of, static_cast<std::size_t>(first - of.spans.begin())});
    }
    for (const auto* list : {&x_ended, &x_lasting})
        for (auto it = first_after(*list, after); it != list->end(); ++it)
            out.sessions.push_back(&*it);
    std::sort(out.sessions.begin(), out.sessions.end(),
              [](const auto* a, const auto* b) { return a->revision < b->revision; });
    out.first_sample = static_cast<std::size_t>(first_after(x_samples, after) - x_samples.begin());
    return out;
}

overview timeline::look(instant now) const {
    overview out;
    for (std::size_t i = 0; i < lane_states; ++i)
        if (x_counts[i] != 0)
            out.workers[static_cast<lane_state>(i)] = x_counts[i];
    for (const auto& [state, count] : out.workers) {
        out.running += is_running(state) ? count : 0;
        out.taken += is_used(state) ? count : 0;
    }
    out.idle = x_counts[static_cast<std::size_t>(lane_state::ready)];
    out.loading = x_counts[static_cast<std::size_t>(lane_state::loading)];
    out.queue = x_samples.empty() ? 0 : x_samples.back().queue;
    out.max_workers = x_max_workers;
    out.peak_workers = x_peak;
    out.heard_at = is_polled() ? x_heard_at : now;
    out.poll_interval = x_settings.poll_interval;
    out.trouble = x_trouble;
    out.stale = is_polled() && (x_heard_at ? between(*x_heard_at, now) > patience() : !x_trouble.empty());
    out.total = x_settled;
    if (x_any_price) {
        out.total.dollars = out.total.dollars.value_or(0);
        out.total.dollars_per_hour = 0;
    }
    std::int64_t machines = 0;
    const auto until = counted_until(now);
    for (const auto& [number, about] : x_accounts) {
        const lane& of = x_lanes.at(number);
        const auto* what = of.lasting();
        if (!what)
            continue;
        machines += of.listed && what->state != lane_state::stopped ? 1 : 0;
        seconds unpriced{};
        const auto price = price_of(about);
        add_up(out.total, what->state, between(about.counted_to, until), price, unpriced);
        if (price && is_paid(what->state))
            *out.total.dollars_per_hour += *price;
        if (!of.listed)
            continue;
        if (what->state == lane_state::loading)
            note_longest(out.longest_loading, *of.worker, between(what->from, now));
        if (what->state == lane_state::ready)
            note_longest(out.longest_idle, *of.worker, between(what->from, now));
        if (what->state == lane_state::error)
            out.errors.push_back({*of.worker, what->why});
    }
    out.max_reached = x_max_workers && machines >= *x_max_workers;
    return out;
}

const kept_session* timeline::find_session(const std::string& key) const {
    const auto known = x_session_of_key.find(key);
    return known == x_session_of_key.end() ? nullptr : &*known->second;
}

std::vector<std::int64_t> timeline::listed() const {
    std::vector<std::int64_t> out;
    for (const auto& [worker, number] : x_lane_of_worker)
        if (x_lanes.at(number).listed)
            out.push_back(worker);
    return out;
}

// Up to when the states that last are counted: a poll knows nothing of the time after it.
instant timeline::counted_until(instant now) const {
    return is_polled() && x_heard_at && !x_silent ? earlier(*x_heard_at, now) : now;
}

std::optional<double> timeline::price_of(const account& of) const {
    return of.price ? of.price : x_settings.price;
}

// The worker's lane, a new one if need be; nullptr where there is no room for it.
lane* timeline::lane_of(std::int64_t worker) {
    const auto known = x_lane_of_worker.find(worker);
    if (known != x_lane_of_worker.end())
        return &x_lanes.at(known->second);
    lane* const made = new_lane(worker);
    if (made) {
        x_lane_of_worker[worker] = made->number;
        x_accounts[made->number] = {};
    }
    return made;
}

lane* timeline::new_lane(std::optional<std::int64_t> worker) {
    if (x_lanes.size() >= x_settings.history.lanes)
        make_room_for_lanes();
    if (x_lanes.size() >= x_settings.history.lanes)
        return nullptr;
    const auto number = ++x_last_lane;
    lane& made = x_lanes[number];
    made.number = number;
    made.worker = worker;
    made.revision = ++x_revision;
    return &made;
}

void timeline::open(lane& of, lane_state state, const std::string& why, instant from) {
    of.revision = ++x_revision;
    of.spans.push_back({.state = state, .from = from, .why = bounded(why), .revision = of.revision});
    ++x_spans;
    if (!of.worker)
        return;
    x_accounts.at(of.number).counted_to = from;
    count(of, +1);
}

void timeline::close(lane& of, instant at) {
    if (!of.lasting())
        return;
    settle(of, at);
    count(of, -1);
    auto& last = of.spans.back();
    last.to = later(last.from, at);
    last.revision = of.revision = ++x_revision;
}

// Adds the lane's lasting state to the counts, or takes it off.
void timeline::count(const lane& of, int change) {
    const auto* what = of.lasting();
    if (!what || !of.listed)
        return;
    x_counts[static_cast<std::size_t>(what->state)] += change;
    int running = 0;
    for (std::size_t i = 0; i < lane_states; ++i)
        running += is_running(static_cast<lane_state>(i)) ? x_counts[i] : 0;
    x_peak = std::max(x_peak, running);
}

// Counts the lane's lasting state up to `until`.
void timeline::settle(const lane& of, instant until) {
    const auto* what = of.lasting();
    if (!of.worker || !what)
        return;
    auto& about = x_accounts.at(of.number);
    add_up(x_settled, what->state, between(about.counted_to, until), price_of(about), about.unpriced);
    about.counted_to = later(about.counted_to, until);
}

// What is told comes after polls that failed, and differs from what was: nobody knows since when.
void timeline::note_gap(lane& of) {
    const auto* now = of.lasting();
    if (!x_gap_from || !now || now->state == lane_state::unknown)
        return;
    const auto from = later(now->from, *x_gap_from);
    close(of, from);
    open(of, lane_state::unknown, "", from);
}

// Finds the lane in which the session's bar belongs.
void timeline::place(kept_session& kept) {
    const auto& row = kept.row;
    if (row.worker) {
        const lane* const of = lane_of(*row.worker);
        move(kept, of ? std::optional(of->number) : std::nullopt);
    } else if (!row.held_at) {
        move(kept, std::nullopt);
    } else {
        if (!kept.lane) {
            const lane* const of = new_lane(std::nullopt);
            move(kept, of ? std::optional(of->number) : std::nullopt);
        }
        draw_alone(kept);
    }
}

// The session's bar is in that lane now. One of its own, if it had one, is no longer needed.
void timeline::move(kept_session& kept, std::optional<std::int64_t> to) {
    if (kept.lane == to)
        return;
    if (const auto before = kept.lane ? x_lanes.find(*kept.lane) : x_lanes.end(); before != x_lanes.end()) {
        --before->second.bars;
        if (!before->second.worker) {
            drop(before);
            forget(++x_revision);  // nobody would know
        }
    }
    kept.lane = to;
    if (to)
        ++x_lanes.at(*to).bars;
}

// The spans of a session in its own lane.
void timeline::draw_alone(kept_session& kept) {
    const auto found = kept.lane ? x_lanes.find(*kept.lane) : x_lanes.end();
    if (found == x_lanes.end() || found->second.worker)
        return;
    lane& of = found->second;
    const auto& row = kept.row;
    if (of.spans.empty())
        open(of, lane_state::reserved, "", *row.held_at);
    if (row.retiring_at && of.lasting() && of.lasting()->state == lane_state::reserved) {
        close(of, *row.retiring_at);
        open(of, lane_state::retiring, "", of.spans.back().to.value_or(*row.retiring_at));
    }
    if (row.ended_at)
        close(of, *row.ended_at);
}

// The source is silent: since it was heard last nobody knows.
void timeline::go_unknown() {
    for (const auto& [worker, number] : x_lane_of_worker) {
        lane& of = x_lanes.at(number);
        if (!of.lasting() || of.lasting()->state == lane_state::unknown)
            continue;
        const auto from = later(of.lasting()->from, *x_heard_at);
        close(of, from);
        open(of, lane_state::unknown, "", from);
    }
    x_silent = true;
    ++x_revision;
}

// Whoever knows no more than what was there at `revision` has to begin anew.
void timeline::forget(std::uint64_t revision) {
    x_forgotten = std::max(x_forgotten, revision);
}

void timeline::drop_front(lane& of) {
    forget(of.spans.front().revision);
    of.spans.pop_front();
    ++of.first_index;
    --x_spans;
}

// Forgets the spans that ended before `limit`.
void timeline::forget_spans_until(instant limit) {
    for (auto& [number, of] : x_lanes)
        while (!of.spans.empty() && of.spans.front().to && of.spans.front().to->monotonic < limit.monotonic)
            drop_front(of);
    drop_idle_lanes();
}

// Forgets lanes in which nothing is drawn any more.
void timeline::drop_idle_lanes() {
    for (auto it = x_lanes.begin(); it != x_lanes.end();) {
        const lane& of = it->second;
        const bool in_use = of.listed || of.bars != 0 || !of.spans.empty();
        it = in_use ? std::next(it) : drop(it);
    }
}

// Forgets the oldest lanes of workers that are gone and of sessions that have ended, a tenth of all at once,
// so that this is seldom.
void timeline::make_room_for_lanes() {
    const auto enough = x_settings.history.lanes - x_settings.history.lanes / 10 - 1;
    for (auto it = x_lanes.begin(); it != x_lanes.end() && x_lanes.size() > enough;)
        it = it->second.listed || it->second.lasting() ? std::next(it) : drop(it);
}

timeline::lanes_by_number::iterator timeline::drop(lanes_by_number::iterator which) {
    const lane& of = which->second;
    forget(of.revision);
    x_spans -= of.spans.size();
    if (of.worker)
        x_lane_of_worker.erase(*of.worker);
    x_accounts.erase(of.number);
    return x_lanes.erase(which);
}

void timeline::drop_oldest_ended() {
    const auto& oldest = x_ended.front();
    forget(oldest.revision);
    if (const auto of = oldest.lane ? x_lanes.find(*oldest.lane) : x_lanes.end(); of != x_lanes.end())
        --of->second.bars;
    x_session_of_key.erase(oldest.row.key);
    x_ended.pop_front();
}

void timeline::drop_oldest_sample() {
    forget(x_samples.front().revision);
    x_samples.pop_front();
}

void timeline::keep_within_bounds() {
    const auto& most = x_settings.history;
    while (x_samples.size() > most.samples)
        drop_oldest_sample();
    while (!x_ended.empty() && x_lasting.size() + x_ended.size() > most.sessions)
        drop_oldest_ended();
    if (x_spans > most.spans)
        drop_oldest_spans();
}

// A tenth at once, so that this is seldom.
void timeline::drop_oldest_spans() {
    std::vector<std::chrono::steady_clock::time_point> ends;
    for (const auto& [number, of] : x_lanes)
        for (const auto& each : of.spans)
            if (each.to)
                ends.push_back(each.to->monotonic);
    if (ends.empty())
        return;
    const auto tenth = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 10);
    std::nth_element(ends.begin(), tenth, ends.end());
    forget_spans_until({.monotonic = *tenth + std::chrono::nanoseconds(1), .wall = {}});
}

// Cut where it is too long, at the end of a character.
std::string timeline::bounded(std::string text) const {
    if (text.size() <= x_settings.history.text)
        return text;
    std::size_t end = x_settings.history.text;
    while (end > 0 && is_continuation(text[end]))
        --end;
    text.resize(end);
    return text + "…";
}

}  // namespace nullworker::client::watch
