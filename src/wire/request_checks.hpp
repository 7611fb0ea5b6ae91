#pragma once

#include <nullworker/wire/json_value.hpp>
#include <nullworker/wire/refusal.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

// What requests of every kind are checked with.
namespace nullworker::wire {

// nullptr, or what is wrong with the value.
[[nodiscard]] inline const char* is_positive(const nlohmann::json& value) {
    const bool positive = value.is_number() && std::isfinite(value.get<double>()) && value.get<double>() > 0;
    return positive ? nullptr : "must be a finite number greater than 0";
}

// At most `longest` bytes of a text in UTF-8, and no half of a character.
[[nodiscard]] inline std::string excerpt(const std::string& text, std::size_t longest) {
    if (text.size() <= longest)
        return text;
    while (longest > 0 && (static_cast<unsigned char>(text[longest]) & 0xC0) == 0x80)
        --longest;
    return text.substr(0, longest) + "…";
}

// The object in a request's body, or why it is none.
[[nodiscard]] inline parsed<json_value> parse_object(std::string_view body) {
    constexpr std::size_t longest_name = 64;
    std::string duplicate;
    const auto value = json_value::parse(body, &duplicate);
    if (!value)
        return refuse(value.error() == errc::duplicate_key
                          ? "duplicate key \"" + excerpt(duplicate, longest_name) + '"'
                          : "invalid JSON");
    if (!value->document().is_object())
        return refuse("body", "must be an object");
    return *value;
}

// Reads a number that is the whole of `text`.
template <class Number>
[[nodiscard]] bool read_number(std::string_view text, Number& out) {
    const auto* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, out);
    return ec == std::errc() && stop == end;
}

}  // namespace nullworker::wire
