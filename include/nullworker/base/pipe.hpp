#pragma once

#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace nullworker {

struct pipe_ends {
    descriptor reader;
    descriptor writer;
};

// A pipe for what a program writes. The reader's end never blocks, the writer's does: programs do not expect
// to be told to write again. Both are closed on exec.
[[nodiscard]] inline result<pipe_ends> open_pipe() {
    std::array<int, 2> numbers{};
    if (::pipe2(numbers.data(), O_CLOEXEC) != 0)
        return last_error();
    pipe_ends out{descriptor(numbers[0]), descriptor(numbers[1])};
    if (::fcntl(out.reader.number(), F_SETFL, O_NONBLOCK) != 0)
        return last_error();
    return out;
}

}  // namespace nullworker
