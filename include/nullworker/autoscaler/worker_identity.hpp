#pragma once

#include <cstdint>
#include <string>

namespace nullworker::autoscaler {

// What a report says about the worker that never changes.
struct worker_identity {
    std::int64_t id = 0;
    std::string mtoken;
    std::string version;
    std::string url;
    double max_perf = 100.0;
};

}  // namespace nullworker::autoscaler
