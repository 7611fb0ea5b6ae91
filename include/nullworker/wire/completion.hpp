#pragma once

#include <nullworker/base/error.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::wire {

enum class completion_status { success, rejected, error, cancelled };

// The name on the wire: "Success", "Rejected", "Error", "Cancelled".
[[nodiscard]] const char* to_string(completion_status status) noexcept;

// The status of that name, or nothing.
[[nodiscard]] std::optional<completion_status> completion_status_named(std::string_view name) noexcept;

// How one request ended. Times are epoch seconds, 0 where they do not apply.
struct completion {
    std::int64_t request_idx = 0;
    completion_status status = completion_status::success;
    double entered_queue_at = 0;
    double work_started_at = 0;
    double work_completed_at = 0;

    [[nodiscard]] bool success() const noexcept { return status == completion_status::success; }
};

// POST {REPORT_ADDR}/delete_requests/
struct completion_batch {
    std::int64_t worker_id = 0;
    std::string mtoken;
    std::vector<completion> requests;
};

[[nodiscard]] std::string to_json(const completion_batch& batch);

// Fails with invalid_json or unexpected_message.
[[nodiscard]] result<completion_batch> parse_completion_batch(std::string_view body);

}  // namespace nullworker::wire
