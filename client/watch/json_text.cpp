#include <nullworker/wire/json_value.hpp>
#include <watch/json_text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace nullworker::client::watch {
namespace {

// Whether it stands in JSON as it is.
bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

// What to_chars makes of it.
template <class... Number>
std::string_view written(std::array<char, 400>& into, Number... number) {
    const auto end = std::to_chars(into.data(), into.data() + into.size(), number...).ptr;
    return {into.data(), static_cast<std::size_t>(end - into.data())};
}

}  // namespace

void json_text::open(char first, char last) {
    raw({&first, 1});
    x_closers += last;
    x_needs_comma = false;
}

void json_text::close() {
    x_text += x_closers.back();
    x_closers.pop_back();
    x_needs_comma = true;
}

void json_text::key(std::string_view name) {
    raw("\"");
    x_text += name;
    x_text += "\":";
    x_needs_comma = false;
}

void json_text::raw(std::string_view text) {
    if (x_needs_comma)
        x_text += ',';
    x_text += text;
    x_needs_comma = true;
}

void json_text::value(std::string_view text) {
    if (!is_plain(text))
        return raw(wire::compact(nlohmann::json(std::string(text))));
    raw("\"");
    x_text += text;
    x_text += '"';
}

void json_text::value(std::int64_t number) {
    std::array<char, 400> room;
    raw(written(room, number));
}

void json_text::value(std::uint64_t number) {
    std::array<char, 400> room;
    raw(written(room, number));
}

void json_text::value(double number) {
    if (!std::isfinite(number))
        return null();
    std::array<char, 400> room;
    raw(written(room, number));
}

void json_text::value(seconds span) {
    rounded(span.count());
}

void json_text::value(instant time) {
    rounded(epoch_seconds(time.wall));
}

void json_text::rounded(double number) {
    constexpr int digits = 3;
    if (!std::isfinite(number))
        return null();
    std::array<char, 400> room;
    raw(written(room, number, std::chars_format::fixed, digits));
}

}  // namespace nullworker::client::watch
