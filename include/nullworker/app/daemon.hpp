#pragma once

#include <nullworker/api/control_api.hpp>
#include <nullworker/api/public_api.hpp>
#include <nullworker/app/expiry.hpp>
#include <nullworker/app/listeners.hpp>
#include <nullworker/app/public_door.hpp>
#include <nullworker/app/settings.hpp>
#include <nullworker/app/worker_view.hpp>
#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/autoscaler/key_fetch.hpp>
#include <nullworker/autoscaler/reach_watch.hpp>
#include <nullworker/autoscaler/reporter.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/certificates/certificate_keeper.hpp>
#include <nullworker/consumer/close_callbacks.hpp>
#include <nullworker/consumer/first_sign.hpp>
#include <nullworker/consumer/health_probe.hpp>
#include <nullworker/consumer/heartbeat_watch.hpp>
#include <nullworker/journal/journal.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/readiness.hpp>

#include <boost/asio/io_context.hpp>

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
    // the live one ends with its protection, after the drain time-out at the latest; the last report and the
    // completions go out.
    // Leaves no coroutine behind.
    [[nodiscard]] asio::awaitable<void> run();

    // Begins the drain; further calls change nothing.
    void stop();

    [[nodiscard]] std::uint16_t public_port() const noexcept { return x_listeners.outside().port(); }
    [[nodiscard]] std::uint16_t webhook_port() const noexcept { return x_listeners.webhook().port(); }
    [[nodiscard]] std::uint16_t control_port() const noexcept { return x_listeners.control().port(); }
    [[nodiscard]] const std::string& own_url() const noexcept { return x_listeners.own_url(); }

private:
    void desk_changed() override;
    void desk_worth_saving() override;
    void desk_worth_saving_soon() override;
    void load_passed() override;
    void session_closed(const reservation::closed_session& session) override;
    void slot_changed();
    void state_changed();
    void journal_changed();
    void consumer_spoke();
    net::handler kept(net::handler answer);
    autoscaler::uplink_settings told_by(std::string name, std::string path, std::vector<url> addresses);
    autoscaler::uplink_settings reported_by();

    void restore();
    void start();
    asio::awaitable<void> drain();
    asio::awaitable<void> flush();

    // Each needs none but those above it.
    const settings x_config;
    const asio::any_io_executor x_executor;
    const std::shared_ptr<net::tls_trust> x_trust;
    const net::way_out x_to_vast;
    const net::way_out x_to_consumer;
    side_thread x_files;  // for files that are no state
    wakeup x_stop;
    wakeup x_job_done;

    journal::journal x_journal;
    listeners x_listeners;
    reservation::readiness x_state;
    reservation::desk x_desk;
    expiry x_expiry;

    const std::shared_ptr<autoscaler::dead_addresses> x_dead_addresses;
    autoscaler::reach_watch x_reach;
    autoscaler::reporter x_reporter;
    autoscaler::courier x_courier;
    auth::gatekeeper x_gate;
    autoscaler::key_fetch x_key;

    consumer::heartbeat_watch x_heartbeats;
    std::optional<consumer::health_probe> x_probe;     // where the consumer can be asked
    std::optional<consumer::first_sign> x_first_sign;  // where it is to speak first
    consumer::close_callbacks x_callbacks;
    std::optional<certificates::certificate_keeper> x_certificates;  // with TLS

    api::public_api x_public_api;
    public_door x_door;
    worker_view x_view;
    api::control_api x_control_api;
    bool x_announced = false;  // that it is ready

    // What runs uses all of the above, so it goes first.
    task_group x_outgoing;      // reports and completions: ends by itself
    task_group x_housekeeping;  // cancelled once drained
};

}  // namespace nullworker::app
