#pragma once

#include <nullworker/net/message.hpp>

#include <string_view>

namespace nullworker::net {

// The header by which a client names itself to a server that asks for user and password.
[[nodiscard]] header basic_authorization(std::string_view user, std::string_view password);

}  // namespace nullworker::net
