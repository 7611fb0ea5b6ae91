#include <array>
#include <cstdint>
#include <cstdio>
#include <doctor/parameter_rules.hpp>
#include <optional>

namespace nullworker::client {
namespace {

using wire::endpoint_info;
using parameter = std::optional<double>;

// One parameter: where it stands, what Vast takes where it was never set, and what is right.
struct rule {
    const char* name;
    parameter (*read)(const endpoint_info&);
    double if_unset;
    bool (*is_right)(double);
    severity otherwise;
    const char* right;   // as the command line takes it
    const char* wanted;  // the same for people
    const char* reason;
};

parameter count_of(const std::optional<std::int64_t>& count) {
    return count ? parameter(static_cast<double>(*count)) : std::nullopt;
}

bool is_nothing(double value) {
    return value <= 0;
}

bool is_positive(double value) {
    return value > 0;
}

// Vast's defaults are those of its documentation, where its command line has others.
constexpr std::array rules = {
    rule{"target_util", [](const endpoint_info& e) { return e.target_util; }, 0.9,
         [](double value) { return value >= 1; }, severity::fail, "1.0", "1",
         "capacity wanted = load / this: below 1 one session rents two machines"},
    rule{
        "max_queue_time", [](const endpoint_info& e) { return e.max_queue_time; }, 30,
        [](double value) { return value <= 1; }, severity::fail, "1", "1",
        "a taken worker has an implied queue of 1 s: above 1 it still looks free, and the next session waits "
        "there"},
    rule{"target_queue_time", [](const endpoint_info& e) { return e.target_queue_time; }, 10,
         [](double value) { return value < 1; }, severity::fail, "0.5", "0.5",
         "from 1 on a taken worker is within the target, and no machine is started for the next session"},
    rule{"max_workers", [](const endpoint_info& e) { return count_of(e.max_workers); }, 16,
         [](double value) { return value != 0; }, severity::fail, "16", "as many as you want sessions",
         "the most machines at once, and so the most that you can spend; with 0 none may run"},
    rule{"min_load", [](const endpoint_info& e) { return e.min_load; }, 1, is_nothing, severity::warn, "0",
         "0", "above 0 machines run, and are paid for, while nothing is reserved"},
    rule{"min_cold_load", [](const endpoint_info& e) { return e.min_cold_load; }, 0, is_nothing,
         severity::warn, "0", "0", "above 0 stopped machines are kept, and their disks are paid for"},
    rule{"cold_workers", [](const endpoint_info& e) { return count_of(e.cold_workers); }, 5, is_nothing,
         severity::warn, "0", "0",
         "min_workers in the console: so many machines are kept while nothing is reserved, and their disks "
         "are "
         "paid for"},
    rule{"cold_mult", [](const endpoint_info& e) { return e.cold_mult; }, 3,
         [](double value) { return value <= 1; }, severity::warn, "1", "1",
         "above 1 stopped machines are kept beside those that are taken, and their disks are paid for"},
    rule{"inactivity_timeout", [](const endpoint_info& e) { return e.inactivity_timeout; }, 0, is_positive,
         severity::warn, "10", "10",
         "seconds without traffic, after which the endpoint may go to zero machines: not set or 0 leaves "
         "that to "
         "other rules, a negative number forbids it"},
};

std::string text_of(double value) {
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.6g", value);
    return text.data();
}

// What an unset inactivity_timeout does, no number does.
std::string found_text(const rule& of, const parameter& value) {
    if (value)
        return text_of(*value);
    return of.if_unset == 0 ? "not set" : "not set, Vast takes " + text_of(of.if_unset);
}

bool is_right(const rule& of, const endpoint_info& endpoint) {
    return of.is_right(of.read(endpoint).value_or(of.if_unset));
}

std::string option_of(const rule& of) {
    return std::string(" --") + of.name + ' ' + of.right;
}

std::string update_of(const endpoint_info& endpoint) {
    return "vastai update endpoint " + std::to_string(endpoint.id);
}

}  // namespace

std::vector<finding> judge_parameters(const endpoint_info& endpoint) {
    std::vector<finding> out;
    for (const auto& each : rules) {
        finding made{.subject = each.name,
                     .value = found_text(each, each.read(endpoint)),
                     .wanted = each.wanted,
                     .reason = each.reason};
        if (!is_right(each, endpoint)) {
            made.how = each.otherwise;
            made.command = update_of(endpoint) + option_of(each);
        }
        out.push_back(std::move(made));
    }
    return out;
}

std::string mending_line(const endpoint_info& endpoint) {
    std::string options;
    for (const auto& each : rules)
        if (!is_right(each, endpoint))
            options += option_of(each);
    return options.empty() ? std::string() : update_of(endpoint) + options;
}

}  // namespace nullworker::client
