#include <terminal/figures.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace nullworker::client {
namespace {

struct unit {
    long seconds;
    const char* name;
};

constexpr std::array units = {unit{86400, " d"}, unit{3600, " h"}, unit{60, " min"}, unit{1, " s"}};

constexpr double longest_with_tenths = 9.95;
constexpr double least_of_cents = 0.1;

std::string with_decimals(double value, int decimals) {
    std::array<char, 48> text{};
    (void)std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

}  // namespace

std::string span_text(double seconds) {
    const auto whole = std::lround(std::clamp(seconds, 0.0, 1e12));
    for (std::size_t i = 0; i + 1 < units.size(); ++i) {
        if (whole < units[i].seconds)
            continue;
        const auto rest = whole % units[i].seconds / units[i + 1].seconds;
        return std::to_string(whole / units[i].seconds) + units[i].name +
               (rest == 0 ? "" : ' ' + std::to_string(rest) + units[i + 1].name);
    }
    return std::to_string(whole) + " s";
}

std::string brief_span_text(double seconds) {
    return seconds < longest_with_tenths ? with_decimals(std::max(seconds, 0.0), 1) + " s"
                                         : span_text(seconds);
}

std::string dollars_text(double dollars) {
    return '$' + with_decimals(dollars, dollars < least_of_cents && dollars > 0 ? 4 : 2);
}

}  // namespace nullworker::client
