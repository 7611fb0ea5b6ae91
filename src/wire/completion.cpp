#include "conversion.hpp"

#include <nullworker/wire/completion.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace nullworker::wire {
namespace {

constexpr std::array<std::string_view, 4> status_names = {"Success", "Rejected", "Error", "Cancelled"};

void append_row(std::string& out, const completion& request) {
    out += R"({"entered_queue_at":)";
    append_json(out, request.entered_queue_at);
    out.append(R"(,"request_idx":)").append(std::to_string(request.request_idx));
    out.append(R"(,"status":")").append(to_string(request.status));
    out.append(R"(","success":)").append(request.success() ? "true" : "false");
    out += R"(,"work_completed_at":)";
    append_json(out, request.work_completed_at);
    out += R"(,"work_started_at":)";
    append_json(out, request.work_started_at);
    out += '}';
}

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

// Written without a document in between: under many pings nothing costs as much as these rows.
std::string to_json(const completion_batch& batch) {
    constexpr std::size_t usual_row = 192;
    std::string out = R"({"mtoken":)" + compact(batch.mtoken) + R"(,"requests":[)";
    out.reserve(out.size() + usual_row * (batch.requests.size() + 1));
    const char* separator = "";
    for (const auto& request : batch.requests) {
        out += std::exchange(separator, ",");
        append_row(out, request);
    }
    return out.append(R"(],"worker_id":)").append(std::to_string(batch.worker_id)).append("}");
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
