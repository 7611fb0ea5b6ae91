#include <terminal/dashboard.hpp>
#include <terminal/figures.hpp>
#include <terminal/lane_looks.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

constexpr std::size_t label_columns = 9;
constexpr std::size_t id_columns = 15;
constexpr std::size_t errors_told = 3;

// The width from which on there is room for a bar of so many cells in a session's row.
constexpr std::size_t width_for_bar = 60;
constexpr std::size_t bar_cells = 20;

// What goes first where there is no room for all: the last of these.
enum class weight { workers, trouble, cost, queue, age, states, longest, paid, title };

struct weighed_row {
    weight matters;
    text_row what;
};

using weighed_rows = std::vector<weighed_row>;

text_row labelled(const char* label, std::string text, look as = look::plain) {
    return {{label, look::dim, label_columns}, {std::move(text), as}};
}

std::string of_worker(const watch::overview::longest& one) {
    return brief_span_text(one.lasted.count()) + " (worker " + std::to_string(one.worker) + ')';
}

// As wide as the room, whatever that is: the rest is cut.
text_row rule(const std::string& title, std::size_t width) {
    std::string line;
    for (std::size_t i = 0; i < width; ++i)
        line += "─";
    return {{"── ", look::dim}, {title, look::strong}, {' ' + line, look::dim}};
}

std::string in_short(const watch::overview& seen) {
    auto out = std::to_string(seen.running) + ": " + std::to_string(seen.taken) + " taken, " +
               std::to_string(seen.idle) + " idle, " + std::to_string(seen.loading) + " loading";
    if (!seen.errors.empty())
        out += ", " + std::to_string(seen.errors.size()) + " in error";
    if (seen.max_workers)
        out += "; " + std::to_string(*seen.max_workers) + " at most";
    return out;
}

text_row by_state(const watch::overview& seen) {
    text_row out{{"states", look::dim, label_columns}};
    for (const auto& [state, count] : seen.workers) {
        const auto drawn = look_of(state);
        if (out.size() > 1)
            out.push_back({"  "});
        out.push_back({drawn.symbol, drawn.as});
        out.push_back({' ' + std::to_string(count) + ' ' + to_string(state)});
    }
    if (out.size() == 1)
        out.push_back({"no worker"});
    return out;
}

void add_errors(weighed_rows& to, const watch::overview& seen) {
    const auto told = std::min(seen.errors.size(), errors_told);
    for (std::size_t i = 0; i < told; ++i) {
        const auto& one = seen.errors[i];
        auto text = "worker " + std::to_string(one.worker) + ": " +
                    (one.reason.empty() ? std::string("no reason is told") : one.reason);
        if (i + 1 == told && seen.errors.size() > told)
            text = std::to_string(seen.errors.size() - told) + " more; " + text;
        to.push_back({weight::trouble, labelled("error", std::move(text), look::bad)});
    }
    if (seen.max_reached && seen.max_workers)
        to.push_back(
            {weight::trouble,
             labelled("limit", "max_workers is reached: " + std::to_string(*seen.max_workers), look::idle)});
}

void add_cost(weighed_rows& to, const watch::sums& total) {
    if (total.dollars_per_hour && total.dollars)
        to.push_back({weight::cost, labelled("cost", dollars_text(*total.dollars_per_hour) + " an hour, " +
                                                         dollars_text(*total.dollars) + " so far")});
    auto text = span_text(total.paid.count()) + ": " + span_text(total.used.count()) + " used, " +
                span_text(total.idle.count()) + " idle";
    if (total.unknown > seconds(0))
        text += "; " + span_text(total.unknown.count()) + " unknown";
    to.push_back({weight::paid, labelled("paid", std::move(text))});
}

std::string rounded(double value) {
    return std::to_string(std::llround(std::clamp(value, -1e15, 1e15)));
}

std::string queue_of(const watch::sample& last) {
    return std::to_string(last.queue) + (last.queue == 1 ? " waits" : " wait") + "; load " +
           rounded(last.load) + " of " + rounded(last.capacity);
}

void add_longest(weighed_rows& to, const watch::overview& seen) {
    std::string text;
    if (seen.longest_loading)
        text = "loading " + of_worker(*seen.longest_loading);
    if (seen.longest_idle)
        text += (text.empty() ? "idle " : ", idle ") + of_worker(*seen.longest_idle);
    if (!text.empty())
        to.push_back({weight::longest, labelled("longest", std::move(text))});
}

// What comes as it happens has no age.
void add_age(weighed_rows& to, const watch::overview& seen, instant now) {
    if (seen.poll_interval <= seconds(0))
        return;
    auto text = seen.heard_at
                    ? brief_span_text(seconds(now.monotonic - seen.heard_at->monotonic).count()) + " old"
                    : std::string("none yet");
    if (!seen.trouble.empty())
        text += ": " + seen.trouble;
    const bool is_well = !seen.stale && seen.trouble.empty();
    to.push_back({is_well ? weight::age : weight::trouble, labelled("data", std::move(text),
                                                                    seen.stale ? look::bad
                                                                    : is_well  ? look::plain
                                                                               : look::idle)});
}

weighed_rows facts(const watch::timeline& of, const watch::overview& seen, instant now, std::size_t width) {
    weighed_rows out;
    out.push_back({weight::title, rule(of.settings().title, width)});
    out.push_back({weight::workers, labelled("workers", in_short(seen), look::strong)});
    out.push_back({weight::states, by_state(seen)});
    add_errors(out, seen);
    add_cost(out, seen.total);
    if (!of.samples().empty())
        out.push_back({weight::queue, labelled("queue", queue_of(of.samples().back()))});
    add_longest(out, seen);
    add_age(out, seen, now);
    return out;
}

// Leaves `most` of them.
std::vector<text_row> weightiest(weighed_rows rows, std::size_t most) {
    while (rows.size() > most) {
        auto least = rows.begin();
        for (auto it = rows.begin(); it != rows.end(); ++it)
            if (it->matters >= least->matters)
                least = it;
        rows.erase(least);
    }
    std::vector<text_row> out;
    for (auto& one : rows)
        out.push_back(std::move(one.what));
    return out;
}

using when = std::chrono::steady_clock::time_point;

when begin_of(const watch::session_row& one) {
    const auto& first = one.asked_at ? one.asked_at : one.held_at;
    return first ? first->monotonic : when::max();
}

bool begins_before(const watch::session_row* a, const watch::session_row* b) {
    const auto of_a = begin_of(*a);
    const auto of_b = begin_of(*b);
    return of_a == of_b ? a->key < b->key : of_a < of_b;
}

std::string name_of(const watch::session_row& one) {
    if (!one.session_id.empty())
        return one.session_id;
    return one.request_idx ? "request " + std::to_string(*one.request_idx) : std::string("a session");
}

void add_bar(text_row& to, double part, look as) {
    const auto done = static_cast<std::size_t>(std::lround(std::clamp(part, 0.0, 1.0) * bar_cells));
    std::string full;
    std::string rest;
    for (std::size_t i = 0; i < bar_cells; ++i)
        (i < done ? full : rest) += i < done ? "█" : "░";
    to.push_back({std::move(full), as});
    to.push_back({rest + "  ", look::dim});
}

// While it is not known when it ends, there is no bar.
text_row session_line(const shown_sessions::one& shown, instant now, std::size_t width) {
    const auto& one = *shown.row;
    text_row out{{shown.name, look::plain, id_columns}, {"  "}};
    const auto held = one.hold(now);
    if (!held) {
        out.push_back(
            {"waits " + brief_span_text(one.wait(now).value_or(seconds(0)).count()), look::starting});
        return out;
    }
    const auto as = one.retiring_at ? look::leaving : look::good;
    std::string text = one.retiring_at ? "retiring, held " : "held ";
    text += brief_span_text(held->count());
    if (one.planned_end) {
        const auto whole = seconds(one.planned_end->monotonic - one.held_at->monotonic).count();
        if (width >= width_for_bar)
            add_bar(out, whole > 0 ? held->count() / whole : 1.0, as);
        text += " of " + brief_span_text(whole);
    }
    out.push_back({std::move(text), as});
    if (one.worker)
        out.push_back({"  worker " + std::to_string(*one.worker)});
    if (shown.name != one.session_id)
        out.push_back({"  " + one.session_id});
    return out;
}

void add_sessions(std::vector<text_row>& to, const shown_sessions& sessions, instant now, screen_size room) {
    const auto left = room.rows - std::min(room.rows, to.size());
    auto told = std::min(left, sessions.first.size());
    if (told < sessions.all && told == left && told > 0)
        --told;  // for the last row
    for (std::size_t i = 0; i < told; ++i)
        to.push_back(session_line(sessions.first[i], now, room.columns));
    const auto more = sessions.all - told;
    if (left > 0 && more > 0)
        to.push_back({{"and " + std::to_string(more) + " more session" + (more == 1 ? "" : "s"), look::dim}});
}

}  // namespace

shown_sessions sessions_of(const watch::timeline& of, std::size_t most) {
    std::vector<const watch::session_row*> all;
    for (const auto& one : of.lasting_sessions())
        all.push_back(&one.row);
    shown_sessions out{.first = {}, .all = all.size()};
    const auto told = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
    std::partial_sort(all.begin(), told, all.end(), begins_before);
    for (auto it = all.begin(); it != told; ++it)
        out.first.push_back({name_of(**it), *it});
    return out;
}

std::vector<text_row> dashboard(const watch::timeline& of, const shown_sessions& sessions, instant now,
                                screen_size room) {
    const auto seen = of.look(now);
    auto out = weightiest(facts(of, seen, now, room.columns), room.rows);
    add_sessions(out, sessions, now, room);
    if (seen.stale)
        for (auto& one : out)
            for (auto& part : one)
                part.as = part.as == look::bad ? look::bad : look::dim;
    return out;
}

}  // namespace nullworker::client
