#pragma once

#include "fuzz_target.hpp"

#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/refusal.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nullworker::fuzz {

// A map of fields to what is wrong with each, or with the fields of that field.
inline bool is_fault_map(const nlohmann::json& faults) {
    return faults.is_object() && !faults.empty() &&
           std::all_of(faults.begin(), faults.end(),
                       [](const nlohmann::json& fault) { return fault.is_string() || is_fault_map(fault); });
}

// {"error": "…"} or a map of faults, and not long, however long the request was.
inline void require_refusal(const wire::refusal& why) {
    constexpr std::size_t longest = 1024;
    require(why.body.size() <= longest, "a refusal is short");
    const auto body = wire::json_value::parse(why.body);
    require(body.has_value(), "a refusal is JSON");
    require(is_fault_map(body->document()), "a refusal says what is wrong");
}

}  // namespace nullworker::fuzz
