#include <nullworker/wire/route_grant.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nullworker::wire {

// Python's json.dumps({"url": url}, indent=4, sort_keys=True), byte for byte.
std::string signed_message(const std::string& url) {
    const bool is_plain = std::all_of(url.begin(), url.end(),
                                      [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (is_plain)
        return "{\n    \"url\": \"" + url + "\"\n}";
    const nlohmann::json message = {{"url", url}};
    return message.dump(4, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

}  // namespace nullworker::wire
