#include "side_server.hpp"

#include <nullworker/base/deadline.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <fstream>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto start_limit = 30s;
constexpr auto between_tries = 5ms;

std::string nginx_settings(const std::string& folder, std::uint16_t port) {
    const auto place = "127.0.0.1:" + std::to_string(port);
    return "daemon off; master_process off; error_log stderr crit; pid " + folder +
           "/pid;\n"
           "events { worker_connections 1024; }\n"
           "http {\n"
           "  access_log off; keepalive_requests 1000000000; default_type application/json;\n"
           "  client_body_temp_path " +
           folder + "/body; proxy_temp_path " + folder + "/proxy; fastcgi_temp_path " + folder +
           "/fastcgi; uwsgi_temp_path " + folder + "/uwsgi; scgi_temp_path " + folder +
           "/scgi;\n"
           "  server { listen " +
           place +
           "; location / { return 200 '{\"result\": {\"ok\": true}}'; } }\n"
           "}\n";
}

}  // namespace

side_server::side_server(stage& on, std::vector<std::string> command, std::uint16_t port)
    : x_executor(on.executor()),
      x_launcher(on.executor(), fleet::process_options{.command = std::move(command)}),
      x_port(port) {}

std::string side_server::url() const {
    return "http://127.0.0.1:" + std::to_string(x_port);
}

asio::awaitable<void> side_server::start() {
    const auto started = x_launcher.start({.id = 1, .environment = {}, .ports = {}});
    if (!started)
        throw bench_error("a server cannot be started: " + started.error().message());
    const auto deadline = std::chrono::steady_clock::now() + start_limit;
    for (;;) {
        asio::ip::tcp::socket socket(x_executor);
        const asio::ip::tcp::endpoint place(asio::ip::address_v4::loopback(), x_port);
        const auto [ec] = co_await socket.async_connect(place, nothrow);
        if (!ec)
            co_return;
        if (std::chrono::steady_clock::now() > deadline)
            throw bench_error("nobody takes connections at " + url() + ": " + ec.message());
        co_await sleep_for(between_tries);
    }
}

asio::awaitable<void> side_server::stop() {
    x_launcher.stop(1);
    co_await x_launcher.join();
}

std::unique_ptr<side_server> nginx(stage& on) {
    const auto folder = on.options().scratch;
    const auto file = folder + "/nginx.conf";
    const auto port = on.port_of(side::nginx);
    std::ofstream(file) << nginx_settings(folder, port);
    std::vector<std::string> command = {"nginx", "-p", folder, "-e", "stderr", "-c", file};
    return std::make_unique<side_server>(on, std::move(command), port);
}

std::unique_ptr<side_server> beast(stage& on, std::vector<std::string> tool) {
    const auto port = on.port_of(side::beast);
    auto command = std::move(tool);
    command.insert(command.end(), {on.options().constant_server, std::to_string(port)});
    return std::make_unique<side_server>(on, std::move(command), port);
}

}  // namespace nullworker::bench
