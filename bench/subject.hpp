#pragma once

#include "scripted_autoscaler.hpp"

#include <fleet/process_launcher.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace nullworker::bench {

// A measurement that cannot be taken: the worker did not do what the contract says.
struct bench_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What the kernel says about a process.
struct usage {
    double resident_mib = 0;
    seconds processor{};                // user and system
    std::int64_t context_switches = 0;  // voluntary and not
    std::int64_t descriptors = 0;       // open files and sockets
    std::chrono::steady_clock::time_point at;
};

struct open_session {
    wire::json_value grant;
    std::string id;
    double expiration = 0;  // epoch seconds
};

// A worker under test: a real process, one at a time, and a client of it on a kept connection.
class subject {
public:
    // `command` keeps the environment contract. Uses three ports from `first_port` on.
    subject(asio::any_io_executor executor, scripted_autoscaler& autoscaler, std::vector<std::string> command,
            std::uint16_t first_port);

    // Starts the process, waits until it reports that it is ready; how long that took.
    [[nodiscard]] asio::awaitable<seconds> start(std::chrono::steady_clock::duration limit);

    // Where the next process keeps its state; "none", the default, for nowhere.
    void keep_state_in(std::string directory) { x_state_dir = std::move(directory); }

    // Returns when the process is gone.
    [[nodiscard]] asio::awaitable<void> stop();

    [[nodiscard]] asio::awaitable<open_session> create(seconds lifetime);
    [[nodiscard]] asio::awaitable<void> end(const open_session& session);

    // `count` times /session/health, one after the other, on a connection of its own; counts in `open` how
    // often the session was. `open` outlives the call.
    [[nodiscard]] asio::awaitable<void> ask_health(open_session session, int count, int& open);

    // Has the next request come on a connection of its own.
    void hang_up() { x_client.close(); }

    // Opens a connection, sends the beginning of a request, and nothing more.
    [[nodiscard]] asio::awaitable<asio::ip::tcp::socket> begin_request();

    [[nodiscard]] std::int64_t last_request() const noexcept { return x_last_request; }
    [[nodiscard]] usage measure() const;

private:
    asio::awaitable<net::reply> post(std::string path, std::string body);
    [[nodiscard]] fleet::worker_spec specify() const;
    [[nodiscard]] std::string url() const;

    asio::any_io_executor x_executor;
    scripted_autoscaler& x_autoscaler;
    fleet::process_launcher x_launcher;
    std::uint16_t x_first_port;
    std::string x_state_dir = "none";
    std::int64_t x_id = 0;
    std::int64_t x_last_request = 0;
    net::http_client x_client;
};

}  // namespace nullworker::bench
