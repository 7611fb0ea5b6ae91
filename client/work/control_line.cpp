#include <nullworker/net/http_client.hpp>
#include <work/control_line.hpp>

#include <boost/asio/this_coro.hpp>

#include <memory>
#include <utility>

namespace nullworker::client {
namespace {

url worker_url(const control_place& where, const std::string& path) {
    return {.scheme = "http", .host = "127.0.0.1", .port = where.port, .target = path};
}

}  // namespace

std::string name_of(const control_place& where) {
    return where.socket.empty() ? "port " + std::to_string(where.port) + " of 127.0.0.1"
                                : "the Unix socket " + where.socket;
}

asio::awaitable<control_answer> ask(control_place where, net::verb method, std::string path, std::string body,
                                    seconds limit) {
    net::http_client client(co_await asio::this_coro::executor, std::make_shared<net::tls_trust>());
    net::call request{.method = method,
                      .target = worker_url(where, path),
                      .body = std::move(body),
                      .limit = to_ticks(limit),
                      .local_socket = where.socket};
    co_return co_await client.send(std::move(request));
}

}  // namespace nullworker::client
