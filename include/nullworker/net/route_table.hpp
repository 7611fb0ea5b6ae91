#pragma once

#include <nullworker/net/message.hpp>

#include <span>
#include <string_view>

namespace nullworker::net {

// One row: what a listener answers. `Room` is the class whose member handles it; `Answer` is what it answers,
// and can be made of a reply. A path that ends with "/*" stands for every path that has one more segment in
// that place.
template <class Room, class Answer>
struct route {
    verb method;
    std::string_view path;
    Answer (Room::*handle)(const request&);
};

[[nodiscard]] constexpr bool leads_to(std::string_view pattern, std::string_view path) {
    if (!pattern.ends_with("/*"))
        return pattern == path;
    pattern.remove_suffix(1);
    return path.starts_with(pattern) && path.size() > pattern.size() &&
           path.find('/', pattern.size()) == std::string_view::npos;
}

// Finds the row and calls it: 404 for a path that no row has, 405 with Allow for another verb. `refuse` makes
// those two.
template <class Room, class Answer>
[[nodiscard]] Answer dispatch(Room& room, std::span<const route<Room, Answer>> routes, const request& asked,
                              reply (*refuse)(unsigned status) = status_reply) {
    const route<Room, Answer>* same_path = nullptr;
    for (const auto& row : routes) {
        if (!leads_to(row.path, asked.path))
            continue;
        if (row.method == asked.method)
            return (room.*row.handle)(asked);
        same_path = &row;
    }
    if (!same_path)
        return refuse(404);
    auto refused = refuse(405);
    refused.headers.emplace_back("Allow",
                                 same_path->method == verb::get ? "GET, HEAD" : to_string(same_path->method));
    return refused;
}

}  // namespace nullworker::net
