#pragma once

#include <vast/failure.hpp>

#include <cstdint>
#include <string_view>

namespace nullworker::client {

// The sum of the numbers in what a command printed; fails where there is none, or something else.
[[nodiscard]] outcome<std::int64_t> read_depth(std::string_view printed);

}  // namespace nullworker::client
