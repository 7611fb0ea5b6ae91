#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <optional>

#include <sys/types.h>

// A child of ours as a copy of this process, and its end.
namespace nullworker {

// As fork: 0 in the copy, where every signal is blocked. Our handlers must not run there: they would act on
// what it shares with us, as Asio's do, which wake the original. The copy may be in any state: it makes
// async-signal-safe calls only, and ends by exec or _exit.
[[nodiscard]] result<pid_t> fork_with_signals_blocked() noexcept;

// Closes every descriptor from `first` on. Async-signal-safe.
void close_from(int first) noexcept;

// A descriptor that is readable once the process has ended. Where the system has none for processes, or
// refuses it, it is readable every 50 ms: time to look.
[[nodiscard]] result<descriptor> open_process(pid_t process);

// Makes a descriptor of open_process unreadable, unless the process has ended. To be called before it is
// waited for again.
void look_taken(int process) noexcept;

// Whether the child has ended; it is not reaped. A child that is not there any more has ended, too.
[[nodiscard]] bool has_ended(pid_t child) noexcept;

// Waits on the descriptor of open_process until the child has ended. Such a descriptor may seem readable
// though the child lives: what was closed while a fork still held a copy of it haunts the event loop for a
// moment, under the name of what came after it. Fails where it cannot be waited for, or when cancelled.
// `handle` outlives it.
[[nodiscard]] asio::awaitable<error_code> until_ended(asio::posix::stream_descriptor& handle, pid_t child);

// Collects the end of a child: its status, as waitpid tells it. One that was killed may take its time, since
// a process that waits for a disk or a driver hears not even SIGKILL: then there is nothing yet, nobody
// waits, and the end is collected when it comes.
std::optional<int> reap(pid_t child);

// The status that waitpid tells, as a shell tells it: the exit code, or 128 and the signal's number; -1 where
// there is none.
[[nodiscard]] int shell_code(std::optional<int> status) noexcept;

// Whether a process of the group lives: one that has ended and was not collected does not. Reads /proc; where
// there is none, nobody lives. Async-signal-safe.
[[nodiscard]] bool group_lives(pid_t group) noexcept;

// A child that somebody here waits for. That of fork_with_signals_blocked is one already.
void claim_child(pid_t child);

// Collects those that ended among the processes that were inherited from others; never a child of ours.
void reap_inherited();

// How many children that were to be reaped have not ended yet.
[[nodiscard]] std::size_t unreaped_children();

}  // namespace nullworker
