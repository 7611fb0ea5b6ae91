#include <nullworker/wire/route_grant.hpp>

#include <nlohmann/json.hpp>

namespace nullworker::wire {

std::string signed_message(const std::string& url) {
    // Python's json.dumps({"url": url}, indent=4, sort_keys=True), byte for byte.
    const nlohmann::json message = {{"url", url}};
    return message.dump(4, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

}  // namespace nullworker::wire
