#include <watch/news_lines.hpp>

#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

namespace nullworker::client::watch {
namespace {

std::string whole_seconds(seconds span) {
    return std::to_string(std::llround(span.count())) + " s";
}

std::string name_of_session(const session_row& row) {
    return row.session_id.empty() ? "a request" : "session " + row.session_id;
}

// How it stands. Empty: nothing that is worth a line.
std::string standing_of(const session_row& row, instant now) {
    const auto place = row.worker ? " on worker " + std::to_string(*row.worker) : std::string();
    if (!row.outcome.empty()) {
        const auto held = row.hold(now);
        return "ended" + (held ? " after " + whole_seconds(*held) : "") + place +
               (row.outcome == "ended" ? "" : ": " + row.outcome);
    }
    if (row.retiring_at)
        return "is to end with its job" + place;
    if (row.held_at)
        return "is held" + place;
    return row.request_idx ? "waits for a worker (request " + std::to_string(*row.request_idx) + ")"
                           : std::string();
}

}  // namespace

std::vector<std::string> news_lines::take(const timeline& told, instant now) {
    lines out;
    const auto all = told.look(now);
    tell_silence(all, now, out);
    tell_sessions(told, now, out);
    tell_errors(all, out);
    tell_limit(all, out);
    x_revision = told.revision();
    return out;
}

void news_lines::tell_sessions(const timeline& told, instant now, lines& out) {
    for (const auto* const changed : told.since(x_revision).sessions) {
        const auto& row = changed->row;
        const auto standing = standing_of(row, now);
        auto& said = x_said_of[row.key];
        if (!standing.empty() && std::exchange(said, standing) != standing)
            out.push_back(name_of_session(row) + ' ' + standing);
    }
    std::erase_if(x_said_of, [&](const auto& one) { return !told.find_session(one.first); });
}

void news_lines::tell_errors(const overview& all, lines& out) {
    std::map<std::int64_t, std::string> now_wrong;
    for (const auto& [worker, reason] : all.errors)
        now_wrong[worker] = reason;
    for (const auto& [worker, reason] : now_wrong) {
        const auto before = x_errors.find(worker);
        if (before == x_errors.end() || before->second != reason)
            out.push_back("worker " + std::to_string(worker) + " is in error" +
                          (reason.empty() ? "" : ": " + reason));
    }
    for (const auto& before : x_errors)
        if (!now_wrong.contains(before.first))
            out.push_back("worker " + std::to_string(before.first) + " is in error no more");
    x_errors = std::move(now_wrong);
}

void news_lines::tell_limit(const overview& all, lines& out) {
    if (std::exchange(x_at_limit, all.max_reached) != all.max_reached && all.max_reached)
        out.push_back("there are as many workers as max_workers allows: " + std::to_string(*all.max_workers));
}

void news_lines::tell_silence(const overview& all, instant now, lines& out) {
    const auto trouble = std::exchange(x_trouble, all.trouble);
    if (!all.trouble.empty() && all.trouble != trouble)
        out.push_back(all.trouble + "; trying again");
    const bool was_stale = std::exchange(x_stale, all.stale);
    if (all.stale && !was_stale && all.heard_at)
        out.push_back("what is told is old: nothing was heard for " +
                      whole_seconds(now.monotonic - all.heard_at->monotonic));
    if (!all.stale && all.trouble.empty() && (was_stale || !trouble.empty()))
        out.push_back("heard again");
}

}  // namespace nullworker::client::watch
