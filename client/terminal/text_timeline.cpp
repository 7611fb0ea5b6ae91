#include <terminal/figures.hpp>
#include <terminal/lane_looks.hpp>
#include <terminal/text_timeline.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

using watch::lane_state;

constexpr std::size_t margin = 2;       // left of the rows, and between name and lane
constexpr std::size_t least_cells = 4;  // of a lane; names are cut for that
constexpr std::size_t between_ticks = 10;

// The stretch of time that is drawn.
struct stretch {
    instant from;
    instant to;

    [[nodiscard]] double length() const {
        return std::max(seconds(to.monotonic - from.monotonic).count(), 1e-3);
    }

    // How far into it, in cells of `cells`.
    [[nodiscard]] double place(instant at, std::size_t cells) const {
        const double part = seconds(at.monotonic - from.monotonic).count() / length();
        return std::clamp(part, 0.0, 1.0) * static_cast<double>(cells);
    }
};

bool is_drawn(const watch::span& one) {
    return one.state != lane_state::stopped;
}

std::optional<stretch> whole_of(const std::vector<const watch::lane*>& lanes, instant now) {
    std::optional<stretch> out;
    for (const auto* lane : lanes)
        for (const auto& one : lane->spans) {
            if (!is_drawn(one))
                continue;
            const auto to = one.to.value_or(now);
            if (!out)
                out = {one.from, to};
            if (one.from.monotonic < out->from.monotonic)
                out->from = one.from;
            if (out->to.monotonic < to.monotonic)
                out->to = to;
        }
    return out;
}

bool has_error(const watch::lane& lane) {
    return std::any_of(lane.spans.begin(), lane.spans.end(),
                       [](const watch::span& one) { return one.state == lane_state::error; });
}

bool has_anything(const watch::lane& lane) {
    return std::any_of(lane.spans.begin(), lane.spans.end(), is_drawn);
}

// Those that are shown, in their order; where there is no room for all, first those with an error.
std::vector<const watch::lane*> chosen(std::vector<const watch::lane*> lanes, std::size_t most) {
    if (lanes.size() <= most)
        return lanes;
    std::stable_partition(lanes.begin(), lanes.end(), [](const auto* lane) { return has_error(*lane); });
    lanes.resize(most);
    std::sort(lanes.begin(), lanes.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
    return lanes;
}

// How much of each cell each state takes.
class cell_shares {
public:
    explicit cell_shares(std::size_t cells) : x_shares(cells) {}

    void add(lane_state state, double from, double to) {
        const auto first = static_cast<std::size_t>(from);
        for (auto cell = first; cell < x_shares.size() && static_cast<double>(cell) < to; ++cell) {
            const auto begin = static_cast<double>(cell);
            x_shares[cell][static_cast<std::size_t>(state)] +=
                std::min(to, begin + 1) - std::max(from, begin);
        }
    }

    // Nothing where nothing is known of that time.
    [[nodiscard]] std::optional<lane_state> state_of(std::size_t cell) const {
        const auto& shares = x_shares[cell];
        if (shares[static_cast<std::size_t>(lane_state::error)] > 0)
            return lane_state::error;
        const auto largest = std::max_element(shares.begin(), shares.end());
        if (*largest <= 0)
            return std::nullopt;
        return static_cast<lane_state>(largest - shares.begin());
    }

private:
    std::vector<std::array<double, watch::lane_states>> x_shares;
};

// One piece for cells of the same look.
void append(text_row& to, const char* symbol, look as) {
    if (!to.empty() && to.back().as == as)
        to.back().text += symbol;
    else
        to.push_back({symbol, as});
}

text_row lane_row(const watch::lane& lane, const stretch& shown, std::size_t cells, instant now,
                  std::set<lane_state>& seen) {
    cell_shares shares(cells);
    for (const auto& one : lane.spans)
        if (is_drawn(one))
            shares.add(one.state, shown.place(one.from, cells), shown.place(one.to.value_or(now), cells));
    text_row out;
    for (std::size_t cell = 0; cell < cells; ++cell) {
        const auto state = shares.state_of(cell);
        const auto drawn = look_of(state.value_or(lane_state::stopped));
        append(out, drawn.symbol, drawn.as);
        if (state)
            seen.insert(*state);
    }
    if (!out.empty() && out.back().as == look::plain)
        out.pop_back();  // nothing follows
    return out;
}

// The span between two marks of the axis: the shortest of these that leaves room for their texts.
double tick_length(double length, std::size_t cells) {
    constexpr std::array steps = {0.1,    0.2,    0.5,    1.0,     2.0,     5.0,    10.0,
                                  20.0,   30.0,   60.0,   120.0,   300.0,   600.0,  1200.0,
                                  1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0};
    const auto fewest = static_cast<double>(std::max<std::size_t>(cells / between_ticks, 1));
    const auto* const found = std::lower_bound(steps.begin(), steps.end(), length / fewest);
    return found == steps.end() ? length : *found;
}

// The texts of the axis all have one unit.
std::string tick_text(double at, double step) {
    if (step < 1)
        return std::to_string(std::lround(at * 10) / 10) + '.' + std::to_string(std::lround(at * 10) % 10) +
               " s";
    if (step < 60)
        return std::to_string(std::lround(at)) + " s";
    return step < 3600 ? std::to_string(std::lround(at / 60)) + " min"
                       : std::to_string(std::lround(at / 3600)) + " h";
}

// One that would be cut is left out.
std::string axis(const stretch& shown, std::size_t cells) {
    const auto step = tick_length(shown.length(), cells);
    std::string out;
    for (int i = 0; i * step <= shown.length(); ++i) {
        const auto place = static_cast<std::size_t>(i * step / shown.length() * static_cast<double>(cells));
        const auto text = '|' + tick_text(i * step, step);
        if (place + text.size() > cells)
            break;
        if (place < out.size() + (i == 0 ? 0 : 1))
            continue;
        out.append(place - out.size(), ' ').append(text);
    }
    return out;
}

// What the symbols mean, in as many rows as that takes.
std::vector<text_row> legend(const std::set<lane_state>& seen, std::size_t indent, std::size_t width,
                             charset letters) {
    std::vector<text_row> out;
    std::size_t used = width;
    for (const auto state : seen) {
        const auto drawn = look_of(state);
        const auto text = ' ' + std::string(to_string(state));
        const auto taken = painted_columns(drawn.symbol + text, letters);
        constexpr std::size_t gap = 2;
        if (out.empty() || used + gap + taken > width) {
            out.push_back({{std::string(indent, ' ')}});
            used = indent;
        } else {
            out.back().push_back({std::string(gap, ' ')});
            used += gap;
        }
        out.back().push_back({drawn.symbol, drawn.as});
        out.back().push_back({text});
        used += taken;
    }
    return out;
}

using lane_names = std::map<std::int64_t, std::string>;

// By lane. Of sessions whose workers are not known their ids.
lane_names names_of(const watch::timeline& of, const std::vector<const watch::lane*>& lanes) {
    lane_names out;
    for (const auto* lane : lanes)
        out[lane->number] = lane->worker ? "worker " + std::to_string(*lane->worker) : "a session";
    for (const auto* sessions : {&of.ended_sessions(), &of.lasting_sessions()})
        for (const auto& one : *sessions)
            if (one.lane && !one.row.worker && !one.row.session_id.empty())
                if (const auto found = out.find(*one.lane); found != out.end())
                    found->second = one.row.session_id;
    return out;
}

}  // namespace

std::vector<text_row> text_timeline(const watch::timeline& of, instant now,
                                    const text_timeline_options& options) {
    std::vector<const watch::lane*> all;
    for (const auto& entry : of.lanes())
        if (has_anything(entry.second))
            all.push_back(&entry.second);
    const auto shown = whole_of(all, now);
    if (!shown)
        return {};
    const auto lanes = chosen(all, options.lanes);
    const auto names = names_of(of, lanes);
    std::size_t longest = 0;
    for (const auto& entry : names)
        longest = std::max(longest, painted_columns(entry.second, options.letters));
    const auto most_for_names = options.width - std::min(options.width, least_cells + 2 * margin);
    longest = std::max<std::size_t>(std::min(longest, most_for_names), 1);
    const auto indent = longest + 2 * margin;
    const auto cells = std::max(options.width, indent + least_cells) - indent;

    std::vector<text_row> out;
    std::set<lane_state> seen;
    for (const auto* lane : lanes) {
        text_row one{{std::string(margin, ' ')},
                     {names.at(lane->number), look::plain, longest},
                     {std::string(margin, ' ')}};
        for (auto& part : lane_row(*lane, *shown, cells, now, seen))
            one.push_back(std::move(part));
        out.push_back(std::move(one));
    }
    if (all.size() > lanes.size())
        out.push_back(
            {{std::string(margin, ' ') + "and " + std::to_string(all.size() - lanes.size()) + " more"}});
    out.push_back({{std::string(indent, ' ') + axis(*shown, cells), look::dim}});
    for (auto& one : legend(seen, margin, options.width, options.letters))
        out.push_back(std::move(one));
    return out;
}

}  // namespace nullworker::client
