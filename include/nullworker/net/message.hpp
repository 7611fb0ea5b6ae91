#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nullworker::net {

// The verbs any route of the contract uses; `other` is every other verb.
enum class verb : std::uint8_t { get, post, other };

[[nodiscard]] const char* to_string(verb value) noexcept;

// A name and its value; names are compared without regard to case.
using header = std::pair<std::string, std::string>;

// A request as a server hands it to its handler: whole, within the server's limits.
struct request {
    verb method = verb::other;
    std::string path;   // without the query, not decoded
    std::string query;  // without the '?', not decoded
    std::vector<header> headers;
    std::string body;
    bool from_loopback = false;  // the peer is on this machine: a loopback address, or a Unix socket
    std::chrono::steady_clock::duration waited{};  // since it came; the longest there is when it must be
                                                   // answered now, see `reply::hold`

    // The first value of `name`, or nothing.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

struct reply {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<header> headers = {};
    bool drop = false;  // send nothing and close the connection: for those who play a peer that fails

    // Where set, this is no answer yet. The server keeps the request and asks its handler again whenever
    // `http_server::look_again` says that something changed, and at the latest once `request::waited` is as
    // long as this; then the handler must answer.
    std::optional<std::chrono::steady_clock::duration> hold = {};
};

// `body` as application/json.
[[nodiscard]] reply json_reply(unsigned status, std::string body);

// `body` as text/plain.
[[nodiscard]] reply text_reply(unsigned status, std::string body);

// No body; the type that the framework gives such a reply.
[[nodiscard]] reply empty_reply(unsigned status);

// "404: Not Found", as text/plain.
[[nodiscard]] reply status_reply(unsigned status);

}  // namespace nullworker::net
