#pragma once

#include "bench_error.hpp"
#include "scripted_autoscaler.hpp"

#include <fleet/process_launcher.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nullworker::bench {

// What the kernel says about a process.
struct usage {
    double resident_mib = 0;
    double private_mib = 0;             // of its own alone: what is dirty and shared with nobody
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
    [[nodiscard]] asio::awaitable<seconds> start();

    // Where the next process keeps its state; "none", the default, for nowhere.
    void keep_state_in(std::string directory) { x_variables["NULLWORKER_STATE_DIR"] = std::move(directory); }

    // What the next process is asked whether its consumer is well.
    void probe(std::string target) { x_variables["BACKEND_HEALTH_URL"] = std::move(target); }

    // Its start may take a minute, and not seconds.
    void be_patient() { x_start_limit = std::chrono::minutes(1); }

    // Sends SIGTERM and returns when the process is gone: how long that took.
    [[nodiscard]] asio::awaitable<seconds> stop();

    [[nodiscard]] pid_t pid() const { return x_launcher.pid_of(x_id); }
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::uint16_t port() const noexcept { return x_first_port; }

    // Sends one request by the kept connection. Throws where the answer has another status.
    [[nodiscard]] asio::awaitable<void> ask(std::string path, std::string body, unsigned status);

    [[nodiscard]] asio::awaitable<open_session> create(seconds lifetime);
    [[nodiscard]] asio::awaitable<void> end(const open_session& session);

    // Has the next request come on a connection of its own.
    void hang_up() { x_client.close(); }

    // Opens a connection, sends the beginning of a request, and nothing more.
    [[nodiscard]] asio::awaitable<asio::ip::tcp::socket> begin_request();

    // Opens a connection, has one request answered, and lets it lie idle.
    [[nodiscard]] asio::awaitable<asio::ip::tcp::socket> idle_connection();

    [[nodiscard]] std::int64_t last_request() const noexcept { return x_last_request; }
    [[nodiscard]] usage measure() const;

private:
    asio::awaitable<net::reply> post(std::string path, std::string body);
    [[nodiscard]] asio::awaitable<asio::ip::tcp::socket> connect_and_send(std::string text) const;
    [[nodiscard]] fleet::worker_spec specify() const;

    asio::any_io_executor x_executor;
    scripted_autoscaler& x_autoscaler;
    fleet::process_launcher x_launcher;
    std::uint16_t x_first_port;
    std::map<std::string, std::string> x_variables = {{"NULLWORKER_STATE_DIR", "none"}};
    std::chrono::steady_clock::duration x_start_limit = std::chrono::seconds(10);
    std::int64_t x_id = 0;
    std::int64_t x_last_request = 0;
    net::http_client x_client;
};

}  // namespace nullworker::bench
