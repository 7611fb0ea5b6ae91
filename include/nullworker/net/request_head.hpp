#pragma once

#include <nullworker/net/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nullworker::net {

enum class head_state : std::uint8_t {
    incomplete,               // acceptable so far
    complete,                 // the empty line is here
    malformed,                // to be answered 400
    unsupported_version,      // 505: HTTP, but neither 1.0 nor 1.1
    unsupported_expectation,  // 417
};

// What the head of a request says.
struct request_head {
    request message;  // without a body
    std::uint64_t content_length = 0;
    bool chunked = false;           // the body is; there is no content length then
    bool expects_continue = false;  // the client waits for a 100 before it sends the body
    bool keep_alive = false;
    bool wants_no_body = false;  // HEAD
};

// Whether HTTP/1.1 has to say which host it asks, as it must but on a Unix socket.
enum class host_field : std::uint8_t { needed, optional };

// Reads the head of an HTTP/1.0 or 1.1 request, byte by byte and each byte once, and finds a fault as soon as
// it is here. Strict where readers in a row might differ, which is what request smuggling lives on: CRLF ends
// a line and neither half stands alone, no folded lines, no blank before a colon, at most one of
// Content-Length and Transfer-Encoding and that once, no coding but `chunked`, one Host. No I/O.
class head_reader {
public:
    explicit head_reader(host_field host = host_field::needed) : x_host(host) {}

    // Reads on in `received`: all that came of this request so far, from its first byte. What follows the
    // head is not looked at. A fault is final.
    head_state read(std::string_view received);

    // How many bytes the head has, the empty line included, once it is complete.
    [[nodiscard]] std::size_t size() const noexcept { return x_read; }

    // What it says, once it is complete.
    [[nodiscard]] request_head& head() noexcept { return x_head; }

private:
    void pass_text(std::string_view received);
    [[nodiscard]] bool is_acceptable(char next) const noexcept;
    head_state take_line(std::string_view line);
    head_state take_request_line(std::string_view line);
    head_state take_field(std::string_view line);
    [[nodiscard]] bool take_meaning(std::string_view name, std::string_view value);
    head_state finish();

    host_field x_host;
    request_head x_head;
    head_state x_state = head_state::incomplete;
    std::size_t x_read = 0;  // bytes of the request looked at
    std::size_t x_line = 0;  // where the current line begins
    char x_last = '\0';
    bool x_begun = false;  // the request line is complete
    bool x_is_1_1 = false;
    bool x_has_host = false;
    bool x_has_length = false;
    bool x_says_close = false;
    bool x_says_keep_alive = false;
    bool x_expects_other = false;
};

}  // namespace nullworker::net
