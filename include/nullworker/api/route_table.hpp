#pragma once

#include <nullworker/net/message.hpp>

#include <span>
#include <string_view>

namespace nullworker::api {

// One row: what a listener answers. `Room` is the class whose member handles it; `Answer` is what it
// answers, and can be made of a net::reply.
template <class Room, class Answer>
struct route {
    net::verb method;
    std::string_view path;
    Answer (Room::*handle)(const net::request&);
};

// Finds the row and calls it: 404 for a path that no row has, 405 with Allow for another verb.
template <class Room, class Answer>
[[nodiscard]] Answer dispatch(Room& room, std::span<const route<Room, Answer>> routes,
                              const net::request& request) {
    const route<Room, Answer>* same_path = nullptr;
    for (const auto& row : routes) {
        if (row.path != request.path)
            continue;
        if (row.method == request.method)
            return (room.*row.handle)(request);
        same_path = &row;
    }
    if (!same_path)
        return net::status_reply(404);
    auto refused = net::status_reply(405);
    refused.headers.emplace_back("Allow", net::to_string(same_path->method));
    return refused;
}

}  // namespace nullworker::api
