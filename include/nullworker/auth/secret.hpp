#pragma once

#include <string>
#include <string_view>

namespace nullworker::auth {

// Whether both are the same, in a time that tells nothing about where they differ.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);

// Thirteen characters of [A-Za-z0-9] from the cryptographic generator. Throws std::runtime_error when that
// fails, which OpenSSL does only on a broken system.
[[nodiscard]] std::string make_session_id();

}  // namespace nullworker::auth
