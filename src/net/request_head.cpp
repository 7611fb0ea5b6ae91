#include "grammar.hpp"

#include <nullworker/net/request_head.hpp>

#include <charconv>
#include <utility>

namespace nullworker::net {
namespace {

using namespace grammar;

constexpr std::string_view protocol = "HTTP/";

// 19 digits cannot overflow 64 bits. A body that long is beyond any limit anyway.
constexpr std::size_t max_length_digits = 19;

verb verb_of(std::string_view method) {
    if (method == "GET" || method == "HEAD")
        return verb::get;
    if (method == "PUT")
        return verb::put;
    return method == "POST" ? verb::post : verb::other;
}

bool is_http_version(std::string_view text) {
    return text.size() == 8 && text.starts_with(protocol) && is_digit(text[5]) && text[6] == '.' &&
           is_digit(text[7]);
}

struct target_parts {
    std::string_view authority;
    std::string_view path_and_query;  // empty where the target is none of the forms that RFC 9112 names
};

// Takes "http://authority" off the target, which a client may send to any server.
target_parts take_apart(std::string_view method, std::string_view target) {
    if (target.starts_with('/') || method == "CONNECT")
        return {{}, target};
    if (target == "*")
        return {{}, method == "OPTIONS" ? target : std::string_view()};
    const auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos)
        return {};
    const auto scheme = target.substr(0, scheme_end);
    if (!is(scheme, "http") && !is(scheme, "https"))
        return {};
    target.remove_prefix(scheme_end + 3);
    const auto authority = target.substr(0, target.find_first_of("/?"));
    if (authority.empty())
        return {};
    target.remove_prefix(authority.size());
    return {authority, target.empty() ? "/" : target};
}

// A host and a port, or nothing. Whatever a reader might split or strip is refused.
bool is_host(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) {
        return is_visible(c) && std::string_view("\"#,/<>?@\\^`{|}").find(c) == std::string_view::npos;
    });
}

bool read_length(std::string_view value, std::uint64_t& length) {
    if (value.empty() || value.size() > max_length_digits ||
        !std::all_of(value.begin(), value.end(), is_digit))
        return false;
    std::from_chars(value.data(), value.data() + value.size(), length);
    return true;
}

bool lists(std::string_view value, std::string_view word) {
    while (!value.empty()) {
        const auto end = std::min(value.find(','), value.size());
        if (is(trimmed(value.substr(0, end)), word))
            return true;
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return false;
}

}  // namespace

head_state head_reader::read(std::string_view received) {
    while (x_state == head_state::incomplete && x_read < received.size()) {
        pass_text(received);
        if (x_read == received.size())
            break;
        const char next = received[x_read++];
        if (!is_acceptable(next))
            x_state = head_state::malformed;
        else if (next == '\n')
            x_state = take_line(received.substr(x_line, x_read - x_line - 2));
        if (next == '\n')
            x_line = x_read;
        x_last = next;
    }
    return x_state;
}

// Nearly all bytes are text, which means nothing before its line is whole.
void head_reader::pass_text(std::string_view received) {
    if (x_last == '\r')
        return;
    const auto& is_text = x_begun ? field_chars : request_line_chars;
    const auto begin = x_read;
    while (x_read < received.size() && is_text[static_cast<unsigned char>(received[x_read])])
        ++x_read;
    if (x_read > begin)
        x_last = received[x_read - 1];
}

// CR and LF come as a pair or not at all.
bool head_reader::is_acceptable(char next) const noexcept {
    if ((x_last == '\r') != (next == '\n'))
        return false;
    if (next == '\r' || next == '\n')
        return true;
    return x_begun ? is_field_char(next) : is_request_line_char(next);
}

head_state head_reader::take_line(std::string_view line) {
    if (!x_begun) {
        x_begun = true;
        return take_request_line(line);
    }
    return line.empty() ? finish() : take_field(line);
}

head_state head_reader::take_request_line(std::string_view line) {
    const auto method = line.substr(0, line.find(' '));
    const auto version = line.substr(std::min(line.rfind(' ') + 1, line.size()));
    if (!is_token(method) || !is_http_version(version) || method.size() + version.size() + 2 >= line.size())
        return head_state::malformed;
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return head_state::unsupported_version;
    const auto [authority, target] =
        take_apart(method, line.substr(method.size() + 1, line.size() - method.size() - version.size() - 2));
    if (target.empty() || target.find(' ') != std::string_view::npos)
        return head_state::malformed;
    const auto mark = std::min(target.find('?'), target.size());
    x_is_1_1 = version == "HTTP/1.1";
    x_head.wants_no_body = method == "HEAD";
    x_head.message.method = verb_of(method);
    x_head.message.version = x_is_1_1 ? protocol_version::http_1_1 : protocol_version::http_1_0;
    x_head.message.authority = authority;
    x_head.message.path = mark == 0 ? "/" : target.substr(0, mark);
    x_head.message.query = target.substr(std::min(mark + 1, target.size()));
    return head_state::incomplete;
}

head_state head_reader::take_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        return head_state::malformed;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (!take_meaning(name, value))
        return head_state::malformed;
    x_head.message.headers.emplace_back(name, value);
    return head_state::incomplete;
}

// What this reader itself must know of a field; false where it is not to be had.
bool head_reader::take_meaning(std::string_view name, std::string_view value) {
    if (is(name, "host"))
        return !std::exchange(x_has_host, true) && is_host(value);
    if (is(name, "content-length"))
        return !std::exchange(x_has_length, true) && read_length(value, x_head.content_length);
    if (is(name, "transfer-encoding"))
        return !std::exchange(x_head.chunked, true) && is(value, "chunked");
    if (is(name, "connection")) {
        x_says_close = x_says_close || lists(value, "close");
        x_says_keep_alive = x_says_keep_alive || lists(value, "keep-alive");
    }
    if (is(name, "expect")) {
        x_head.expects_continue = true;
        x_expects_other = x_expects_other || !is(value, "100-continue");
    }
    return true;
}

head_state head_reader::finish() {
    const bool two_lengths = x_has_length && x_head.chunked;
    const bool too_new = x_head.chunked && !x_is_1_1;
    const bool lacks_host = x_is_1_1 && !x_has_host && x_host == host_field::needed;
    if (two_lengths || too_new || lacks_host)
        return head_state::malformed;
    if (x_expects_other)
        return head_state::unsupported_expectation;
    // An HTTP/1.0 client knows nothing of a 100.
    x_head.expects_continue = x_head.expects_continue && x_is_1_1;
    x_head.keep_alive = !x_says_close && (x_is_1_1 || x_says_keep_alive);
    return head_state::complete;
}

}  // namespace nullworker::net
