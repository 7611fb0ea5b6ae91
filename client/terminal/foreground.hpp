#pragma once

#include <nullworker/base/descriptor.hpp>

#include <sys/types.h>

namespace nullworker::client {

// The terminal of which we are the foreground, if there is one: who types there speaks to us. It can be
// handed over to another process group.
class foreground {
public:
    foreground();

    // Its descriptor where we are in the foreground now, else -1.
    [[nodiscard]] int to_hand_over() const noexcept;

    // Whether there is a terminal at all.
    [[nodiscard]] bool is_ours_to_give() const noexcept { return x_terminal.is_open(); }

    // To the process group, where we are in the foreground.
    void hand_over(pid_t group) const noexcept;

    // Makes us the foreground again, where that process group is it.
    void take_back(pid_t group) const noexcept;

private:
    descriptor x_terminal;
};

}  // namespace nullworker::client
