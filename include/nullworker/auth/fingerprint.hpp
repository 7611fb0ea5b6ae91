#pragma once

#include <nullworker/wire/json_value.hpp>

#include <cstdint>

namespace nullworker::auth {

// Stands for a whole document where many are to be remembered: the first 64 bits of the SHA-256 sum of its
// canonical text. Equal documents have the same one, and nobody can make another document for a given one.
[[nodiscard]] std::uint64_t fingerprint(const wire::json_value& document);

}  // namespace nullworker::auth
