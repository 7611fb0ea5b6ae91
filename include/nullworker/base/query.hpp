#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The query of a URL: "a=1&b=2", without the '?'.
namespace nullworker {

// As they are written, percent-encoded or not.
struct query_parameter {
    std::string_view name;                  // not empty
    std::optional<std::string_view> value;  // nothing without a '='
};

// The parameters in their order; what has no name is skipped. Points into `query`.
[[nodiscard]] std::vector<query_parameter> split_query(std::string_view query);

// The first value that a parameter `name` has, decoded; empty where it has none.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

// Every escape resolved; a malformed escape stays as it is written.
[[nodiscard]] std::string percent_decoded(std::string_view text);

}  // namespace nullworker
