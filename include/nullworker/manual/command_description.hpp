#pragma once

#include <nullworker/options/command_description.hpp>

// For the client's command line, which is not a table yet.
namespace nullworker::manual {

using namespace options;

}  // namespace nullworker::manual
