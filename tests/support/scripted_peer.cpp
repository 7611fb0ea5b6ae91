#include "support/scripted_peer.hpp"

#include <nullworker/base/asio.hpp>

#include <chrono>
#include <utility>

namespace nullworker::test {

scripted_peer::scripted_peer(asio::any_io_executor executor, net::tls_context tls)
    : x_tls(tls != nullptr),
      x_server(executor, "peer", {}, std::move(tls)),
      x_arrivals(executor, asio::steady_timer::time_point::max()),
      x_release(executor, asio::steady_timer::time_point::max()) {
    x_server.bind({asio::ip::address_v4::loopback(), 0}, "scripted_peer");
    x_server.start([this](net::request incoming) { return answer(std::move(incoming)); });
}

void scripted_peer::reply_once(const std::string& path, net::reply answer) {
    x_queued[path].emplace_back(std::move(answer));
}

void scripted_peer::reply_always(const std::string& path, net::reply answer) {
    reply_by(path, [answer = std::move(answer)](const net::request&) { return answer; });
}

void scripted_peer::reply_by(const std::string& path, std::function<net::reply(const net::request&)> make) {
    x_defaults.insert_or_assign(path, std::move(make));
}

void scripted_peer::drop_once(const std::string& path) {
    x_queued[path].emplace_back(net::hang_up{});
}

void scripted_peer::hold_once(const std::string& path, net::reply answer) {
    x_queued[path].emplace_back(held{std::move(answer)});
}

void scripted_peer::let_go() {
    x_release.cancel();
}

asio::awaitable<net::request> scripted_peer::received(std::string path, std::size_t count) {
    while (x_received[path].size() < count)
        co_await x_arrivals.async_wait(nothrow);
    co_return x_received[path][count - 1];
}

std::string scripted_peer::origin() const {
    return (x_tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port());
}

url scripted_peer::at(std::string_view path) const {
    return join(parse_url(origin()).value(), path);
}

asio::awaitable<void> scripted_peer::stop() {
    x_server.drain();
    co_await x_server.join(std::chrono::seconds(0));
}

scripted_peer::action scripted_peer::next_action(const net::request& incoming) {
    if (auto& queue = x_queued[incoming.path]; !queue.empty()) {
        auto next = std::move(queue.front());
        queue.pop_front();
        return next;
    }
    const auto fallback = x_defaults.find(incoming.path);
    return fallback == x_defaults.end() ? net::status_reply(404) : fallback->second(incoming);
}

asio::awaitable<net::reaction> scripted_peer::answer(net::request incoming) {
    auto next = next_action(incoming);
    x_received[incoming.path].push_back(std::move(incoming));
    x_arrivals.cancel();
    if (std::holds_alternative<net::hang_up>(next))
        co_return net::hang_up{};
    if (auto* waiting = std::get_if<held>(&next)) {
        co_await x_release.async_wait(nothrow);
        co_return std::move(waiting->answer);
    }
    co_return std::move(std::get<net::reply>(next));
}

}  // namespace nullworker::test
