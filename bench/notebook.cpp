#include "notebook.hpp"

#include <algorithm>
#include <cmath>

namespace nullworker::bench {

std::string_view name_of(side who) noexcept {
    switch (who) {
        case side::kept:
            return "state_on";
        case side::bare:
            return "state_off";
        case side::client:
            return "client";
        case side::nginx:
            return "nginx";
        case side::beast:
            return "beast";
        case side::against:
            return "against";
        case side::plain:
            return "true";
    }
    return "";
}

double quantile(std::vector<double> values, double rank) {
    if (values.empty())
        return 0;
    std::sort(values.begin(), values.end());
    const auto place = std::ceil(rank * static_cast<double>(values.size())) - 1;
    return values[static_cast<std::size_t>(std::max(0.0, place))];
}

const std::vector<double>& notebook::runs(std::string_view row, side who) const {
    static const std::vector<double> none;
    const auto found = x_values.find(row);
    if (found == x_values.end())
        return none;
    const auto values = found->second.find(who);
    return values == found->second.end() ? none : values->second;
}

std::optional<double> notebook::value(std::string_view row, side who) const {
    const auto& values = runs(row, who);
    return values.empty() ? std::nullopt : std::optional(median(values));
}

std::optional<double> notebook::quotient(std::string_view row, side who, side other) const {
    const auto& of = runs(row, who);
    const auto& by = runs(row, other);
    if (of.empty() || by.empty())
        return std::nullopt;
    if (of.size() != by.size())
        return median(of) / median(by);
    std::vector<double> each;
    for (std::size_t i = 0; i < of.size(); ++i)
        each.push_back(of[i] / by[i]);
    return median(std::move(each));
}

}  // namespace nullworker::bench
