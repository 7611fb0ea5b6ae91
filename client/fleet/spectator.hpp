#pragma once

#include <fleet/chronicle.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/net/http_client.hpp>
#include <watch/timeline.hpp>
#include <watch/watch_server.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace nullworker::fleet {

// Watches a fleet for those who look at its page: keeps the chronicle, asks workers what holds their slot,
// and serves the page's routes.
class spectator {
public:
    // Where the control port of a running worker is on this machine; nothing where it does not run.
    using control_ports = std::function<std::optional<std::uint16_t>(std::int64_t worker)>;

    // `decisions` outlives it.
    spectator(asio::any_io_executor executor, const scaler& decisions, control_ports ports,
              client::watch::timeline_settings about);

    // What happened, in order. `changed` is for what has no event.
    void note(const event& happened);
    void changed() { x_bell.ring(); }

    // `on_news` is called some times a second at most while something changes, so that those who wait can be
    // answered.
    void start(std::function<void()> on_news);
    [[nodiscard]] asio::awaitable<void> stop();

    // The answer of `by` where the path is one of the page's.
    [[nodiscard]] std::optional<net::reaction> answer(const net::request& asked, net::http_server& by) {
        return x_routes.answer(asked, by);
    }

    [[nodiscard]] client::watch::timeline& story() noexcept { return x_story; }

private:
    asio::awaitable<void> look_on();
    asio::awaitable<void> ask(std::int64_t worker, std::uint16_t port);

    asio::any_io_executor x_executor;
    control_ports x_ports;
    client::watch::timeline x_story;
    chronicle x_chronicle;
    client::watch::watch_routes x_routes;
    std::function<void()> x_on_news;
    wakeup x_bell;
    std::size_t x_asking = 0;
    net::way_out x_out;
    task_group x_tasks;
};

}  // namespace nullworker::fleet
