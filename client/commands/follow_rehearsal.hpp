#pragma once

#include <commands/follow_run.hpp>

namespace nullworker::client {

// Tells every interval how much work there is and what `follow` would do about it, until a signal. No session
// is opened, no endpoint is asked and no file is touched. Returns the exit code.
int rehearse_follow(const follow_options& options);

}  // namespace nullworker::client
