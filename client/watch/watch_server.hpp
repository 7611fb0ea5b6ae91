#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/net/message.hpp>
#include <watch/timeline.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace nullworker::client::watch {

// So many wait for news at once. When one more comes, the one that has waited for longest is answered early,
// and asks again.
inline constexpr std::size_t most_watchers = 16;

// The two routes of a timeline: `/` is the page, and `/events?since=N&run=R&wait=S` what changed after
// revision N, at once if there is something, else after S seconds at the latest (0 to 30). With the `run` of
// another process N is nothing to go on from, and everything comes. A parameter that makes no sense is
// refused with 422 by its name.
class watch_routes {
public:
    // `told` outlives it.
    explicit watch_routes(timeline& told) : x_told(told) {}

    // The answer of `by`, which has nobody wait but those who watch; nothing for a path that is not one of
    // the two. Who may ask is decided before.
    [[nodiscard]] std::optional<net::reaction> answer(const net::request& asked, net::http_server& by);

private:
    struct tables;

    net::reaction page(const net::request& asked, net::http_server& by);
    net::reaction events(const net::request& asked, net::http_server& by);

    timeline& x_told;
};

// A server for these routes alone, on a loopback address. Foreign pages may not read: see local_guard.hpp.
class watch_server {
public:
    // `told` outlives it.
    watch_server(asio::any_io_executor executor, timeline& told);

    // Listens. Throws startup_error that names `setting`.
    void bind(const asio::ip::tcp::endpoint& where, const std::string& setting);
    void start();

    // Where a browser finds the page.
    [[nodiscard]] std::string url() const;

    // The timeline was told something: who waits for that hears it. Better not more than some times a second.
    void look_again() { x_server.look_again(); }

    // How many wait for news now.
    [[nodiscard]] std::size_t waiting() const noexcept { return x_server.waiting(); }

    // Answers those who wait, and ends the connections, busy ones after `patience`.
    [[nodiscard]] asio::awaitable<void> stop(std::chrono::steady_clock::duration patience);

private:
    asio::awaitable<net::reaction> answer(const net::request& asked);

    watch_routes x_routes;
    asio::ip::tcp::endpoint x_where;
    net::http_server x_server;
};

}  // namespace nullworker::client::watch
