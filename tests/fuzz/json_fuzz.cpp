#include "fuzz_target.hpp"

#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

// Any JSON document, and whether two are the same.
namespace nullworker::fuzz {
namespace {

using nlohmann::json;
using wire::json_value;

// Wide enough for every value of every type of number.
long double exact(const json& number) {
    if (number.is_number_unsigned())
        return static_cast<long double>(number.get<std::uint64_t>());
    if (number.is_number_integer())
        return static_cast<long double>(number.get<std::int64_t>());
    return number.get<double>();
}

// Deep equality once more, written another way.
bool same(const json& a, const json& b) {
    if (a.is_number() && b.is_number())
        return exact(a) == exact(b);
    if (a.type() != b.type() || a.size() != b.size())
        return false;
    if (a.is_array())
        return std::equal(a.begin(), a.end(), b.begin(), same);
    if (a.is_object()) {
        const auto& left = a.get_ref<const json::object_t&>();
        const auto& right = b.get_ref<const json::object_t&>();
        return std::equal(left.begin(), left.end(), right.begin(), [](const auto& x, const auto& y) {
            return x.first == y.first && same(x.second, y.second);
        });
    }
    return a == b;
}

}  // namespace

FUZZ_TARGET(json, 500) {
    std::string duplicate;
    const auto value = json_value::parse(input, &duplicate);
    if (!value) {
        require(value.error() == errc::invalid_json || value.error() == errc::duplicate_key,
                "a failure is one of the two");
        require(value.error() == errc::duplicate_key || duplicate.empty(), "only a duplicate key is named");
        return;
    }
    require(json::accept(input), "what is taken is JSON");
    require(equals_itself(*value), "a value equals itself");
    require(same(value->document(), json::parse(input)), "what is read is what stands there");

    const auto printed = value->dump();
    const auto again = json_value::parse(printed);
    require(again.has_value() && *again == *value, "what is printed parses to the same");
    require(again->dump() == printed, "what is printed is printed the same again");
    require(!(json_value(json::array({value->document()})) == *value), "a value differs from a list of it");

    constexpr std::size_t most = 16;
    if (const json& list = value->document(); list.is_array())
        for (std::size_t i = 1; i < std::min(list.size(), most); ++i)
            require((json_value(list[i - 1]) == json_value(list[i])) == same(list[i - 1], list[i]),
                    "values are the same where they are deeply equal");
}

}  // namespace nullworker::fuzz
