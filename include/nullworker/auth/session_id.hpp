#pragma once

#include <string>

namespace nullworker::auth {

// Thirteen characters of [A-Za-z0-9] from the cryptographic generator. Throws std::runtime_error when that
// fails, which OpenSSL does only on a broken system.
[[nodiscard]] std::string make_session_id();

}  // namespace nullworker::auth
