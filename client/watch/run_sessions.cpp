#include <watch/run_sessions.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>

namespace nullworker::client::watch {
namespace {

// A worker's load may be told for so long after its session has ended.
constexpr std::chrono::seconds ended_of_late(60);
constexpr std::size_t most_of_late = 5000;
constexpr std::size_t most_spans = 1'000'000;

enum class meaning { begins, holds, retires, ends };

struct run_state {
    std::string_view name;
    meaning means;
};

constexpr std::array run_states = {run_state{"asking", meaning::begins}, run_state{"held", meaning::holds},
                                   run_state{"retiring", meaning::retires},
                                   run_state{"released", meaning::ends}, run_state{"failed", meaning::ends}};

std::optional<meaning> meaning_of_run_state(std::string_view name) {
    const auto* const found =
        std::ranges::find_if(run_states, [name](const run_state& one) { return one.name == name; });
    return found == run_states.end() ? std::nullopt : std::optional(found->means);
}

void remember(std::vector<seconds>& in, std::optional<seconds> span) {
    if (span && in.size() < most_spans)
        in.push_back(*span);
}

const char* outcome_of_run(const session_row& row, std::string_view state) {
    if (state == "failed")
        return row.held_at ? "lost" : "failed";
    return row.retiring_at ? "retired" : "released";
}

}  // namespace

void run_sessions::step(int number, const std::string& state, const names& known, instant at) {
    const auto means = meaning_of_run_state(state);
    if (means == meaning::begins) {
        end(number, at);  // which it has, or it would not begin anew
        begin(number).asked_at = at;
    }
    auto found = x_lasting.find(number);
    if (found == x_lasting.end()) {
        if (means != meaning::holds)
            return;
        begin(number);  // it was held before this run
        found = x_lasting.find(number);
    }
    auto& row = found->second;
    if (known.request_idx)
        row.request_idx = known.request_idx;
    if (!known.session_id.empty())
        row.session_id = known.session_id;
    if (means == meaning::holds) {
        if (!row.held_at && row.asked_at)
            remember(x_waits, row.wait(at));
        row.held_at = row.held_at.value_or(at);
        row.retiring_at.reset();
    }
    if (means == meaning::retires && !row.retiring_at)
        row.retiring_at = at;
    if (means == meaning::ends)
        row.outcome = outcome_of_run(row, state);
    x_news[row.key] = row;
    if (means == meaning::ends)
        end(number, at);
}

session_row& run_sessions::begin(int number) {
    auto& row = x_lasting[number];
    row = {.key = std::to_string(++x_begun)};
    return row;
}

void run_sessions::end(int number, instant at) {
    auto ended = x_lasting.extract(number);
    if (ended.empty())
        return;
    auto& row = ended.mapped();
    row.ended_at = at;
    if (row.outcome.empty())
        row.outcome = row.held_at ? "ended" : "dropped";
    remember(x_holds, row.hold(at));
    x_news[row.key] = row;
    x_ended.push_back(std::move(row));
    while (!x_ended.empty() && (x_ended.size() > most_of_late ||
                                x_ended.front().ended_at->monotonic + ended_of_late < at.monotonic))
        x_ended.pop_front();
}

void run_sessions::plan(int number, instant end) {
    const auto found = x_lasting.find(number);
    if (found == x_lasting.end())
        return;
    found->second.planned_end = end;
    x_news[found->second.key] = found->second;
}

void run_sessions::place(int number, std::int64_t worker) {
    const auto found = x_lasting.find(number);
    if (found == x_lasting.end())
        return;
    found->second.worker = worker;
    x_news[found->second.key] = found->second;
}

std::vector<session_row> run_sessions::take_news() {
    std::vector<session_row> out;
    for (auto& entry : std::exchange(x_news, {}))
        out.push_back(std::move(entry.second));
    return out;
}

std::map<std::int64_t, run_sessions::presence> run_sessions::by_worker(time_point since) const {
    std::map<std::int64_t, presence> out;
    for (const auto& entry : x_lasting)
        add_presence(out, entry.second, since);
    for (const auto& row : x_ended)
        add_presence(out, row, since);
    return out;
}

std::int64_t run_sessions::waiting() const {
    return std::ranges::count_if(x_lasting, [](const auto& entry) { return is_waiting(entry.second); });
}

bool run_sessions::has_unplaced() const {
    return std::ranges::any_of(x_lasting, [](const auto& entry) { return is_unplaced(entry.second); });
}

}  // namespace nullworker::client::watch
