#pragma once

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
    bool from_loopback = false;  // the peer's address is one of this machine alone

    // The first value of `name`, or nothing.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

struct reply {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<header> headers = {};
    bool drop = false;  // send nothing and close the connection: for those who play a peer that fails
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
