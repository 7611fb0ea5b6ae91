#pragma once

#include <nullworker/base/error.hpp>
#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace nullworker::wire {

// Reads a message whose struct has nlohmann's conversion. The library reports wrong types by exceptions;
// they end here.
template <class T>
[[nodiscard]] result<T> read_message(std::string_view body) {
    const auto value = json_value::parse(body);
    if (!value)
        return value.error();
    try {
        return value->document().template get<T>();
    } catch (const nlohmann::json::exception&) {
        return errc::unexpected_message;
    }
}

[[nodiscard]] inline std::string compact(const nlohmann::json& document) {
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace nullworker::wire
