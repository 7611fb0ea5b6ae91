#include <nullworker/app/listeners.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/log.hpp>

#include <chrono>
#include <utility>

namespace nullworker::app {
namespace {

using namespace std::chrono_literals;
using reservation::condition;
using reservation::problem_source;
using tcp = asio::ip::tcp;

// On both addresses, as far as this machine has them: some programs take localhost for the one, and some for
// the other.
void bind_on_loopback(net::http_server& server, std::uint16_t port, const std::string& setting) {
    server.bind({asio::ip::address_v4::loopback(), port}, setting);
    if (const auto met = server.bind_too(asio::ip::address_v6::loopback(), setting))
        log::debug("not_on_ipv6", {{"reason", met.why()}});
}

}  // namespace

listeners::listeners(const asio::any_io_executor& executor, const settings& config)
    : x_config(config),
      x_outside(executor, "public",
                {.max_connections = config.max_connections, .max_silent = config.max_silent}),
      x_webhook(executor, "webhook", webhook_limits),
      x_control(executor, "control", control_limits),
      x_certified(executor),
      x_may_open(!config.use_ssl) {
    const auto address = asio::ip::make_address(config.listen_address);
    x_outside.reserve({address, config.worker_port}, "WORKER_PORT, --worker-port");
    if (x_may_open)
        x_outside.listen();
    bind_on_loopback(x_webhook, config.webhook_port, "WORKER_HTTP_PORT, --worker-http-port");
    bind_on_loopback(x_control, config.control_port, "NULL_CONTROL_PORT, --control-port");
    if (!config.control_socket.empty())
        x_control.bind_local(config.control_socket, "NULLWORKER_CONTROL_SOCKET, --control-socket");
    x_own_url = config.own_url(x_outside.port());
    const auto own = parse_url(x_own_url);
    if (!own)
        throw startup_error("PUBLIC_IPADDR is '" + config.public_address + "', which makes no valid URL");
    x_own = *own;
}

void listeners::certify(net::tls_context certificate) {
    x_outside.use_tls(std::move(certificate));
    x_may_open = true;
    x_certified.ring();
}

void listeners::serve_inside(net::handler webhook, net::handler control) {
    x_webhook.start(std::move(webhook));
    x_control.start(std::move(control));
}

asio::awaitable<void> listeners::serve_outside_later(net::handler on_request, reservation::readiness& state) {
    for (;;) {
        const auto again =
            x_may_open ? std::chrono::steady_clock::now() + 1s : std::chrono::steady_clock::time_point::max();
        co_await x_certified.wait_until(again);
        if (state.draining() || serve_outside(on_request, state))
            co_return;
    }
}

bool listeners::serve_outside(const net::handler& on_request, reservation::readiness& state) {
    if (!x_may_open)
        return false;
    try {
        x_outside.start(on_request);
    } catch (const startup_error& e) {
        log::error("cannot_listen", {{"error", e.what()}});
        state.raise(problem_source::listener, e.what(), now());
        return false;
    }
    state.clear(problem_source::listener, now());
    log::info("listening", {{"url", x_own_url},
                            {"worker_port", x_outside.port()},
                            {"webhook_port", x_webhook.port()},
                            {"control_port", x_control.port()},
                            {"control_socket", x_config.control_socket},
                            {"version", NULLWORKER_VERSION}});
    state.meet(condition::listening, now());
    return true;
}

void listeners::session_changed(std::uint64_t generation, bool retiring) {
    const bool is_new = std::exchange(x_generation, generation) != generation;
    const bool turned = std::exchange(x_retiring, retiring) != retiring;
    if (is_new || turned)
        x_control.look_again();
}

std::uint64_t listeners::evicted() const noexcept {
    return x_outside.evicted() + x_webhook.evicted() + x_control.evicted();
}

}  // namespace nullworker::app
