#include "fuzz_target.hpp"

#include <nullworker/net/chunked_body.hpp>
#include <nullworker/net/request_head.hpp>

#include <algorithm>
#include <string>

// A request as it comes from the network, head and chunked body. However it is cut into pieces on its way, it
// must be understood alike.
namespace nullworker::fuzz {
namespace {

using net::chunked_body;
using net::chunked_state;
using net::head_state;

constexpr std::size_t max_body = 1000;
constexpr std::size_t max_extra = 100;

head_state read_in_pieces(net::head_reader& reader, std::string_view input, std::size_t piece) {
    auto state = head_state::incomplete;
    for (std::size_t size = 0; state == head_state::incomplete && size < input.size();) {
        size = std::min(size + piece, input.size());
        state = reader.read(input.substr(0, size));
    }
    return state;
}

std::size_t read_in_pieces(chunked_body& body, std::string_view input, std::size_t piece) {
    std::size_t used = 0;
    while (body.state() == chunked_state::incomplete && used < input.size())
        used += body.read(input.substr(used, piece));
    return used;
}

void require_head(const net::request_head& head) {
    require(!(head.chunked && head.content_length != 0), "a body is delimited in one way");
    for (const auto& [name, value] : head.message.headers) {
        require(!name.empty() && name.find_first_of(" \t\r\n:") == name.npos, "a field's name is a word");
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos,
                "a field's value is one line");
    }
    require(head.message.path.find_first_of(" \r\n?") == head.message.path.npos, "a path is one word");
}

void require_same_body(std::string_view input) {
    chunked_body whole(max_body, max_extra);
    chunked_body bytewise(max_body, max_extra);
    const auto used = read_in_pieces(whole, input, input.size());
    require(read_in_pieces(bytewise, input, 1) == used, "pieces of a body end where the whole does");
    require(whole.state() == bytewise.state() && whole.data() == bytewise.data(), "and say the same");
    require(whole.data().size() <= max_body, "no more is kept than is allowed");
}

}  // namespace

FUZZ_TARGET(http_request, 300) {
    if (input.empty())
        return;
    net::head_reader whole;
    net::head_reader bytewise;
    const auto state = whole.read(input);
    require(read_in_pieces(bytewise, input, 1) == state, "pieces of a head say what the whole says");
    if (state != head_state::complete)
        return require_same_body(input);
    require(whole.size() == bytewise.size() && whole.size() <= input.size(),
            "the head ends at the same byte");
    require(input.substr(0, whole.size()).ends_with("\r\n\r\n"), "which is behind an empty line");
    require_head(whole.head());
    if (whole.head().chunked)
        require_same_body(input.substr(whole.size()));
}

}  // namespace nullworker::fuzz
