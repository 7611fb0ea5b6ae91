#pragma once

#include <cstddef>
#include <string>

namespace nullworker {

// As many random bytes as lower-case hexadecimal digits, two a byte; nobody can guess them. At most 256.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace nullworker
