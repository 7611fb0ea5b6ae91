#include <fleet/chronicle.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <variant>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;
using client::watch::lane_state;
using client::watch::sample;

constexpr auto between_questions = 1s;                        // to one worker
constexpr std::size_t questions_per_second = 50;              // to all of them together
constexpr std::chrono::milliseconds between_samples = 500ms;  // an hour of these fits into the history
constexpr std::chrono::milliseconds sampled_anyway = 5s;

// How near to its planned end a session ends by that: a report is on its way for a moment.
constexpr auto by_its_end = 100ms;

constexpr std::array lane_states = {
    lane_state::creating,  // of worker_state::creating
    lane_state::loading,   // loading
    lane_state::ready,     // idle
    lane_state::reserved,  // busy
    lane_state::error,     // error
    lane_state::draining,  // stopping
    lane_state::stopped,   // stopped
    lane_state::stopped,   // dead
};
static_assert(lane_states.size() == worker_states);

std::string written(double number) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%g", number);
    return text.data();
}

// A worker may say what it likes: what no clock can hold is cut off.
std::chrono::steady_clock::duration bounded(double span) {
    constexpr double most = 1e8;
    return to_ticks(seconds(std::isfinite(span) ? std::clamp(span, -most, most) : 0));
}

}  // namespace

void chronicle::note(const event& happened) {
    std::visit([this](const auto& what) { note(what); }, happened);
}

void chronicle::note(const worker_event& happened) {
    const auto state = lane_states[static_cast<std::size_t>(happened.to)];
    x_told.worker(happened.worker, state, happened.why, happened.at);
    if (!is_running(happened.to) && happened.to != worker_state::stopping) {
        x_to_ask.set(happened.worker, std::nullopt);
        x_asked.erase(happened.worker);
    }
    const bool is_kept = happened.to == worker_state::stopped && x_scaler.state_of(happened.worker);
    if (happened.to == worker_state::dead || (happened.to == worker_state::stopped && !is_kept))
        x_told.gone(happened.worker, happened.at);
}

void chronicle::note(const request_event& happened) {
    const auto idx = happened.request_idx;
    const auto at = happened.at;
    const bool waits = happened.what == request_change::queued || happened.what == request_change::rejected ||
                       happened.what == request_change::lost;
    if (waits)
        x_waiting.insert(idx);
    else
        x_waiting.erase(idx);
    auto& session = session_of(idx);
    switch (happened.what) {
        case request_change::queued:
            session.row.asked_at = at;
            break;
        case request_change::routed:
            session.row.worker = happened.worker;
            session.routed_at = at;
            session.was_rejected = false;
            break;
        case request_change::working:
            note_work(session, happened.worker, at);
            break;
        case request_change::rejected:
            session.was_rejected = true;
            session.row.worker.reset();
            break;
        case request_change::lost:
            if (session.row.held_at)
                return end(idx, "lost", at);
            session.row.worker.reset();  // it was on its way there, and goes on to ask
            break;
        case request_change::finished:
            return end(idx, "ended", at);
        case request_change::dropped:
            return end(idx, session.was_rejected ? "rejected" : "dropped", at);
    }
    x_told.session(session.row);
}

void chronicle::note_work(open_session& session, std::int64_t worker, instant at) {
    session.row.worker = worker;
    session.row.held_at = session.row.held_at.value_or(at);
    const auto asked = x_asked.find(worker);
    x_to_ask.set(worker, asked == x_asked.end() ? at.monotonic
                                                : std::max(at.monotonic, asked->second + between_questions));
}

chronicle::open_session& chronicle::session_of(std::int64_t request_idx) {
    const auto [place, is_new] = x_open.try_emplace(request_idx);
    if (is_new) {
        auto& row = place->second.row;
        row.key = std::to_string(request_idx) + '.' + std::to_string(++x_sessions);
        row.request_idx = request_idx;
    }
    return place->second;
}

void chronicle::end(std::int64_t request_idx, const std::string& outcome, instant at) {
    const auto place = x_open.find(request_idx);
    auto [row, routed_at, was_rejected] = std::move(place->second);
    x_open.erase(place);
    row.ended_at = at;
    row.outcome = outcome;
    if (outcome == "ended") {
        const bool by_time = row.planned_end && row.planned_end->monotonic <= at.monotonic + by_its_end;
        row.outcome = row.retiring_at ? "retired" : by_time ? "expired" : "ended";
        if (!row.held_at)
            row.held_at = routed_at;  // it was over before its worker could say that it began
    }
    if (row.worker)
        x_to_ask.set(*row.worker, std::nullopt);
    x_told.session(row);
}

void chronicle::look(instant now) {
    take_sample(now);
    x_told.parameters(listed(x_scaler.values()));
    x_told.max_workers(static_cast<std::int64_t>(x_scaler.values().max_workers));
}

void chronicle::take_sample(instant now) {
    const sample taken{.at = now,
                       .load = x_scaler.load(),
                       .capacity = x_scaler.serving_capacity(),
                       .queue = static_cast<std::int64_t>(x_waiting.size())};
    const auto* last = x_told.samples().empty() ? nullptr : &x_told.samples().back();
    const bool is_same =
        last && taken.load == last->load && taken.capacity == last->capacity && taken.queue == last->queue;
    const auto due = last ? last->at.monotonic + (is_same ? sampled_anyway : between_samples) : now.monotonic;
    const bool is_due = due <= now.monotonic;
    x_next_sample = is_due ? now.monotonic + sampled_anyway : due;
    if (is_due)
        x_told.add(taken);
}

std::vector<std::int64_t> chronicle::due_questions(std::size_t room, instant now) {
    auto due = x_to_ask.until(now.monotonic);
    due.resize(std::min(due.size(), room));
    const auto several = x_to_ask.in_order().size() / questions_per_second;
    const auto pause = std::max<time_point::duration>(between_questions, std::chrono::seconds(several));
    for (const auto worker : due) {
        x_to_ask.set(worker, now.monotonic + pause);
        x_asked[worker] = now.monotonic;
    }
    return due;
}

void chronicle::answered(std::int64_t worker, const std::optional<wire::slot_session>& slot, instant now) {
    if (!slot)
        return;
    const auto place = x_open.find(slot->request_idx);
    if (place == x_open.end() || place->second.row.worker != worker)
        return;
    auto& row = place->second.row;
    const bool is_first = row.session_id.empty();
    row.session_id = slot->session_id;
    row.cost = slot->cost;
    if (is_first)
        row.held_at = now.after(bounded(slot->created_at - epoch_seconds(now.wall)));
    // It is told with each answer, and is the same but for what the clocks make of it.
    const auto planned = now.after(bounded(slot->remaining));
    const auto moved =
        row.planned_end ? planned.monotonic - row.planned_end->monotonic : time_point::duration::max();
    if (moved > by_its_end || moved < -by_its_end)
        row.planned_end = planned;
    if (slot->retiring && !row.retiring_at)
        row.retiring_at = now;
    x_told.session(row);
    if (x_scaler.state_of(worker) == worker_state::busy)
        x_told.worker(worker, slot->retiring ? lane_state::retiring : lane_state::reserved, "", now);
}

chronicle::time_point chronicle::next_wake() const {
    return std::min(x_next_sample, x_to_ask.first(time_point::duration::zero()));
}

std::vector<std::pair<std::string, std::string>> listed(const parameters& values) {
    return {
        {"endpoint_state", to_string(values.state)},
        {"target_util", written(values.target_util)},
        {"min_load", written(values.min_load)},
        {"min_cold_load", written(values.min_cold_load)},
        {"cold_mult", written(values.cold_mult)},
        {"cold_workers", std::to_string(values.cold_workers)},
        {"max_workers", std::to_string(values.max_workers)},
        {"max_queue_time", written(values.max_queue_time.count())},
        {"target_queue_time", written(values.target_queue_time.count())},
        {"inactivity_timeout",
         values.inactivity_timeout ? written(values.inactivity_timeout->count()) : "not set"},
    };
}

}  // namespace nullworker::fleet
