#include "tolerant.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>

namespace nullworker::wire {
namespace {

// A figure that came as a text.
std::optional<double> figure(const std::string& text) {
    double number = 0;
    const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = ec == std::errc() && stop == text.data() + text.size();
    return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace

nlohmann::json tolerant(const nlohmann::json& entry, std::initializer_list<std::string_view> texts) {
    if (!entry.is_object())
        return entry;
    auto out = nlohmann::json::object();
    for (const auto& [name, value] : entry.get_ref<const nlohmann::json::object_t&>()) {
        const bool is_text = std::find(texts.begin(), texts.end(), name) != texts.end();
        if (value.is_string() && !is_text) {
            if (const auto number = figure(value.get_ref<const std::string&>()))
                out[name] = *number;
        } else if (value.is_string() || (value.is_number() && !is_text)) {
            out[name] = value;
        }
    }
    return out;
}

}  // namespace nullworker::wire
