#include "table.hpp"

#include <cstdio>

namespace nullworker::bench {
namespace {

// The targets of the project.
constexpr double start_target_ms = 50;
constexpr double change_target_ms = 10;
constexpr double lateness_target_ms = 50;
constexpr double resident_target_mib = 12;
constexpr double crowded_target_ms = 50;

// A quantile near 1 says nothing about a handful of samples.
constexpr std::size_t enough_for_p99 = 20;

double ms(double s) {
    return s * 1000;
}

std::optional<double> p99(const samples& of) {
    if (of.size() < enough_for_p99)
        return std::nullopt;
    return ms(of.quantile(0.99));
}

std::string number(const std::optional<double>& value, const std::string& unit) {
    if (!value)
        return "-";
    char text[64];
    std::snprintf(text, sizeof text, "%.*f %s", *value < 10 ? 2 : *value < 100 ? 1 : 0, *value, unit.c_str());
    return text;
}

std::string ratio(const row& r) {
    if (!r.value || !r.other || *r.value <= 0 || *r.other <= 0)
        return "-";
    const double gain = r.direction == better::lower ? *r.other / *r.value : *r.value / *r.other;
    return number(gain, "x");
}

std::string column(const std::string& text, int width) {
    char padded[128];
    std::snprintf(padded, sizeof padded, "%*s", width, text.c_str());
    return padded;
}

}  // namespace

std::vector<row> make_table(const figures& ours, const std::optional<figures>& other,
                            std::optional<double> binary_mib) {
    std::vector<row> out;
    const auto add = [&](std::string what, std::string unit, better direction, auto figure,
                         std::optional<double> below = std::nullopt) {
        row r{std::move(what), std::move(unit), direction, figure(ours), below};
        if (other)
            r.other = figure(*other);
        out.push_back(std::move(r));
    };
    using optional = std::optional<double>;
    const auto lower = better::lower;
    const auto higher = better::higher;

    add(
        "spawn to ready report, median", "ms", lower,
        [](const figures& f) { return optional(ms(f.start_up.median())); }, start_target_ms);
    add("spawn to ready report, p99", "ms", lower, [](const figures& f) { return p99(f.start_up); });
    add(
        "session change to report, median", "ms", lower,
        [](const figures& f) { return optional(ms(f.change.median())); }, change_target_ms);
    add("session change to report, p99", "ms", lower, [](const figures& f) { return p99(f.change); });
    add("expiry to completion, median", "ms", lower,
        [](const figures& f) { return optional(ms(f.lateness.median())); });
    add(
        "expiry to completion, worst", "ms", lower,
        [](const figures& f) { return optional(ms(f.lateness.quantile(1))); }, lateness_target_ms);
    add(
        "resident memory, idle", "MiB", lower, [](const figures& f) { return optional(f.idle_mib); },
        resident_target_mib);
    add(
        "resident memory, after all cycles", "MiB", lower,
        [](const figures& f) { return optional(f.worked_mib); }, resident_target_mib);
    add("processor time, idle", "ms/s", lower,
        [](const figures& f) { return optional(ms(f.idle_processor)); });
    add("context switches, idle", "/s", lower, [](const figures& f) { return optional(f.idle_switches); });
    add("create and end, one connection", "/s", higher,
        [](const figures& f) { return optional(f.cycles_per_s); });
    add("the same with a state file", "/s", higher,
        [](const figures& f) { return f.kept_per_s > 0 ? optional(f.kept_per_s) : std::nullopt; });
    add("create behind a crowd that just came", "ms", lower, [](const figures& f) {
        return f.crowded.size() > 0 ? optional(ms(f.behind_crowd.count())) : std::nullopt;
    });
    add("create beside half requests, median", "ms", lower, [](const figures& f) {
        return f.crowded.size() > 0 ? optional(ms(f.crowded.median())) : std::nullopt;
    });
    add(
        "create beside half requests, worst", "ms", lower,
        [](const figures& f) {
            return f.crowded.size() > 0 ? optional(ms(f.crowded.quantile(1))) : std::nullopt;
        },
        crowded_target_ms);
    add("health requests, one connection", "/s", higher,
        [](const figures& f) { return optional(f.health_per_s); });
    add("health requests, eight connections", "/s", higher,
        [](const figures& f) { return optional(f.health_8_per_s); });
    out.push_back({"size of the program", "MiB", lower, binary_mib});
    return out;
}

std::string to_text(const std::vector<row>& table, bool compared) {
    constexpr int name_width = -36;
    constexpr int width = 14;
    std::string out = column("", name_width) + column("nullworkerd", width) + column("target", width);
    out += compared ? column("compared", width) + column("ratio", width) + "\n" : "\n";
    for (const row& r : table) {
        out += column(r.what, name_width) + column(number(r.value, r.unit), width);
        out += column(r.below ? "< " + number(r.below, r.unit) : "", width);
        if (compared)
            out += column(number(r.other, r.unit), width) + column(ratio(r), width);
        out += r.missed() ? "  MISSED\n" : "\n";
    }
    return out;
}

}  // namespace nullworker::bench
