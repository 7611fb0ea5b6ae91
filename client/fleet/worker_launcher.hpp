#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace nullworker::fleet {

// The ports a worker is told to listen on.
struct worker_ports {
    std::uint16_t listen = 0;   // public
    std::uint16_t webhook = 0;  // for processes beside it
    std::uint16_t control = 0;
};

struct worker_spec {
    std::int64_t id = 0;
    std::map<std::string, std::string> environment;  // beside what the fleet's own process has
    worker_ports ports;
};

// Whatever turns a specification into a running worker: a process, or a script in a test.
class worker_launcher {
public:
    // Told once for each worker that was started: it is gone, `how` in words.
    using exit_callback = std::function<void(std::int64_t id, const std::string& how)>;

    worker_launcher() = default;
    virtual ~worker_launcher() = default;
    worker_launcher(const worker_launcher&) = delete;
    worker_launcher& operator=(const worker_launcher&) = delete;

    // Set once, before the first start. The callback is not called from within the functions below.
    virtual void on_exit(exit_callback callback) = 0;

    // Fails when the worker cannot be started; then there is no exit to be told.
    [[nodiscard]] virtual result<void> start(worker_spec spec) = 0;

    // Asks a worker to end, and ends it by force when it takes too long. Unknown ids are ignored.
    virtual void stop(std::int64_t id) = 0;

    // Ends a worker at once.
    virtual void kill(std::int64_t id) = 0;

    // Returns when the last worker is gone.
    [[nodiscard]] virtual asio::awaitable<void> join() = 0;
};

}  // namespace nullworker::fleet
