#pragma once

#include <nullworker/base/url.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/net/message.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nullworker::test {

namespace asio = boost::asio;

// An HTTP server on a free port of 127.0.0.1 that answers as told and remembers what it was asked: the
// autoscaler, the consumer's program, or any other peer. Each path has a queue of answers; once that is empty
// its default applies, and a path without one is 404.
class scripted_peer {
public:
    explicit scripted_peer(asio::any_io_executor executor, net::tls_context tls = nullptr);

    // ---- what it answers ----

    // The next request to `path` gets `answer`.
    void reply_once(const std::string& path, net::reply answer);
    // Every request to `path` that nothing is queued for gets `answer`.
    void reply_always(const std::string& path, net::reply answer);
    // The same with an answer that depends on the request.
    void reply_by(const std::string& path, std::function<net::reply(const net::request&)> make);
    // The next request to `path` is read, and the connection closed without a reply.
    void drop_once(const std::string& path);
    // The next request to `path` waits for `let_go()` and gets `answer` then.
    void hold_once(const std::string& path, net::reply answer = net::json_reply(200, "{}"));
    // Answers the requests that are held now.
    void let_go();

    // ---- what it was asked ----

    // Every request so far to `path`, oldest first.
    [[nodiscard]] const std::vector<net::request>& requests(const std::string& path) {
        return x_received[path];
    }
    // Waits until `path` was asked `count` times in all, then returns the request that made it so.
    [[nodiscard]] asio::awaitable<net::request> received(std::string path, std::size_t count = 1);

    // ---- where it is ----

    [[nodiscard]] std::uint16_t port() const noexcept { return x_server.port(); }
    // http[s]://127.0.0.1:port
    [[nodiscard]] std::string origin() const;
    [[nodiscard]] url at(std::string_view path) const;
    // Connections that are open now.
    [[nodiscard]] std::size_t connections() const noexcept { return x_server.connections(); }

    // Closes everything, held requests without a reply. Must run before the peer is destroyed.
    [[nodiscard]] asio::awaitable<void> stop();

private:
    struct held {
        net::reply answer;
    };
    using action = std::variant<net::reply, net::hang_up, held>;

    asio::awaitable<net::reaction> answer(net::request incoming);
    action next_action(const net::request& incoming);

    bool x_tls;
    net::http_server x_server;
    asio::steady_timer x_arrivals;  // cancelled at each request
    asio::steady_timer x_release;   // cancelled by let_go()
    std::map<std::string, std::deque<action>> x_queued;
    std::map<std::string, std::function<net::reply(const net::request&)>> x_defaults;
    std::map<std::string, std::vector<net::request>> x_received;
};

}  // namespace nullworker::test
