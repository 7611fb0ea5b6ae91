#pragma once

#include <nullworker/base/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::wire {

inline constexpr const char* framework_version = "1.1.0";

// POST {REPORT_ADDR}/worker_status/: what a worker tells the autoscaler about itself.
struct status_report {
    std::int64_t id = 0;
    std::string mtoken;
    std::string version = framework_version;
    double loadtime = 0;  // seconds from start to ready, 0 until then
    double cur_load = 0;  // cost of what is open now
    double rej_load = 0;  // rejected, new and completed since the last accepted report
    double new_load = 0;
    double cur_perf = 0;
    std::string error_msg;
    double max_perf = 0;  // 0 until the worker is ready
    std::int64_t num_requests_working = 0;
    std::int64_t num_requests_recieved = 0;  // spelt so on the wire
    double additional_disk_usage = 0;        // GiB since the last accepted report
    std::vector<std::int64_t> working_request_idxs;
    std::string url;
};

[[nodiscard]] std::string to_json(const status_report& report);

// Fails with invalid_json or unexpected_message. Absent fields keep their defaults, but for id, and for url
// where there is no error_msg.
[[nodiscard]] result<status_report> parse_status_report(std::string_view body);

}  // namespace nullworker::wire
