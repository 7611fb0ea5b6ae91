#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nullworker::options {

// The one of `known` that somebody who wrote `written` most likely meant: it begins so, or differs in few
// letters, or is what a variable (OVEN_NAME for name) is called behind its prefix. Nothing where none is
// close.
[[nodiscard]] std::optional<std::string> nearest(std::string_view written,
                                                 const std::vector<std::string>& known);

// Those of `known`, `most` at most, that somebody who wrote `written` may have meant, the likeliest first:
// they differ in few letters, whatever their case, or begin as it does.
[[nodiscard]] std::vector<std::string> closest(std::string_view written,
                                               const std::vector<std::string>& known, std::size_t most);

// "; did you mean X?", or nothing to say. What is found is put behind `before`, the `--` of a flag.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known,
                                     const std::string& before = {});

}  // namespace nullworker::options
