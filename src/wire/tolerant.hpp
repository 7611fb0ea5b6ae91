#pragma once

#include "conversion.hpp"

#include <initializer_list>
#include <string_view>
#include <vector>

// What Vast's services answer, whose types are not all as documented.
namespace nullworker::wire {

// What of a message can be read: each of `texts` is a text, and all else that is one is a figure. What is
// neither keeps its default.
[[nodiscard]] nlohmann::json tolerant(const nlohmann::json& entry,
                                      std::initializer_list<std::string_view> texts);

template <class T>
[[nodiscard]] std::vector<T> read_list(const nlohmann::json& list,
                                       std::initializer_list<std::string_view> texts) {
    std::vector<T> out;
    for (const auto& entry : list.get_ref<const nlohmann::json::array_t&>())
        out.push_back(tolerant(entry, texts).template get<T>());
    return out;
}

}  // namespace nullworker::wire
