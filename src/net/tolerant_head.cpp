#include "grammar.hpp"
#include "interim.hpp"

#include <nullworker/net/tolerant_head.hpp>

#include <algorithm>
#include <charconv>

namespace nullworker::net {
namespace {

constexpr std::size_t longest_head = 100 * 1024;
constexpr std::string_view beginning = "http/";

// Whether more of it may still make it the first line of an answer. Empty lines before it do no harm.
bool may_be_an_answer(std::string_view received) {
    received.remove_prefix(std::min(received.find_first_not_of("\r\n"), received.size()));
    const auto size = std::min(received.size(), beginning.size());
    return grammar::is(received.substr(0, size), beginning.substr(0, size));
}

}  // namespace

tolerant_head::state tolerant_head::read(std::string_view received) {
    if (x_status == 0 && x_state == state::incomplete && !may_be_an_answer(received.substr(x_line)))
        x_state = state::not_http;
    while (x_state == state::incomplete) {
        const auto end = received.find('\n', std::max(x_line, x_searched));
        x_searched = received.size();
        if (end == std::string_view::npos)
            break;
        const auto line = received.substr(x_line, end - x_line);
        x_line = end + 1;
        x_searched = x_line;
        take_line(line.substr(0, line.find_last_not_of('\r') + 1));
    }
    if (x_state == state::incomplete && received.size() > longest_head)
        x_state = state::too_large;
    return x_state;
}

tolerant_head::state tolerant_head::end(std::string_view received) {
    if (read(received) != state::incomplete)
        return x_state;
    if (x_status == 0)
        take_line(received.substr(std::min(x_line, received.size())));
    x_line = received.size();
    if (x_state == state::incomplete && x_status != 0)
        x_state = state::complete;
    return x_state;
}

void tolerant_head::take_line(std::string_view line) {
    if (x_status == 0)
        return take_status(line);
    if (!line.empty())
        return take_field(line);
    if (!is_interim(x_status)) {
        x_state = state::complete;
        return;
    }
    x_status = 0;
    x_fields.clear();
    x_length.reset();
    if (++x_interim > most_interim)
        x_state = state::too_large;
}

void tolerant_head::take_status(std::string_view line) {
    if (line.empty())
        return;
    constexpr std::size_t digits = 3;
    const auto blank = line.find_first_of(" \t");
    const auto code = grammar::trimmed(line.substr(std::min(blank, line.size())));
    const bool is_number = code.size() >= digits &&
                           std::all_of(code.begin(), code.begin() + digits, grammar::is_digit) &&
                           (code.size() == digits || !grammar::is_digit(code[digits]));
    if (may_be_an_answer(line) && blank > beginning.size() && is_number)
        std::from_chars(code.data(), code.data() + digits, x_status);
    if (x_status < 100)
        x_state = state::not_http;
}

void tolerant_head::take_field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
        return;
    const auto name = grammar::trimmed(line.substr(0, colon));
    const auto value = grammar::trimmed(line.substr(colon + 1));
    std::size_t length = 0;
    if (grammar::is(name, "content-length") &&
        std::from_chars(value.data(), value.data() + value.size(), length).ec == std::errc())
        x_length = length;
    x_fields.emplace_back(name, value);
}

}  // namespace nullworker::net
