#pragma once

#include <nullworker/base/asio.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace nullworker::client {

// A program that runs on this terminal, in this process group, beside us.
class child_process {
public:
    // Starts `command`, found in PATH, with additions to the environment. Throws startup_error.
    child_process(const asio::any_io_executor& executor, const std::vector<std::string>& command,
                  const std::map<std::string, std::string>& environment);

    // Returns when it has ended: its exit code, or 128 and the number of the signal that ended it.
    [[nodiscard]] asio::awaitable<int> wait();

    void signal(int number);

private:
    pid_t x_pid = -1;
    asio::posix::stream_descriptor x_descriptor;
};

}  // namespace nullworker::client
