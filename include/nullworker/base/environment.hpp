#pragma once

#include <cstdlib>
#include <string>

namespace nullworker {

// The value of a variable; null where it is not set, or empty.
[[nodiscard]] inline const char* environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value && *value ? value : nullptr;
}

}  // namespace nullworker
