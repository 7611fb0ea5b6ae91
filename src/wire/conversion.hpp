#pragma once

#include <nullworker/base/error.hpp>
#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How the structs of this room become JSON, and JSON a struct.

// What is not there is null on the wire.
template <class T>
struct nlohmann::adl_serializer<std::optional<T>> {
    static void to_json(json& document, const std::optional<T>& value) {
        if (value)
            document = *value;
        else
            document = nullptr;
    }
    static void from_json(const json& document, std::optional<T>& value) {
        if (document.is_null())
            value.reset();
        else
            value = document.get<T>();
    }
};

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

template <class T>
void read_value(const nlohmann::json& value, T& out) {
    value.get_to(out);
}

// The library casts to integers what they cannot hold: undefined for 1e300, a negative number for 2^63.
inline void read_value(const nlohmann::json& value, std::int64_t& out) {
    constexpr double two_to_63 = 9223372036854775808.0;
    constexpr std::uint64_t greatest = std::numeric_limits<std::int64_t>::max();
    bool fits = true;
    if (value.is_number_unsigned())
        fits = value.get<std::uint64_t>() <= greatest;
    else if (value.is_number_float())
        fits = value.get<double>() >= -two_to_63 && value.get<double>() < two_to_63;
    if (!fits)
        throw nlohmann::json::out_of_range::create(406, "beyond 64 bits", &value);
    value.get_to(out);
}

inline void read_value(const nlohmann::json& value, std::vector<std::int64_t>& out) {
    out.clear();
    for (const auto& element : value.get_ref<const nlohmann::json::array_t&>())
        read_value(element, out.emplace_back());
}

template <class T>
void read_value(const nlohmann::json& value, std::optional<T>& out) {
    out.reset();
    if (!value.is_null())
        read_value(value, out.emplace());
}

// A member that may be absent; `out` is then left alone.
template <class T>
void read_member(const nlohmann::json& message, const char* name, T& out) {
    const auto& members = message.get_ref<const nlohmann::json::object_t&>();
    if (const auto found = members.find(name); found != members.end())
        read_value(found->second, out);
}

// nlohmann's NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT, but that members are read by read_member.
#define NULLWORKER_READ_MEMBER(name) ::nullworker::wire::read_member(document, #name, message.name);
#define NULLWORKER_WRITE_MEMBER(name) document[#name] = message.name;
#define NULLWORKER_MESSAGE(Type, ...)                                                   \
    inline void to_json(nlohmann::json& document, const Type& message) {                \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NULLWORKER_WRITE_MEMBER, __VA_ARGS__)) \
    }                                                                                   \
    inline void from_json(const nlohmann::json& document, Type& message) {              \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(NULLWORKER_READ_MEMBER, __VA_ARGS__))  \
    }

}  // namespace nullworker::wire
