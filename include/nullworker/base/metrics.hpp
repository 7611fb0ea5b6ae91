#pragma once

#include <nullworker/base/counts.hpp>
#include <nullworker/base/histogram.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// Figures of a program in the exposition format of Prometheus. Names and units are as Prometheus asks: base
// units (_seconds), _total behind what only grows, and nothing of the unit's multiples. Labels have few
// values, each of which is a series of its own: never what a peer wrote.
namespace nullworker {

// One value of a metric that has several, which its labels tell apart.
struct series {
    using label = std::pair<const char*, std::string>;

    std::vector<label> labels;
    double value = 0;
};

struct metric {
    enum class kind { gauge, counter, histogram };

    const char* name;  // without the prefix `nullworker_`
    kind type = kind::gauge;
    const char* help;

    // A histogram outlives it. Where there is no series nothing is said of the metric.
    std::variant<double, std::vector<series>, std::reference_wrapper<const nullworker::histogram>> values;
};

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string to_text(const std::vector<metric>& metrics);

// One series for each thing that `Enum` names by its `to_string`, under the label `name`.
template <class Enum, std::size_t size>
[[nodiscard]] std::vector<series> series_by(const char* name, const counts<Enum, size>& all) {
    std::vector<series> out;
    for (std::size_t i = 0; i < size; ++i) {
        const auto what = static_cast<Enum>(i);
        out.push_back({{{name, to_string(what)}}, static_cast<double>(all.of(what))});
    }
    return out;
}

// The program and its version, the same for all that we have.
[[nodiscard]] metric build_info(std::string program);

}  // namespace nullworker
