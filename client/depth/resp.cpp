#include <depth/resp.hpp>

#include <charconv>
#include <system_error>
#include <utility>

namespace nullworker::client {
namespace {

using kind = resp_value::kind;

constexpr std::string_view line_end = "\r\n";

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t out = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, out);
    return ec == std::errc() && stop == end ? std::optional(out) : std::nullopt;
}

}  // namespace

std::string resp_command(const std::vector<std::string>& words) {
    std::string out = '*' + std::to_string(words.size()) + "\r\n";
    for (const auto& word : words)
        out.append("$").append(std::to_string(word.size())).append(line_end).append(word).append(line_end);
    return out;
}

void resp_reader::feed(std::string_view bytes) {
    if (x_failed)
        return;
    x_all_bytes += bytes.size();
    if (x_all_bytes > most_bytes)
        return fail();
    x_bytes.append(bytes);
    while (!x_failed && read_one()) {
    }
    x_bytes.erase(0, x_at);
    x_seen -= std::min(x_seen, x_at);
    x_at = 0;
}

std::optional<resp_value> resp_reader::next() {
    if (x_taken == x_done.size())
        return std::nullopt;
    return std::move(x_done[x_taken++]);
}

// A line, or the text behind one; whether there was a whole one.
bool resp_reader::read_one() {
    if (x_text_size)
        return read_text();
    std::string_view line;
    if (!read_line(line))
        return false;
    begin(line);
    return true;
}

bool resp_reader::read_line(std::string_view& line) {
    const auto from = std::max(x_at, x_seen);
    const auto end = x_bytes.find(line_end, from);
    const auto size = (end == std::string::npos ? x_bytes.size() : end) - x_at;
    if (size > longest_line + 1) {  // a carriage return may have come alone
        fail();
        return false;
    }
    if (end == std::string::npos) {
        x_seen = x_bytes.empty() ? 0 : std::max(x_at, x_bytes.size() - 1);
        return false;
    }
    line = std::string_view(x_bytes).substr(x_at, size);
    x_at = end + line_end.size();
    return true;
}

// What a line says: a value, or how long the one is that it begins.
void resp_reader::begin(std::string_view line) {
    if (line.empty())
        return fail();
    const char type = line.front();
    line.remove_prefix(1);
    if (type == '+' || type == '-')
        return place({.is = type == '+' ? kind::text : kind::error, .text = std::string(line)});
    const auto number = whole_number(line);
    if (!number)
        return fail();
    if (type == ':')
        return place({.is = kind::number, .number = *number});
    if ((type != '$' && type != '*') || *number < -1)
        return fail();
    if (*number == -1)
        return place({.is = kind::null});
    const auto size = static_cast<std::size_t>(*number);
    if (type == '$') {
        if (size > most_bytes)
            return fail();
        x_text_size = size;
    } else if (size == 0) {
        place({.is = kind::list});
    } else if (x_lists.size() == most_depth || size > most_values) {
        fail();
    } else {
        x_lists.push_back({{}, size});
    }
}

bool resp_reader::read_text() {
    const auto size = *x_text_size;
    const std::string_view there = std::string_view(x_bytes).substr(x_at);
    if (there.size() < size + line_end.size())
        return false;
    if (there.substr(size, line_end.size()) != line_end) {
        fail();
        return false;
    }
    x_at += size + line_end.size();
    x_text_size.reset();
    place({.is = resp_value::kind::text, .text = std::string(there.substr(0, size))});
    return true;
}

// Puts a whole value into the list that it belongs to, which may be whole by that, and so on.
void resp_reader::place(resp_value value) {
    if (++x_all_values > most_values)
        return fail();
    while (!x_lists.empty()) {
        auto& list = x_lists.back();
        list.items.push_back(std::move(value));
        if (--list.missing > 0)
            return;
        value = {.is = resp_value::kind::list, .items = std::move(list.items)};
        x_lists.pop_back();
    }
    x_done.push_back(std::move(value));
}

void resp_reader::fail() {
    x_failed = true;
    x_bytes.clear();
    x_at = x_seen = 0;
    x_lists.clear();
}

}  // namespace nullworker::client
