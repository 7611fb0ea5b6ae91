#include <commands/run_story.hpp>
#include <nullworker/base/random.hpp>
#include <terminal/dashboard.hpp>
#include <terminal/text_timeline.hpp>
#include <watch/timeline_json.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::client {
namespace {

constexpr std::size_t run_id_bytes = 8;
constexpr std::size_t least_dashboard_rows = 6;

// A run may be longer than what a page that stays open has to show.
constexpr seconds history_of_a_run{24 * 3600.0};

watch::timeline_settings settings_elsewhere(const venue& place, seconds poll_interval) {
    return {.run = random_hex(run_id_bytes),
            .title = place.description(),
            .source = "endpoint",
            .poll_interval = poll_interval,
            .history = {.age = history_of_a_run}};
}

}  // namespace

run_story::run_story(venue& place, seconds poll_interval) : x_place(place) {
    if (place.story())
        return;
    x_elsewhere.emplace(settings_elsewhere(place, poll_interval));
    x_view.emplace(*x_elsewhere);
}

watch::timeline& run_story::told(instant now) {
    auto& out = is_elsewhere() ? *x_elsewhere : *x_place.story();
    out.advance(now);
    return out;
}

void run_story::step(int number, const std::string& state, const session_identity& ids) {
    const auto at = now();
    x_sessions.step(number, state, {.request_idx = ids.request_idx, .session_id = ids.session_id}, at);
    tell_sessions(at);
}

void run_story::plan(int number, std::chrono::steady_clock::time_point end) {
    const auto at = now();
    x_sessions.plan(number, at.after(end - at.monotonic));
    tell_sessions(at);
}

void run_story::found_at(int number, std::int64_t worker) {
    x_sessions.place(number, worker);
    tell_sessions(now());
}

// A fleet of its own knows them itself.
void run_story::tell_sessions(instant now) {
    ++x_steps;
    if (is_elsewhere())
        x_view->look_at(x_sessions, now);
    else
        (void)x_sessions.take_news();
}

void run_story::heard(const std::vector<wire::worker_info>& list) {
    if (is_elsewhere())
        x_view->heard(list, now());
}

void run_story::failed(const std::string& why) {
    if (is_elsewhere())
        x_view->failed(why, now());
}

void run_story::heard(const std::vector<wire::endpoint_info>& endpoints, const std::string& name) {
    const auto found = std::ranges::find(endpoints, name, &wire::endpoint_info::endpoint_name);
    if (is_elsewhere() && found != endpoints.end())
        x_view->heard(*found);
}

void run_story::heard(const std::vector<wire::instance_info>& instances) {
    std::vector<watch::instance_price> prices;
    for (const auto& one : instances)
        if (one.dph_total)
            prices.push_back({one.id, *one.dph_total});
    if (is_elsewhere())
        x_view->heard(prices);
}

std::uint64_t run_story::revision() {
    return told(now()).revision() + x_steps;
}

std::string run_story::name_of(int number) const {
    return "session " + std::to_string(number);
}

std::vector<text_row> run_story::dashboard(screen_size room) {
    room.rows = std::max(room.rows / 2, std::min(room.rows, least_dashboard_rows));
    shown_sessions sessions{.first = {}, .all = x_sessions.lasting().size()};
    for (const auto& [number, row] : x_sessions.lasting()) {
        if (sessions.first.size() == room.rows)
            break;
        sessions.first.push_back({name_of(number), &row});
    }
    const auto at = now();
    return client::dashboard(told(at), sessions, at, room);
}

std::vector<text_row> run_story::drawing(std::size_t width, charset letters) {
    const auto at = now();
    return text_timeline(told(at), at, {.width = width, .letters = letters});
}

run_figures run_story::figures() {
    const auto at = now();
    return figures_of(told(at), x_sessions.waits(), x_sessions.holds(), at);
}

std::string run_story::document() {
    const auto at = now();
    return watch::document_of(told(at), at);
}

}  // namespace nullworker::client
