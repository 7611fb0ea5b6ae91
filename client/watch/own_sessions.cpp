#include <watch/own_sessions.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;
using steady_time = std::chrono::steady_clock::time_point;
using steady_span = std::chrono::steady_clock::duration;

constexpr std::size_t most_known = 5000;

// How often a worker is asked; one that is out of reach is asked less and less often.
constexpr steady_span ask_every = 5s;
constexpr steady_span longest_ask_pause = 60s;

// A planned end that moves by less is told no differently: it is counted anew from each figure.
constexpr steady_span worth_telling = 1s;

// An ended session is remembered, since its worker's load may still be told.
constexpr steady_span remembered = 60s;

bool is_held(const session_row& row) {
    return row.held_at.has_value();
}

bool has_ended(const session_row& row) {
    return row.ended_at.has_value();
}

// How a session ended of which no more is known.
const char* presumed_outcome(const session_row& row, instant at) {
    if (!is_held(row))
        return "dropped";
    if (row.retiring_at)
        return "retired";
    return row.planned_end && row.planned_end->monotonic <= at.monotonic ? "expired" : "ended";
}

const char* outcome_of(const session_answer& told, const session_row& row, instant at) {
    if (!told.outcome)
        return presumed_outcome(row, at);
    return *told.outcome == wire::session_outcome::idle ? "idle" : "released";
}

}  // namespace

void own_sessions::read(const std::map<int, noted_session>& in_file, instant now) {
    for (auto it = x_keys.begin(); it != x_keys.end();) {
        const auto noted = in_file.find(it->first);
        auto& known = x_all.at(it->second);
        if (noted != in_file.end() && !is_another(known, noted->second)) {
            take(known, noted->second, now);
            ++it;
        } else {
            leave(known, now);
            it = x_keys.erase(it);
        }
    }
    for (const auto& [number, noted] : in_file)
        if (!x_keys.contains(number))
            if (auto* const made = add(number, noted, now))
                take(*made, noted, now);
    x_was_read = true;
    forget_ended(now);
}

// Whether the number has been given to another session meanwhile.
bool own_sessions::is_another(const session& known, const noted_session& noted) {
    const auto& row = known.row;
    const bool other_session = !row.session_id.empty() && row.session_id != noted.session_id;
    const bool other_request =
        row.request_idx && noted.request_idx != 0 && *row.request_idx != noted.request_idx;
    return known.order != noted.order || other_session || other_request;
}

own_sessions::session* own_sessions::add(int number, const noted_session& noted, instant now) {
    if (x_all.size() >= most_known)
        return nullptr;
    auto key = std::to_string(++x_last_key);
    session& made = x_all[key];
    made.row.key = key;
    made.number = number;
    made.order = noted.order;
    // Of what was there before, and of what is held at once, nobody knows when it was asked for.
    if (x_was_read && noted.session_id.empty())
        made.row.asked_at = now;
    x_keys[number] = std::move(key);
    return &made;
}

void own_sessions::take(session& of, const noted_session& noted, instant now) {
    auto& row = of.row;
    x_news.insert(row.key);
    if (noted.request_idx != 0)
        row.request_idx = noted.request_idx;
    if (noted.cost)
        row.cost = noted.cost;
    if (noted.session_id.empty() || of.over)
        return;
    if (!is_held(row)) {
        row.session_id = noted.session_id;
        row.held_at = now;
        of.ask_at = now.monotonic;
    }
    of.file_retiring = noted.retiring;
    note_retiring(of, now);
    plan_end(of, now.after(noted.until - now.monotonic));
    if (noted.lost && !has_ended(row))
        finish(of, "lost", now);
    if (!noted.lost && has_ended(row)) {  // its worker is back
        row.ended_at.reset();
        row.outcome.clear();
    }
}

// It is in the file no more. Its worker knows how a session ended that was held.
void own_sessions::leave(session& of, instant now) {
    if (has_ended(of.row) || !is_held(of.row)) {
        if (!has_ended(of.row))
            finish(of, presumed_outcome(of.row, now), now);
        of.ask_at.reset();
    } else {
        of.ask_at = now.monotonic;
    }
    of.left_at = now;
}

void own_sessions::note_retiring(session& of, instant now) {
    if (!of.file_retiring && !of.told_retiring)
        of.row.retiring_at.reset();
    else if (!of.row.retiring_at)
        of.row.retiring_at = now;
}

void own_sessions::plan_end(session& of, instant at) {
    auto& planned = of.row.planned_end;
    if (!planned || std::chrono::abs(planned->monotonic - at.monotonic) > worth_telling)
        planned = at;
}

void own_sessions::finish(session& of, const char* outcome, instant at) {
    of.row.ended_at = at;
    of.row.outcome = outcome;
    x_news.insert(of.row.key);
}

std::optional<own_sessions::inquiry> own_sessions::next() const {
    std::optional<inquiry> out;
    for (const auto& [key, one] : x_all)
        if (one.ask_at && (!out || *one.ask_at < out->at))
            out = {key, *one.ask_at};
    return out;
}

void own_sessions::answered(const std::string& key, const session_answer& told, instant now) {
    const auto found = x_all.find(key);
    if (found == x_all.end())
        return;
    session& of = found->second;
    of.unheard = 0;
    x_news.insert(key);
    if (told.worker)
        of.row.worker = told.worker;
    if (told.over) {
        of.over = true;
        of.ask_at.reset();
        finish(of, outcome_of(told, of.row, now), of.left_at.value_or(now));
        return;
    }
    of.ask_at = now.monotonic + ask_every;
    of.told_retiring = told.retiring;
    note_retiring(of, now);
    if (told.left)
        plan_end(of, now.after(to_ticks(*told.left)));
}

void own_sessions::unanswered(const std::string& key, time_point now) {
    const auto found = x_all.find(key);
    if (found == x_all.end())
        return;
    session& of = found->second;
    if (of.left_at) {
        of.ask_at.reset();
        if (!has_ended(of.row))
            finish(of, presumed_outcome(of.row, *of.left_at), *of.left_at);
        return;
    }
    constexpr unsigned enough = 5;  // doublings
    of.ask_at = now + std::min(ask_every * (1U << std::min(of.unheard++, enough)), longest_ask_pause);
}

std::optional<std::string> own_sessions::key_of(int number) const {
    const auto found = x_keys.find(number);
    return found == x_keys.end() ? std::nullopt : std::optional(found->second);
}

std::vector<session_row> own_sessions::take_news() {
    std::vector<session_row> out;
    for (const auto& key : std::exchange(x_news, {}))
        if (const auto found = x_all.find(key); found != x_all.end())
            out.push_back(found->second.row);
    return out;
}

std::map<std::int64_t, own_sessions::presence> own_sessions::by_worker(time_point since) const {
    std::map<std::int64_t, presence> out;
    for (const auto& entry : x_all)
        add_presence(out, entry.second.row, since);
    return out;
}

std::int64_t own_sessions::waiting() const {
    return std::ranges::count_if(x_all, [](const auto& entry) { return is_waiting(entry.second.row); });
}

bool own_sessions::has_unplaced() const {
    return std::ranges::any_of(x_all, [](const auto& entry) { return is_unplaced(entry.second.row); });
}

// Whoever has heard of the end has the row.
void own_sessions::forget_ended(instant now) {
    std::erase_if(x_all, [&](const auto& one) {
        const auto& [key, of] = one;
        const bool is_done = of.left_at && !of.ask_at && has_ended(of.row);
        return is_done && !x_news.contains(key) && of.row.ended_at->monotonic + remembered < now.monotonic;
    });
}

}  // namespace nullworker::client::watch
