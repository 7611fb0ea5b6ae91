#pragma once

#include <stdexcept>

namespace nullworker::bench {

// A measurement that cannot be taken: a program is missing, or did not do what the contract says.
struct bench_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace nullworker::bench
