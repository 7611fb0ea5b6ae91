#include "conversion.hpp"

#include <nullworker/wire/completion.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace nullworker::wire {
namespace {

constexpr std::array<std::string_view, 4> status_names = {"Success", "Rejected", "Error", "Cancelled"};

}  // namespace

void to_json(nlohmann::json& document, completion_status status) {
    document = to_string(status);
}

void from_json(const nlohmann::json& document, completion_status& status) {
    const auto& name = document.get_ref<const std::string&>();
    const auto named = completion_status_named(name);
    if (!named)
        throw nlohmann::json::other_error::create(501, "unknown status " + name, &document);
    status = *named;
}

NULLWORKER_MESSAGE(completion, request_idx, status, entered_queue_at, work_started_at, work_completed_at)

const char* to_string(completion_status status) noexcept {
    return status_names[static_cast<std::size_t>(status)].data();
}

std::optional<completion_status> completion_status_named(std::string_view name) noexcept {
    const auto found = std::find(status_names.begin(), status_names.end(), name);
    if (found == status_names.end())
        return std::nullopt;
    return static_cast<completion_status>(found - status_names.begin());
}

std::string to_json(const completion_batch& batch) {
    auto requests = nlohmann::json::array();
    for (const auto& request : batch.requests) {
        nlohmann::json entry = request;
        entry["success"] = request.success();
        requests.push_back(std::move(entry));
    }
    return compact(
        {{"worker_id", batch.worker_id}, {"mtoken", batch.mtoken}, {"requests", std::move(requests)}});
}

void from_json(const nlohmann::json& document, completion_batch& batch) {
    read_value(document.at("worker_id"), batch.worker_id);
    batch.mtoken = document.value("mtoken", std::string());
    document.at("requests").get_to(batch.requests);
}

result<completion_batch> parse_completion_batch(std::string_view body) {
    return read_message<completion_batch>(body);
}

}  // namespace nullworker::wire
