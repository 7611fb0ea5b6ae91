#pragma once

#include <nullworker/base/tidied.hpp>

#include <cstdlib>
#include <string>

namespace nullworker {

// The value of a variable; null where it is not set, or empty.
[[nodiscard]] inline const char* environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value && *value ? value : nullptr;
}

// The path in a variable, without line ends that were left around it; empty where there is none.
[[nodiscard]] inline std::string path_in_environment(const std::string& name) {
    const char* value = environment(name);
    return value ? tidied(value, leftovers::line_ends).text : std::string();
}

}  // namespace nullworker
