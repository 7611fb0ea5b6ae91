#include <nullworker/base/program_start.hpp>
#include <terminal/progress.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace nullworker::client {
namespace {

std::string counted(const std::map<std::string, int>& counts) {
    std::string out;
    for (const auto& [state, count] : counts)
        out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + state;
    return out.empty() ? "none" : out;
}

int total(const std::map<std::string, int>& workers) {
    int sum = 0;
    for (const auto& entry : workers)
        sum += entry.second;
    return sum;
}

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::chrono::seconds last_words(1);

// What stands in a run's output where some of it is missing.
std::string missing_lines(std::uint64_t count) {
    return std::to_string(count) + " lines are missing here: they were not read in time\n";
}
std::string missing_events(std::uint64_t count) {
    return "{\"event\":\"missing\",\"count\":" + std::to_string(count) + "}\n";
}

nlohmann::json known(const std::optional<std::int64_t>& number) {
    return number ? nlohmann::json(*number) : nlohmann::json();
}
nlohmann::json known(const std::string& text) {
    return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

template <class Told>
nlohmann::json as_json(const Told& told) {
    return told;
}
nlohmann::json as_json(std::monostate) {
    return {};
}

// One character a session: what it is doing.
const char* symbol(const std::string& state) {
    if (state == "held")
        return "●";
    if (state == "released")
        return "✓";
    if (state == "failed")
        return "✗";
    return state.empty() ? "·" : "○";
}

}  // namespace

progress::progress(std::FILE* out, form shape, int sessions, view wanted)
    : x_form(shape),
      x_screen(::fileno(out)),
      x_draws(shape == form::lines && wanted == view::drawn && x_screen.knows_escapes()),
      x_painter([this](screen_size room, charset letters) { return status(room.columns, letters); }),
      x_revision([this] { return x_touched; }),
      x_sessions(static_cast<std::size_t>(sessions)),
      x_out(::fileno(out), buffer_bytes, shape == form::json ? missing_events : missing_lines) {}

progress::~progress() {
    x_out.write(x_area.erased(room().columns));
    (void)x_out.flush(last_words);
    if (x_out.has_failed())
        note_lost_output();
}

// Peers' texts go in here, and need not be UTF-8. In ASCII, as a terminal may show it after all.
std::string progress::dumped(const nlohmann::json& event) {
    return event.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

double progress::elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - x_start).count();
}

void progress::session(int number, const std::string& state, const std::string& detail,
                       const session_identity& ids) {
    const auto place = static_cast<std::size_t>(number - 1);
    if (place >= x_sessions.size())
        x_sessions.resize(place + 1);
    auto& here = x_sessions[place];
    here.state = state;
    if (state == "asking")
        here.ids = {};
    if (ids.request_idx)
        here.ids.request_idx = ids.request_idx;
    if (!ids.worker_url.empty())
        here.ids.worker_url = ids.worker_url;
    if (!ids.session_id.empty())
        here.ids.session_id = ids.session_id;
    if (x_on_session)
        x_on_session(number, state, here.ids);
    if (x_form == form::json)
        return json(dumped({{"event", "session"},
                            {"session", number},
                            {"state", state},
                            {"request_idx", known(here.ids.request_idx)},
                            {"worker_url", known(here.ids.worker_url)},
                            {"session_id", known(here.ids.session_id)},
                            {"detail", detail}}));
    constexpr std::size_t longest_state = 8;
    const std::string padding(longest_state - std::min(longest_state, state.size()), ' ');
    line("session " + std::to_string(number), detail.empty() ? state : state + padding + "  " + detail);
}

void progress::workers(const std::map<std::string, int>& by_state) {
    if (by_state == x_workers)
        return;
    x_machine_time = machine_time();
    x_counted_at = std::chrono::steady_clock::now();
    x_workers = by_state;
    if (total(by_state) != x_story.back())
        x_story.push_back(total(by_state));
    if (x_form == form::json)
        return json(dumped({{"event", "workers"}, {"total", total(by_state)}, {"by_state", by_state}}));
    line("workers", std::to_string(total(by_state)) + "  (" + counted(by_state) + ")");
}

seconds progress::machine_time() const {
    return x_machine_time + total(x_workers) * seconds(std::chrono::steady_clock::now() - x_counted_at);
}

void progress::tell(const std::string& name, const std::vector<field>& fields, const std::string& text) {
    if (x_form == form::lines)
        return line("", text);
    nlohmann::json event = {{"event", name}, {"text", text}};
    for (const auto& [key, told] : fields)
        std::visit([&, &key = key](const auto& held) { event[key] = as_json(held); }, told);
    json(dumped(event));
}

void progress::summary(const tally& sessions, const std::string& rest, const std::vector<field>& more) {
    std::vector<field> fields = {{"sessions", sessions.wanted},
                                 {"released", sessions.released},
                                 {"failed", sessions.failed},
                                 {"not_held", sessions.not_held()}};
    fields.insert(fields.end(), more.begin(), more.end());
    tell("summary", fields, described(sessions) + rest);
}

void progress::print(const std::vector<text_row>& rows) {
    if (x_form == form::json)
        return;
    const auto width = room().columns;
    std::string text;
    for (const auto& one : rows)
        text += painted(one, width, colours()) + '\n';
    write_above_the_view(text);
}

void progress::line(const std::string& subject, const std::string& text) {
    std::array<char, 64> head{};
    (void)std::snprintf(head.data(), head.size(), "%7.2f s  %-10s ", elapsed(), subject.c_str());
    write_above_the_view(head.data() + shown(text) + '\n');
    touch();
}

// `fields` is a JSON object; the time goes in front.
void progress::json(const std::string& fields) {
    std::array<char, 64> head{};
    (void)std::snprintf(head.data(), head.size(), "{\"time\":%.3f,", elapsed());
    x_out.write(head.data() + fields.substr(1) + '\n');
}

// A line and what is around it are one text, which is written whole or not at all. While the terminal has not
// taken what came before, it gets no view: else a buffer full of views would drop lines, and it would not be
// known which view stands there.
void progress::write_above_the_view(const std::string& text) {
    const auto now_there = room();
    const bool with_view = x_draws && x_painted_for == now_there && x_out.is_done();
    auto out = x_area.erased(now_there.columns) + text;
    if (with_view)
        out += x_area.drawn(x_painted, now_there.columns);
    x_out.write(out);
}

void progress::show_beneath(painter paint, std::function<std::uint64_t()> revision) {
    x_painter = std::move(paint);
    if (revision)
        x_revision = std::move(revision);
    x_painted_for = {.columns = 0, .rows = 0};
}

void progress::refresh(std::chrono::steady_clock::time_point now) {
    constexpr std::chrono::seconds oldest(1);
    if (!x_draws)
        return;
    const bool is_due = x_revision() != x_painted_revision || x_area.is_empty() ||
                        now - x_painted_at >= oldest || x_painted_for != room();
    if (!is_due || !x_out.is_done())
        return;
    x_painted_at = now;
    paint_the_view();
    if (const auto text = x_area.drawn(x_painted, x_painted_for.columns); !text.empty())
        x_out.write(text);
}

// In the last column a terminal may have begun the next row, and below the view there is room for the cursor.
void progress::paint_the_view() {
    x_painted_revision = x_revision();
    x_painted_for = room();
    x_painted.clear();
    const screen_size inside{x_painted_for.columns - 1, x_painted_for.rows - 1};
    if (inside.columns == 0)
        return;
    for (const auto& one : x_painter(inside, locale_charset())) {
        if (x_painted.size() == inside.rows)
            break;
        x_painted.push_back(painted(one, inside.columns, colours()));
    }
}

// A symbol a session, or where they do not fit how many are in which state.
std::vector<text_row> progress::status(std::size_t width, charset letters) const {
    std::string symbols;
    std::map<std::string, int> states;
    for (const auto& one : x_sessions) {
        (symbols += symbol(one.state)) += ' ';
        ++states[one.state.empty() ? "to come" : one.state];
    }
    const auto workers = " workers: " + counted(x_workers);
    auto text = "   sessions " + symbols + workers;
    if (painted_columns(text, letters) > width)
        text = counted(states) + ';' + workers;
    return {{{std::move(text), look::dim}}};
}

}  // namespace nullworker::client
