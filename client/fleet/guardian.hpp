#pragma once

#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>

#include <vector>

#include <sys/types.h>

namespace nullworker::fleet {

// A process that outlives this one by a moment: it knows every process group that was announced to it, and
// when the last descriptor to it is closed, however this process ends, it kills those that are left.
// Where it is given a descriptor it has a copy of that until none of these groups lives: a lock, say, which
// is free only then. The guardian sits in a session of its own, so that what a terminal does to us does not
// reach it.
class guardian {
public:
    // `kept`: the descriptor, which outlives this object; -1: none.
    explicit guardian(int kept = -1) noexcept : x_kept(kept) {}
    ~guardian();
    guardian(const guardian&) = delete;
    guardian& operator=(const guardian&) = delete;

    // Makes sure that one is there; a new one is told of `alive`.
    [[nodiscard]] result<void> ensure(const std::vector<pid_t>& alive);

    // Announces the group of the calling process. For a child between fork and exec: async-signal-safe.
    // False when nobody listens; then the child must not go on.
    [[nodiscard]] bool announce(pid_t group) const noexcept;

    // The group is gone, or about to be: its number may come to mean another group.
    void forget(pid_t group) const noexcept;

private:
    void end() noexcept;

    int x_kept;
    pid_t x_pid = -1;
    descriptor x_socket;
};

}  // namespace nullworker::fleet
