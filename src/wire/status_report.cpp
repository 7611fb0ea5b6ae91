#include "conversion.hpp"

#include <nullworker/wire/status_report.hpp>

namespace nullworker::wire {

NULLWORKER_MESSAGE(status_report, id, mtoken, version, loadtime, cur_load, rej_load, new_load, error_msg,
                   max_perf, cur_perf, num_requests_working, num_requests_recieved, additional_disk_usage,
                   working_request_idxs, url)

std::string to_json(const status_report& report) {
    nlohmann::json document = report;
    // Always 0 in the framework, and expected by the autoscaler.
    document["cur_capacity"] = 0;
    document["max_capacity"] = 0;
    return compact(document);
}

result<status_report> parse_status_report(std::string_view body) {
    auto report = read_message<status_report>(body);
    // A start script that gives up knows no URL, and tells the reason alone.
    if (report && (report->id == 0 || (report->url.empty() && report->error_msg.empty())))
        return errc::unexpected_message;
    return report;
}

}  // namespace nullworker::wire
