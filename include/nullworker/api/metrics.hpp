#pragma once

#include <string>
#include <vector>

namespace nullworker::api {

// One figure of the worker, in the exposition format of Prometheus.
struct metric {
    enum class kind { gauge, counter };

    const char* name;  // without the prefix `nullworker_`
    kind type = kind::gauge;
    const char* help;
    double value = 0;
    std::string reason = {};  // a label of this name; empty: none
};

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string to_text(const std::vector<metric>& metrics);

}  // namespace nullworker::api
