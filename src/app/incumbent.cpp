#include <nullworker/app/incumbent.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/json_value.hpp>

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::app {
namespace {

constexpr std::chrono::seconds answer_in(2);

net::call question(std::uint16_t port, std::string socket = {}) {
    return {.target = {.scheme = "http", .host = "127.0.0.1", .port = port, .target = "/status"},
            .limit = answer_in,
            .local_socket = std::move(socket)};
}

std::vector<net::call> questions(const settings& config) {
    std::vector<net::call> out;
    if (config.control_port != 0)
        out.push_back(question(config.control_port));
    if (!config.control_socket.empty())
        out.push_back(question(0, config.control_socket));
    return out;
}

// Containers may share their loopback addresses, and each has a worker of its own then.
bool is_of(const net::reply& told, std::int64_t container_id) {
    const auto status = wire::json_value::parse(told.body);
    return status && status->text_at("version") &&
           status->text_at("container_id") == std::to_string(container_id);
}

}  // namespace

asio::awaitable<bool> has_incumbent(const settings& config) {
    net::http_client client(co_await asio::this_coro::executor, std::make_shared<net::tls_trust>());
    for (auto& ask : questions(config)) {
        const auto told = co_await client.send(std::move(ask));
        client.close();
        if (told && is_of(*told, config.container_id))
            co_return true;
    }
    co_return false;
}

}  // namespace nullworker::app
