#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <vast/failure.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace nullworker::client {

// A line of shell that prints how much work there is.
struct depth_script {
    std::string line;
    std::string shell = "/bin/sh";  // a path, or found in PATH
    seconds limit{10.0};            // for one run of it
};

// What it told.
struct told_depth {
    std::int64_t jobs = 0;
    std::string remarks;  // what it wrote to standard error
};

// Runs it once. Fails, in words that show nothing of the line, where it does, or where it prints something
// else than numbers, or nothing.
[[nodiscard]] asio::awaitable<outcome<told_depth>> run_depth(depth_script command);

}  // namespace nullworker::client
