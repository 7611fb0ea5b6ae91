#pragma once

#include <string>
#include <utility>

namespace nullworker {

// Why something failed, in words for the log and the operator; none when all went well.
class [[nodiscard]] trouble {
public:
    explicit trouble(std::string why) : x_why(std::move(why)) {}

    [[nodiscard]] static trouble none() { return trouble(std::string()); }

    // Whether there is any.
    explicit operator bool() const noexcept { return !x_why.empty(); }

    [[nodiscard]] const std::string& why() const noexcept { return x_why; }

private:
    std::string x_why;  // empty: none
};

}  // namespace nullworker
