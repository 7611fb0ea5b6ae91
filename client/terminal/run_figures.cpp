#include <terminal/figures.hpp>
#include <terminal/run_figures.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

constexpr std::size_t figure_margin = 2;
constexpr std::size_t figure_label_columns = 10;

text_row figure_row(const char* label, std::string text) {
    return {{std::string(figure_margin, ' ')}, {label, look::dim, figure_label_columns}, {std::move(text)}};
}

std::string told_spread(const spread& of) {
    return "median " + brief_span_text(of.median.count()) + ", longest " +
           brief_span_text(of.longest.count());
}

std::string told_time(const run_figures& of) {
    const auto& total = of.total;
    auto out = std::to_string(of.peak_workers) + " at most; " + brief_span_text(total.paid.count()) +
               " of their time paid, " + brief_span_text(total.used.count()) + " used";
    if (total.paid > seconds(0))
        out += " (" + std::to_string(std::lround(100 * total.used / total.paid)) + " %)";
    out += ", " + brief_span_text(total.idle.count()) + " idle";
    if (total.unknown > seconds(0))
        out += ", " + brief_span_text(total.unknown.count()) + " unknown";
    return out;
}

progress::value told_or_null(const std::optional<seconds>& span) {
    return span ? progress::value(span->count()) : progress::value();
}

}  // namespace

std::optional<spread> spread_of(std::vector<seconds> values) {
    if (values.empty())
        return std::nullopt;
    std::sort(values.begin(), values.end());
    const auto half = values.size() / 2;
    const auto median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    return spread{median, values.back()};
}

run_figures figures_of(const watch::timeline& of, std::vector<seconds> waits, std::vector<seconds> holds,
                       instant now) {
    const auto seen = of.look(now);
    return {.waits = spread_of(std::move(waits)),
            .holds = spread_of(std::move(holds)),
            .peak_workers = seen.peak_workers,
            .total = seen.total};
}

std::vector<text_row> rows_of(const run_figures& figures) {
    std::vector<text_row> out;
    if (figures.waits)
        out.push_back(figure_row("waits", told_spread(*figures.waits)));
    if (figures.holds)
        out.push_back(figure_row("holds", told_spread(*figures.holds)));
    out.push_back(figure_row("workers", told_time(figures)));
    if (figures.total.dollars)
        out.push_back(figure_row("cost", dollars_text(*figures.total.dollars)));
    return out;
}

std::vector<progress::field> fields_of(const run_figures& figures) {
    const auto part = [](const std::optional<spread>& of, seconds spread::*which) {
        return told_or_null(of ? std::optional((*of).*which) : std::nullopt);
    };
    const auto& total = figures.total;
    return {{"wait_median", part(figures.waits, &spread::median)},
            {"wait_longest", part(figures.waits, &spread::longest)},
            {"hold_median", part(figures.holds, &spread::median)},
            {"hold_longest", part(figures.holds, &spread::longest)},
            {"peak_workers", std::int64_t{figures.peak_workers}},
            {"paid_seconds", total.paid.count()},
            {"used_seconds", total.used.count()},
            {"idle_seconds", total.idle.count()},
            {"unknown_seconds", total.unknown.count()},
            {"dollars", total.dollars ? progress::value(*total.dollars) : progress::value()}};
}

}  // namespace nullworker::client
