#pragma once

#include <functional>
#include <string>
#include <vector>

namespace nullworker::bench {

// One of the things of which the programs' work is made, ready to be done again and again.
struct operation {
    std::string name;
    std::function<void()> once;
};

[[nodiscard]] std::vector<operation> all_operations();

}  // namespace nullworker::bench
