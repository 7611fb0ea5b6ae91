#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::net {

// The verbs any route of the contract uses; `other` is every other verb. HEAD is a `get` to whoever answers,
// and its reply loses the body on the way.
enum class verb : std::uint8_t { get, post, put, other };

[[nodiscard]] const char* to_string(verb value) noexcept;

enum class protocol_version : std::uint8_t { http_1_0, http_1_1 };

// A name and its value; names are compared without regard to case.
using header = std::pair<std::string, std::string>;

// Whether two names of headers are the same.
[[nodiscard]] bool is_same_name(std::string_view a, std::string_view b);

// A request as a server hands it to its handler: whole, within the server's limits.
struct request {
    verb method = verb::other;
    protocol_version version = protocol_version::http_1_1;
    std::string authority = {};  // of the target, where it has one as in "GET http://authority/path"
    std::string path;            // without the query, not decoded
    std::string query;           // without the '?', not decoded
    std::vector<header> headers;
    std::string body;
    bool from_loopback = false;  // the peer is on this machine: a loopback address, or a Unix socket
    bool from_unix_socket = false;

    // Whether `wait_for_change` will do for an answer: no longer once the time for that is up, or when the
    // server needs its connection or stops.
    bool may_wait = true;

    // The first value of `name`, or nothing.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

struct reply {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<header> headers = {};
    std::string session_id = {};  // of the session that the request was about, for the log

    // The first value of `name`, or nothing.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

// What a reply that was of no use says, in words: its status, and where it sends us; or how it begins, where
// it is no HTTP (status 0).
[[nodiscard]] std::string described_status(const reply& answer);

// How long a peer that refused wants to be left alone, at most a day (Retry-After: seconds, or a date, which
// counts by the peer's own clock). 0 where it does not say, or nothing that makes sense.
[[nodiscard]] std::chrono::seconds wished_pause(const reply& answer);

// Whether a reply accepts what was sent: any 2xx.
[[nodiscard]] inline bool is_success(const reply& answer) {
    return answer.status >= 200 && answer.status < 300;
}

// No answer yet. The server keeps the request and asks its handler again whenever `http_server::look_again`
// says that something changed, and for the last time, with `request::may_wait` false, `longest` after the
// request came at the latest.
struct wait_for_change {
    std::chrono::steady_clock::duration longest;
};

// Never an answer: the connection is closed. For those who play a peer that fails.
struct hang_up {};

// What a handler makes of a request.
using reaction = std::variant<reply, wait_for_change, hang_up>;

// `answer` as one about a session.
[[nodiscard]] inline reply about(std::string session_id, reply answer) {
    answer.session_id = std::move(session_id);
    return answer;
}

// `body` as application/json.
[[nodiscard]] reply json_reply(unsigned status, std::string body);

// `body` as text/plain.
[[nodiscard]] reply text_reply(unsigned status, std::string body);

// No body; the type that the framework gives such a reply.
[[nodiscard]] reply empty_reply(unsigned status);

// "404: Not Found", as text/plain.
[[nodiscard]] reply status_reply(unsigned status);

}  // namespace nullworker::net
