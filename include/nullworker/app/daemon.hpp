#pragma once

#include <nullworker/api/control_api.hpp>
#include <nullworker/api/public_api.hpp>
#include <nullworker/app/journal.hpp>
#include <nullworker/app/settings.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/autoscaler/reporter.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/certificates/certificate_keeper.hpp>
#include <nullworker/consumer/close_callbacks.hpp>
#include <nullworker/consumer/health_probe.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/heartbeat.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::app {

// A whole worker in one event loop: binds, serves, reports, drains. Here everything is put together; nothing
// is decided.
class daemon final : private reservation::desk_observer {
public:
    // Binds the listeners and takes up the state that the last process left. All of them listen at once, but
    // for a public one without a certificate. Throws startup_error. `started` is when the process began.
    daemon(asio::io_context& context, settings config, instant started);
    ~daemon() override;

    // Serves until `stop`, a public listener as soon as it has a certificate, then drains: no new session,
    // the live one ends after the drain time-out at the latest, the last report and the completions go out.
    // Leaves no coroutine behind.
    [[nodiscard]] asio::awaitable<void> run();

    // Begins the drain; further calls change nothing.
    void stop();
    [[nodiscard]] bool stopping() const noexcept { return x_state.draining(); }

    [[nodiscard]] std::uint16_t public_port() const noexcept { return x_public.port(); }
    [[nodiscard]] std::uint16_t webhook_port() const noexcept { return x_webhook.port(); }
    [[nodiscard]] std::uint16_t control_port() const noexcept { return x_control.port(); }
    [[nodiscard]] const std::string& own_url() const noexcept { return x_own_url; }

private:
    void desk_changed() override;
    void desk_settled() override;
    void session_closed(const reservation::closed_session& session) override;

    void bind();
    void restore();
    void compose();
    void secure();
    void start();
    void state_changed();
    [[nodiscard]] std::vector<api::metric> measure() const;
    [[nodiscard]] wire::worker_status describe() const;
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> held_since() const;
    void consumer_alive();
    void note_pulse(reservation::pulse found);
    asio::awaitable<void> watch_heartbeat();
    [[nodiscard]] bool is_to_open() const;  // the public listener lacks nothing, and is not open
    void open();
    asio::awaitable<void> feed_watchdog(std::chrono::steady_clock::duration interval);
    asio::awaitable<net::reaction> answer_public(const net::request& request);  // which outlives it
    asio::awaitable<void> expire_sessions();
    asio::awaitable<void> drain();
    asio::awaitable<void> flush();

    asio::io_context& x_context;
    settings x_config;
    std::shared_ptr<net::tls_trust> x_trust;
    journal x_journal;
    reservation::desk x_desk;
    reservation::readiness x_state;
    reservation::heartbeat x_heartbeat;
    wakeup x_expiry;
    wakeup x_silence;
    wakeup x_turn;  // of the daemon's life: it is to open, or to stop
    wakeup x_slot_freed;
    net::http_server x_public;
    net::http_server x_webhook;
    net::http_server x_control;
    std::string x_own_url;
    reservation::pulse x_pulse = reservation::pulse::alive;  // what was told last
    std::uint64_t x_generation = 0;  // of the session that waiters were told of; 0: none
    std::optional<instant> x_key_fetched;
    bool x_announced = false;
    std::uint64_t x_keys = 0;  // how many different public keys there were

    // Made once the own URL is known.
    std::optional<auth::gatekeeper> x_gate;
    std::optional<api::public_api> x_public_api;
    std::optional<api::control_api> x_control_api;
    std::optional<autoscaler::reporter> x_reporter;
    std::optional<autoscaler::courier> x_courier;
    std::optional<autoscaler::key_fetch> x_key_fetch;
    std::optional<consumer::health_probe> x_probe;
    std::optional<consumer::close_callbacks> x_callbacks;
    std::optional<certificates::certificate_keeper> x_certificates;  // with TLS
    bool x_open = false;

    task_group x_housekeeping;  // cancelled once drained
    task_group x_outgoing;      // reporter and courier: end by themselves
};

// Runs a daemon until SIGTERM or SIGINT, and says with which exit code to end. A second signal ends the
// process at once.
int run_daemon(const settings& config);

// Tells the autoscaler that this worker cannot start: once, then every 10 s for `config.error_linger`.
// `config` outlives it.
[[nodiscard]] asio::awaitable<void> startup_error_report(const settings& config, std::string message);

// The same, in an event loop of its own.
void report_startup_error(const settings& config, const std::string& message);

}  // namespace nullworker::app
