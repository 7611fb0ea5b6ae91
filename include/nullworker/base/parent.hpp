#pragma once

#include <boost/asio/awaitable.hpp>

#include <sys/types.h>

namespace nullworker {

namespace asio = boost::asio;

// Returns when `parent`, which getppid() named, has ended: at once where it is not our parent any more. Never
// returns, but for cancellation, where nobody can tell: the parent is the system's first process, or is
// outside our container.
[[nodiscard]] asio::awaitable<void> until_parent_ends(pid_t parent);

}  // namespace nullworker
