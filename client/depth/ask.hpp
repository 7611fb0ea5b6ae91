#pragma once

#include <depth/conversation.hpp>
#include <depth/figure.hpp>
#include <depth/http_inquiry.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

// How servers are asked for the depth of a queue.
namespace nullworker::client {

// Where a conversation takes place.
struct talk_place {
    net::server_place server;
    std::string kind;  // what speaks there: "Redis"
};

// Has the conversation, with as many servers as it turns to. All of it takes `limit` at most.
[[nodiscard]] asio::awaitable<outcome<figure>> converse(std::shared_ptr<conversation> talk, talk_place where,
                                                        net::way_out out,
                                                        std::chrono::steady_clock::duration limit);

// Asks one server after the other until one has a figure. All of it takes `limit` at most.
[[nodiscard]] asio::awaitable<outcome<figure>> fetch(std::vector<http_inquiry> inquiries, net::way_out out,
                                                     std::chrono::steady_clock::duration limit);

}  // namespace nullworker::client
