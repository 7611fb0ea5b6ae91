#pragma once

#include "stage.hpp"

#include <fleet/process_launcher.hpp>

namespace nullworker::bench {

// A server beside the workers that knows nothing of the contract: nginx, or the minimal one with Beast.
class side_server {
public:
    side_server(stage& on, std::vector<std::string> command, std::uint16_t port);

    // Returns when it takes connections.
    [[nodiscard]] asio::awaitable<void> start();
    [[nodiscard]] asio::awaitable<void> stop();

    [[nodiscard]] std::string url() const;
    [[nodiscard]] pid_t pid() const { return x_launcher.pid_of(1); }

private:
    asio::any_io_executor x_executor;
    fleet::process_launcher x_launcher;
    std::uint16_t x_port;
};

// nginx that answers 200 and a constant to everything, one process without a log.
[[nodiscard]] std::unique_ptr<side_server> nginx(stage& on);

// The minimal server with Beast, with `tool` in front of its command.
[[nodiscard]] std::unique_ptr<side_server> beast(stage& on, std::vector<std::string> tool = {});

}  // namespace nullworker::bench
