#include "rows.hpp"

#include <cstdio>

namespace nullworker::bench {
namespace {

std::vector<target> half_of_nginx_and_most_of_beast() {
    return {{bound::at_least, 0.50, side::nginx}, {bound::at_least, 0.80, side::beast}};
}

std::vector<target> a_third_of_the_other() {
    return {{bound::at_most, 1.0 / 3, side::against}};
}

target at_most(double value) {
    return {bound::at_most, value};
}

}  // namespace

const std::vector<row>& all_rows() {
    static const std::vector<row> rows = {
        {"throughput", "ping", "signed ping", "k/s", half_of_nginx_and_most_of_beast()},
        {"throughput", "session-ping", "ping in its session", "k/s", half_of_nginx_and_most_of_beast()},
        {"throughput", "get", "/session/get", "k/s", half_of_nginx_and_most_of_beast()},

        {"instructions", "instructions-get", "instructions a get", "k", {at_most(60)}},
        {"instructions",
         "instructions-session-ping",
         "instructions a ping in its session",
         "k",
         {at_most(60)}},
        {"instructions", "instructions-ping", "instructions a ping", "k", {at_most(60)}},
        {"instructions", "instructions-404", "instructions a 404", "k"},

        {"latency", "create", "create, p99", "ms", a_third_of_the_other()},
        {"latency", "end", "end, p99", "ms", a_third_of_the_other()},
        {"latency", "cycles", "creates and ends", "/s"},

        {"memory", "memory-idle", "private memory, idle", "MiB", {at_most(0.8)}},
        {"memory", "memory-worked", "private memory after 10,000 cycles", "MiB", {at_most(1.2)}},
        {"memory", "memory-connection", "each of 1,000 idle connections", "KiB", {at_most(8)}},
        {"memory", "memory-left", "of that 10 s after they closed", "MiB", {at_most(0.3)}},
        {"memory", "memory-resident", "resident memory after all that", "MiB", {at_most(12)}},

        {"life", "start", "spawn to ready report", "ms", {{bound::at_most, 2.5, side::plain}}},
        {"life", "stop", "SIGTERM to exit, nothing held", "ms", {at_most(3)}},
        {"life", "stop-reports", "reports on that way", "", {at_most(1)}},

        {"idle", "idle-no-probe", "CPU idle, no probe", "ms/min", {at_most(2.5)}},
        {"idle", "idle-http", "CPU idle, http probe", "ms/min", {at_most(5)}},
        {"idle", "idle-exec", "CPU idle, exec probe", "ms/min", {at_most(30)}},

        {"promptness", "change", "change to report, median", "ms", {at_most(10)}},
        {"promptness", "change-p99", "change to report, p99", "ms"},
        {"promptness", "expiry", "expiry to completion, worst", "ms", {at_most(50)}},

        {"growth", "scaler-growth", "exponent of the scaler's growth", "", {at_most(1.1)}},
        {"growth", "scaler-10000", "its run with 10,000 workers", "ms"},

        {"following", "follow-open", "follow --max 5000, until all are open", "s", {at_most(60)}},
        {"following", "follow-cpu", "its CPU a session", "ms/min", {at_most(5)}},
        {"following", "follow-memory", "its memory a session", "KiB", {at_most(16)}},

        {"crowd", "crowded", "create beside 2,000 half requests, worst", "ms", {at_most(50)}},
    };
    return rows;
}

std::optional<verdict> judge(const notebook& book, const row& of, const target& wanted, side who) {
    const auto value = wanted.of ? book.quotient(of.name, who, *wanted.of) : book.value(of.name, who);
    if (!value)
        return std::nullopt;
    const bool met = wanted.direction == bound::at_least ? *value >= wanted.factor : *value <= wanted.factor;
    return verdict{*value, met};
}

bool any_missed(const notebook& book) {
    for (const auto& each : all_rows())
        for (const auto& wanted : each.targets)
            for (const side who : ours)
                if (const auto found = judge(book, each, wanted, who); found && !found->met)
                    return true;
    return false;
}

std::string to_text(const target& wanted, std::string_view unit) {
    char text[96];
    const char* sign = wanted.direction == bound::at_least ? "≥" : "≤";
    if (wanted.of)
        std::snprintf(text, sizeof text, "%s %.2f of %s", sign, wanted.factor,
                      std::string(name_of(*wanted.of)).c_str());
    else
        std::snprintf(text, sizeof text, "%s %g %s", sign, wanted.factor, std::string(unit).c_str());
    return text;
}

}  // namespace nullworker::bench
