#pragma once

#include <depth/figure.hpp>
#include <depth/place.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/message.hpp>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

// What is asked by HTTP for the depth of a queue, and what the answers mean.
namespace nullworker::client {

struct http_inquiry;

// What an answer leads to: a figure, or why there is none, or another question to the same server.
using http_reading = std::variant<outcome<figure>, std::shared_ptr<const http_inquiry>>;

struct http_inquiry {
    url target;
    credentials who;
    std::string server;     // by which messages name it: "RabbitMQ at http://127.0.0.1:15672"
    std::string not_found;  // what the status 404 says
    std::function<http_reading(const std::string& body)> read;
};

// What an answer says if its status is one of success; else why there is no figure.
[[nodiscard]] http_reading read_answer(const http_inquiry& asked, const net::reply& answer);

// These throw startup_error for a URL that cannot be meant.

// The queue of a virtual host, by the management API.
[[nodiscard]] http_inquiry ask_rabbitmq(const http_place& where, const std::string& queue,
                                        const std::string& virtual_host);

// A consumer of a stream of JetStream, by the monitoring port; of an account, where it is named.
[[nodiscard]] http_inquiry ask_nats(const http_place& where, const std::string& stream,
                                    const std::string& consumer, const std::string& account);

// Members of any JSON, by JSON pointers. Throws startup_error for a text that is none.
[[nodiscard]] http_inquiry ask_for_members(const http_place& where, const std::vector<std::string>& pointers);

}  // namespace nullworker::client
