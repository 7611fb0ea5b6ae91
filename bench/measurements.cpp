#include "measurements.hpp"

namespace nullworker::bench {

const std::vector<measurement>& all_measurements() {
    static const std::vector<measurement> all = {
        {"throughput", throughput},
        {"instructions", instructions},
        {"latency", latency},
        {"memory", memory},
        {"life", life},
        {"idle", idleness},
        {"promptness", promptness},
        {"crowd", crowd},
        {"growth", growth},
        {"following", following},
    };
    return all;
}

}  // namespace nullworker::bench
