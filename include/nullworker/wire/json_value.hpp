#pragma once

#include <nullworker/base/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::wire {

// Deeper nesting is refused: nothing in the contract needs it, and walking it would cost stack.
inline constexpr int max_json_depth = 32;

// An immutable JSON document, cheap to copy. What it holds is for `wire` to see; others carry, compare and
// print it.
class json_value {
public:
    json_value();  // null
    // Constrained, since nlohmann::json converts from nearly anything.
    template <std::same_as<nlohmann::json> T>
    explicit json_value(T document);

    // Fails with invalid_json: not JSON, not UTF-8, numbers out of range, NaN, or nested beyond the limit; or
    // with duplicate_key, since readers disagree which of the two counts, and then names it in `duplicate`.
    [[nodiscard]] static result<json_value> parse(std::string_view text, std::string* duplicate = nullptr);

    [[nodiscard]] std::string dump() const;

    // A text that is the same for equal documents, and for no others. It is made once, and kept with the
    // document: the first call for it, or for a comparison, must not be made by two threads at once.
    [[nodiscard]] const std::string& canonical() const;

    [[nodiscard]] bool is_null() const;

    // What is at a dotted path of members and indices, "health.reasons.0": a string as it is, anything else
    // as JSON. Nothing where there is nothing, or null.
    [[nodiscard]] std::optional<std::string> text_at(std::string_view path) const;

    // Whether null is at such a path, or on the way there.
    [[nodiscard]] bool is_null_at(std::string_view path) const;

    [[nodiscard]] const nlohmann::json& document() const noexcept;

    // Deep equality: the order of keys is irrelevant, 1 equals 1.0, other numbers differ where their exact
    // values do (an integer beyond 64 bits has the value of the nearest double). Grants are credentials: the
    // time it takes tells nothing about where two documents differ.
    friend bool operator==(const json_value& a, const json_value& b);

private:
    struct content;

    static const std::shared_ptr<const content>& shared_null();

    std::shared_ptr<const content> x_content;
};

// The document that is a text and nothing else.
[[nodiscard]] json_value text_value(const std::string& text);

// A document in one line without blanks; what is not UTF-8 is replaced.
[[nodiscard]] std::string compact(const nlohmann::json& document);

// Appends a number as JSON has it, and as `compact` writes it.
void append_json(std::string& out, double number);

}  // namespace nullworker::wire
