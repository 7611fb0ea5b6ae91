#include "request_checks.hpp"

#include <nullworker/base/secret.hpp>
#include <nullworker/wire/json_value.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>

namespace nullworker::wire {
namespace {

using nlohmann::json;

// Builds a document from the parser's events, which names each key before it is too late. The parser itself
// does not recurse, and stops at the first event that is refused: it never nests deeper than the limit.
class document_builder {
public:
    [[nodiscard]] json take() { return std::move(x_root); }
    [[nodiscard]] errc fault() const noexcept { return x_fault; }
    [[nodiscard]] std::string& duplicate() noexcept { return x_duplicate; }

    // What nlohmann's parser calls; false ends the parsing.
    bool null() { return add(nullptr); }
    bool boolean(bool value) { return add(value); }
    bool number_integer(json::number_integer_t value) { return add(value); }
    bool number_unsigned(json::number_unsigned_t value) { return add(value); }
    bool number_float(json::number_float_t value, const std::string&) { return add(value); }
    bool string(std::string& value) { return add(std::move(value)); }
    bool binary(json::binary_t&) { return false; }
    bool start_object(std::size_t) { return open(json::object()); }
    bool start_array(std::size_t) { return open(json::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

    bool key(std::string& name) {
        auto& members = x_open[x_depth - 1]->get_ref<json::object_t&>();
        const auto [member, added] = members.try_emplace(std::move(name));
        x_member = &member->second;
        if (!added) {
            x_fault = errc::duplicate_key;
            x_duplicate = member->first;
        }
        return added;
    }

private:
    // Where the next value belongs.
    json& place() {
        if (x_depth == 0)
            return x_root;
        json& parent = *x_open[x_depth - 1];
        return parent.is_object() ? *x_member : parent.get_ref<json::array_t&>().emplace_back();
    }

    template <class T>
    bool add(T&& value) {
        place() = std::forward<T>(value);
        return true;
    }

    bool open(json empty) {
        if (x_depth == x_open.size())
            return false;
        json& opened = place();
        opened = std::move(empty);
        x_open[x_depth++] = &opened;
        return true;
    }

    bool close() {
        --x_depth;
        return true;
    }

    json x_root;
    std::array<json*, max_json_depth> x_open{};  // the containers around the next value
    std::size_t x_depth = 0;
    json* x_member = nullptr;  // the value of the key that came last
    errc x_fault = errc::invalid_json;
    std::string x_duplicate;
};

template <class Number>
void append_number(std::string& out, Number value) {
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out.append(digits.data(), written.ptr);
    out += ';';
}

// Integral values look the same whatever type they have.
void append_double(std::string& out, double value) {
    constexpr double two_to_63 = 9223372036854775808.0;
    const bool integral = value == std::trunc(value);
    if (integral && value >= -two_to_63 && value < two_to_63)
        append_number(out, static_cast<std::int64_t>(value));
    else if (integral && value > 0 && value < 2 * two_to_63)
        append_number(out, static_cast<std::uint64_t>(value));
    else
        append_number(out, value);
}

void append_string(std::string& out, const std::string& text) {
    out += '"';
    append_number(out, text.size());
    out += text;
}

// Appends a text that is the same for equal documents and for no others. Recurses as deep as the document is
// nested, which is bounded.
void append_canonical(std::string& out, const json& document) {
    switch (document.type()) {
        case json::value_t::number_integer:
            return append_number(out, document.get_ref<const json::number_integer_t&>());
        case json::value_t::number_unsigned:
            return append_number(out, document.get_ref<const json::number_unsigned_t&>());
        case json::value_t::number_float:
            return append_double(out, document.get_ref<const json::number_float_t&>());
        case json::value_t::string:
            return append_string(out, document.get_ref<const std::string&>());
        case json::value_t::array:
            out += '[';
            for (const auto& element : document)
                append_canonical(out, element);
            out += ']';
            return;
        case json::value_t::object:
            out += '{';
            for (const auto& [name, value] : document.get_ref<const json::object_t&>()) {
                append_string(out, name);
                append_canonical(out, value);
            }
            out += '}';
            return;
        case json::value_t::null:
        case json::value_t::boolean:
        case json::value_t::binary:
        case json::value_t::discarded:
            out += document.dump();
    }
}

// The member or the element that `step` names, or null.
const json* child_at(const json& parent, std::string_view step) {
    if (parent.is_object()) {
        const auto found = parent.find(step);
        return found == parent.end() ? nullptr : &*found;
    }
    std::size_t index = 0;
    if (!parent.is_array() || !read_number(step, index) || index >= parent.size())
        return nullptr;
    return &parent[index];
}

// What is at a dotted path; null where there is null on the way.
const json* find(const json& document, std::string_view path) {
    const json* here = &document;
    while (here && !here->is_null() && !path.empty()) {
        const auto step = path.substr(0, path.find('.'));
        path.remove_prefix(std::min(path.size(), step.size() + 1));
        here = child_at(*here, step);
    }
    return here;
}

}  // namespace

struct json_value::content {
    json document;
    mutable std::string canonical = {};  // empty until it is asked for
};

// Everybody's, and so complete from the beginning.
const std::shared_ptr<const json_value::content>& json_value::shared_null() {
    static const auto null = std::make_shared<const content>(content{json(), "null"});
    return null;
}

json_value::json_value() : x_content(shared_null()) {}

template <std::same_as<json> T>
json_value::json_value(T document)
    : x_content(std::make_shared<const content>(content{std::move(document)})) {}

template json_value::json_value(json);

const json& json_value::document() const noexcept {
    return x_content->document;
}

result<json_value> json_value::parse(std::string_view text, std::string* duplicate) {
    // The parser takes a zero byte for the end of the text.
    if (text.find('\0') != text.npos)
        return errc::invalid_json;
    document_builder builder;
    if (json::sax_parse(text.begin(), text.end(), &builder))
        return json_value(builder.take());
    if (duplicate)
        *duplicate = std::move(builder.duplicate());
    return builder.fault();
}

std::string json_value::dump() const {
    return compact(x_content->document);
}

std::optional<std::string> json_value::text_at(std::string_view path) const {
    const json* here = find(x_content->document, path);
    if (!here || here->is_null())
        return std::nullopt;
    return here->is_string() ? here->get<std::string>() : json_value(*here).dump();
}

bool json_value::is_null_at(std::string_view path) const {
    const json* here = find(x_content->document, path);
    return here && here->is_null();
}

const std::string& json_value::canonical() const {
    auto& text = x_content->canonical;
    if (text.empty())
        append_canonical(text, x_content->document);
    return text;
}

bool json_value::is_null() const {
    return x_content->document.is_null();
}

bool operator==(const json_value& a, const json_value& b) {
    return a.x_content == b.x_content || same_secret(a.canonical(), b.canonical());
}

json_value text_value(const std::string& text) {
    return json_value(json(text));
}

// The library takes several times as long for it; times and loads are in this range.
void append_json(std::string& out, double number) {
    constexpr double most = 1e15;
    if (!(number >= 0 && number < most) || (number > 0 && number < 1)) {
        out += compact(json(number));
        return;
    }
    std::array<char, 32> digits{};
    const auto written =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
    const std::string_view text(digits.data(), static_cast<std::size_t>(written.ptr - digits.data()));
    out += text;
    if (text.find('.') == text.npos)
        out += ".0";
}

std::string compact(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace nullworker::wire
