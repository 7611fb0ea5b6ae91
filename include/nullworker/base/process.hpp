#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <optional>

#include <sys/types.h>

// The end of a child of ours, known by its number. Needs Linux 5.3.
namespace nullworker {

// A descriptor that is readable once the child has ended; the caller's to close.
[[nodiscard]] result<int> open_process(pid_t child);

// Whether the child has ended; it is not reaped. A child that is not there any more has ended, too.
[[nodiscard]] bool has_ended(pid_t child) noexcept;

// Waits on the descriptor of open_process until the child has ended. Such a descriptor may seem readable
// though the child lives: what was closed while a fork still held a copy of it haunts the event loop for a
// moment, under the name of what came after it. Fails where it cannot be waited for, or when cancelled.
// `handle` outlives it.
[[nodiscard]] asio::awaitable<error_code> until_ended(asio::posix::stream_descriptor& handle, pid_t child);

// Waits for the child, which has ended or is about to: its status, as waitpid tells it; nothing where there
// is no such child.
std::optional<int> reap(pid_t child) noexcept;

}  // namespace nullworker
