#include <nullworker/base/printable.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/options/option.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <type_traits>

namespace nullworker::options {
namespace {

template <class T>
concept number = std::integral<T> || std::floating_point<T>;

// The visitors of a target, one for each type; `overload` calls the one that fits.
template <class... Visitors>
struct overload : Visitors... {
    using Visitors::operator()...;
};
template <class... Visitors>
overload(Visitors...) -> overload<Visitors...>;

template <std::integral T>
std::optional<T> parsed(const std::string& text) {
    char* end = nullptr;
    errno = 0;
    // A zero in front is what forms and scripts put there, and makes no number octal.
    const bool is_hex = text.find_first_of("xX") != std::string::npos;
    const long long value = std::strtoll(text.c_str(), &end, is_hex ? 16 : 10);
    const bool whole = !text.empty() && end == text.c_str() + text.size() && errno == 0;
    return whole && std::in_range<T>(value) ? std::optional(static_cast<T>(value)) : std::nullopt;
}

template <std::floating_point T>
std::optional<T> parsed(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const bool whole = !text.empty() && end == text.c_str() + text.size() && std::isfinite(value);
    return whole ? std::optional(value) : std::nullopt;
}

constexpr std::string_view words_for_yes[] = {"true", "on", "yes", "enable", "t", "y", "+"};
constexpr std::string_view words_for_no[] = {"false", "off", "no", "disable", "f", "n", "-"};

std::optional<bool> parsed_switch(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::ranges::find(words_for_yes, text) != std::end(words_for_yes))
        return true;
    if (std::ranges::find(words_for_no, text) != std::end(words_for_no))
        return false;
    const auto count = parsed<std::int64_t>(text);
    return count ? std::optional(*count > 0) : std::nullopt;
}

std::string written(std::integral auto value) {
    return std::to_string(value);
}

// The shortest text that is read as the same number.
std::string written(double value) {
    char out[64];
    auto done = std::to_chars(std::begin(out), std::end(out), value, std::chars_format::fixed);
    if (done.ec != std::errc())
        done = std::to_chars(std::begin(out), std::end(out), value);
    return {out, done.ptr};
}

std::string written_switch(bool on) {
    return on ? "true" : "false";
}

// A bound, as people write it: 1e+09.
template <number T>
std::string written_bound(T value) {
    if constexpr (std::integral<T>)
        return std::to_string(value);
    char out[32];
    std::snprintf(out, sizeof out, "%g", static_cast<double>(value));
    return out;
}

// What is refused, as a message names it.
std::string named_text(const std::string& text) {
    return text.empty() ? "an empty value" : text;
}

// Within the bounds of the row and of its type, or why not.
template <number T>
std::optional<refusal> read_number(const option& row, const std::string& text, T& value) {
    const auto found = parsed<T>(text);
    const bool bounded = std::integral<T> || row.least || row.most;
    if (!found && !bounded)
        return refusal{named_text(text) + " is no number"};
    const T least = row.least ? static_cast<T>(*row.least) : std::numeric_limits<T>::lowest();
    const T most = row.most ? static_cast<T>(*row.most) : std::numeric_limits<T>::max();
    if (!found || *found < least || *found > most)
        return refusal{named_text(text) + " is not in the range " + written_bound(least) + " to " +
                       written_bound(most)};
    value = *found;
    return std::nullopt;
}

std::string joined_words(const std::vector<std::string>& words, std::string_view between) {
    std::string out;
    for (const auto& word : words)
        out.append(out.empty() ? "" : between).append(word);
    return out;
}

template <number T>
std::optional<refusal> read_number(const option& row, const std::string& text, std::optional<T>& value) {
    T found{};
    auto wrong = read_number(row, text, found);
    if (!wrong)
        value = found;
    return wrong;
}

std::optional<refusal> read_seconds(const option& row, const std::string& text,
                                    std::optional<seconds>& value) {
    double count = 0;
    auto wrong = read_number(row, text, count);
    if (!wrong)
        value = seconds(count);
    return wrong;
}

std::optional<refusal> read_switch(const std::string& text, const std::function<void(bool)>& turn) {
    const auto value = parsed_switch(text);
    if (!value)
        return refusal{named_text(text) + " is neither true nor false"};
    turn(*value);
    return std::nullopt;
}

// No path is meant to have control characters in it; a line of shell, or JSON, may have several lines.
bool has_misplaced_character(const option& row, const std::string& text) {
    return has_control_character(text, row.kind == value_kind::text ? "\t\r\n" : "");
}

// What may be printed of a text that is refused: of a URL no password, whether the row thought of it or not.
std::string printed_part(const option& row, const std::string& text) {
    if (row.without_secrets)
        return row.without_secrets(text);
    return text.find("://") == std::string::npos ? text : without_secrets(text);
}

std::optional<refusal> read_text(const option& row, const std::string& text,
                                 const std::function<void()>& take) {
    if (!row.secret && has_misplaced_character(row, text))
        return refusal{printed_part(row, text) + " has a control character in it"};
    take();
    return std::nullopt;
}

std::optional<refusal> read_word(const option& row, const word_target& to, const std::string& text) {
    const auto place = std::ranges::find(to.words, text);
    if (place == to.words.end())
        return refusal{named_text(printed_part(row, text)) + " is none of " + joined_words(to.words, ", ")};
    to.choose(static_cast<std::size_t>(place - to.words.begin()));
    return std::nullopt;
}

}  // namespace

std::string value_name(const option& row) {
    if (!row.value_name.empty())
        return row.value_name;
    if (row.kind != value_kind::text)
        return row.kind == value_kind::file ? "FILE" : "DIR";
    return std::visit(
        overload{
            [](const std::string*) -> std::string { return "TEXT"; },
            [](const std::vector<std::string>*) -> std::string { return "TEXT"; },
            [](const bool*) -> std::string { return {}; },
            [](const seconds*) -> std::string { return "SECONDS"; },
            [](const word_target& to) { return joined_words(to.words, "|"); },
            []<std::unsigned_integral T>(const T*) -> std::string { return "UINT"; },
            []<std::signed_integral T>(const T*) -> std::string { return "INT"; },
            []<std::signed_integral T>(const std::optional<T>*) -> std::string { return "INT"; },
            [](const double*) -> std::string { return "FLOAT"; },
            [](const std::optional<double>*) -> std::string { return "FLOAT"; },
            [](const std::optional<seconds>*) -> std::string { return "SECONDS"; },
            [](const switch_target&) -> std::string { return {}; },
        },
        row.target);
}

bool is_switch(const option& row) {
    return value_name(row).empty();
}

bool is_repeated(const option& row) {
    return std::holds_alternative<std::vector<std::string>*>(row.target);
}

word_target one_of(std::string& value, const std::vector<std::string>& words) {
    std::vector<std::pair<std::string, std::string>> meanings;
    meanings.reserve(words.size());
    for (const auto& word : words)
        meanings.emplace_back(word, word);
    return one_of(value, std::move(meanings));
}

std::vector<std::string> choices(const option& row) {
    const auto* to = std::get_if<word_target>(&row.target);
    return to ? to->words : std::vector<std::string>();
}

tidied_value tidied_for(const option& row, std::string_view text) {
    return tidied(text, row.kind == value_kind::text ? row.untidy : leftovers::line_ends);
}

std::optional<refusal> assign(const option& row, const std::string& text) {
    if (row.refuse)
        if (auto why = row.refuse(text))
            return refusal{std::move(*why)};
    return std::visit(
        overload{
            [&](std::string* to) { return read_text(row, text, [&] { *to = text; }); },
            [&](std::vector<std::string>* to) { return read_text(row, text, [&] { to->push_back(text); }); },
            [&](bool* to) { return read_switch(text, [to](bool on) { *to = on; }); },
            [&]<number T>(T* to) { return read_number(row, text, *to); },
            [&]<number T>(std::optional<T>* to) { return read_number(row, text, *to); },
            [&](seconds* to) {
                std::optional<seconds> value;
                auto wrong = read_seconds(row, text, value);
                *to = value.value_or(*to);
                return wrong;
            },
            [&](std::optional<seconds>* to) { return read_seconds(row, text, *to); },
            [&](const word_target& to) { return read_word(row, to, text); },
            [&](const switch_target& to) { return read_switch(text, to.turn); },
        },
        row.target);
}

std::string shown(const option& row) {
    return std::visit(
        overload{
            [](const std::string* from) { return *from; },
            [](const std::vector<std::string>* from) { return joined_words(*from, " "); },
            [](const bool* from) { return written_switch(*from); },
            [](const switch_target& from) { return written_switch(from.is_on()); },
            []<number T>(const T* from) { return written(*from); },
            [](const seconds* from) { return written(from->count()); },
            []<number T>(const std::optional<T>* from) { return *from ? written(**from) : std::string(); },
            [](const std::optional<seconds>* from) {
                return *from ? written((*from)->count()) : std::string();
            },
            [](const word_target& from) {
                const auto place = from.chosen();
                return place < from.words.size() ? from.words[place] : std::string();
            },
        },
        row.target);
}

std::string shown_default(const option& row) {
    return is_switch(row) || row.must_be_passed ? std::string() : shown(row);
}

}  // namespace nullworker::options
