#include <nullworker/app/daemon.hpp>
#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/auth/session_id.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/service_manager.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace nullworker::app {
namespace {

using namespace std::chrono_literals;
using reservation::condition;
using reservation::problem_source;

// To hosts that the operator named, and that are to be found when DNS is away, too.
net::way_out to_our_own(const asio::any_io_executor& executor, std::shared_ptr<net::tls_trust> trust) {
    const net::resolver_settings names{.keeps_last_good = true};
    return {std::move(trust), std::make_shared<net::resolver>(executor, names)};
}

// Close callbacks go where a client wants them: their names hold up nobody else's.
net::way_out to_strangers(const asio::any_io_executor& executor, std::shared_ptr<net::tls_trust> trust) {
    return {std::move(trust), std::make_shared<net::resolver>(executor)};
}

journal::journal_settings kept_by(const settings& config) {
    return {.directory = config.state_dir,
            .container_id = config.container_id,
            .wanted = config.state_sync ? durability::power : durability::process};
}

certificates::certificate_settings certified_by(const settings& config, const listeners& doors) {
    return {.certificate_file = config.tls_certificate,
            .key_file = config.tls_key,
            .host = doors.own().host,
            .signer =
                join(config.console, "/api/v0/sign_cert/?instance_id=" + std::to_string(config.container_id)),
            .self_signed = config.tls_self_signed,
            .check_interval = config.tls_check_interval,
            .first_pause = config.tls_first_pause};
}

std::optional<certificates::certificate_keeper> certificates_of(const settings& config,
                                                                const asio::any_io_executor& executor,
                                                                const net::way_out& out, listeners& doors,
                                                                reservation::readiness& state) {
    if (!config.use_ssl)
        return std::nullopt;
    const auto on_certificate = [&doors, &state](net::tls_context made) {
        doors.certify(std::move(made));
        state.clear(problem_source::listener, now());
    };
    const auto on_trouble = [&state](std::string message) {
        state.raise(problem_source::listener, std::move(message), now());
    };
    return std::optional<certificates::certificate_keeper>(
        std::in_place, executor, out, certified_by(config, doors),
        certificates::certificate_keeper::events{.on_certificate = on_certificate, .on_trouble = on_trouble});
}

std::optional<consumer::health_probe> probe_of(const settings& config, const asio::any_io_executor& executor,
                                               const net::way_out& out, reservation::readiness& state) {
    if (!config.health_target || config.awaits_consumer())
        return std::nullopt;
    return consumer::health_probe(executor, out,
                                  {.target = *config.health_target,
                                   .interval = to_ticks(config.health_interval),
                                   .timeout = to_ticks(config.health_timeout),
                                   .patience = to_ticks(config.consumer_patience),
                                   .verdict = config.verdict},
                                  state);
}

std::optional<consumer::first_sign> first_sign_of(const settings& config,
                                                  const asio::any_io_executor& executor,
                                                  reservation::readiness& state) {
    if (!config.awaits_consumer())
        return std::nullopt;
    return std::optional<consumer::first_sign>(std::in_place, executor, to_ticks(config.consumer_patience),
                                               state);
}

api::public_settings offered_by(const settings& config) {
    using wire::grant_form;
    return {.create = {.form = config.unsecured ? grant_form::debugging : grant_form::complete,
                       .max_lifetime = config.max_lifetime},
            .max_perf = config.max_perf,
            .partial_load = config.partial_load,
            .consumer = config.consumer_server(),
            .master_token = config.master_token,
            .force_update_file = config.force_update_file,
            .worker_id = config.container_id};
}

// Which session it is, by the names that other lines have, for programs.
void add_ids(std::vector<log::field>& to, const reservation::lease* session) {
    if (!session)
        return;
    to.push_back(log::also("session_id", session->session_id));
    to.push_back(log::also("request_idx", session->request_idx));
}

// The contract's routes answer at once; a server wants a coroutine.
net::handler at_once(std::function<net::reaction(const net::request&)> answer) {
    return [answer = std::move(answer)](const net::request& request) -> asio::awaitable<net::reaction> {
        co_return answer(request);
    };
}

}  // namespace

daemon::daemon(asio::io_context& context, settings config, instant started)
    : x_config(std::move(config)),
      x_executor(context.get_executor()),
      x_trust(std::make_shared<net::tls_trust>()),
      x_to_vast(to_our_own(x_executor, x_trust)),
      x_to_consumer(to_our_own(x_executor, x_trust)),
      x_files(x_executor),
      x_stop(x_executor),
      x_job_done(x_executor),

      x_journal(x_executor, kept_by(x_config), [this] { journal_changed(); }),
      x_listeners(x_executor, x_config),
      x_state(started, [this] { state_changed(); }),
      x_desk({.max_lifetime = x_config.max_lifetime,
              .least_load = x_config.partial_load ? 0.0 : x_config.max_perf},
             {auth::make_session_id, auth::fingerprint}, this),
      x_expiry(x_executor, x_desk),

      x_dead_addresses(std::make_shared<autoscaler::dead_addresses>(x_config.delivery.return_after)),
      x_reach(x_executor, to_ticks(x_config.unreachable_after), x_state),
      x_reporter(x_executor, {x_executor, x_to_vast, reported_by()}, x_config.identity(x_listeners.own_url()),
                 {.furthest = to_ticks(x_config.report_interval)}, x_desk, x_state),
      x_courier(x_executor,
                {x_executor, x_to_vast,
                 told_by("completions", "/delete_requests/",
                         autoscaler::completion_addresses(x_config.report_addresses))},
                x_config.container_id, x_config.master_token, x_desk),
      x_gate(x_listeners.own(), x_config.create_auth, x_config.unsecured),
      x_key(x_executor, x_to_vast, x_config.report_addresses,
            {.on_key =
                 [this](auth::public_key key) {
                     const bool is_new = x_gate.set_key(std::move(key));
                     x_state.clear(problem_source::public_key, now());
                     x_state.meet(condition::public_key, now());
                     return is_new;
                 },
             .on_trouble =
                 [this](std::string message) {
                     x_state.raise(problem_source::public_key, std::move(message), now());
                 },
             // The first report comes right behind the key.
             .on_spare = [this](net::http_client& other) { x_reporter.take_over(other); }},
            x_dead_addresses, x_config.key_refresh_interval),

      x_heartbeats(x_executor, x_config.heartbeat, x_desk, x_state),
      x_probe(probe_of(x_config, x_executor, x_to_consumer, x_state)),
      x_first_sign(first_sign_of(x_config, x_executor, x_state)),
      x_callbacks(x_executor, to_strangers(x_executor, x_trust), x_config.consumer_server(),
                  [this] { return x_journal.until_kept(); }),
      x_certificates(certificates_of(x_config, x_executor, x_to_vast, x_listeners, x_state)),

      x_public_api(offered_by(x_config), x_desk, x_state, x_gate),
      x_door(x_public_api, x_gate, x_key, x_housekeeping, x_files),
      x_view{x_config,   x_listeners, x_journal, x_state, x_desk,       x_door,  x_gate,
             x_reporter, x_reach,     x_courier, x_key,   x_heartbeats, x_probe, x_first_sign},
      x_control_api({.max_lifetime = x_config.max_lifetime, .strict_release = x_config.strict_release},
                    x_desk, x_state,
                    {.measure = [this] { return x_view.measure(); },
                     .describe = [this] { return x_view.describe(); },
                     .on_alive =
                         [this] {
                             x_heartbeats.beat();
                             consumer_spoke();
                         },
                     .on_waiting = [this] { consumer_spoke(); }}),

      x_outgoing(x_executor),
      x_housekeeping(x_executor) {
    restore();
    // A certificate that is there costs no time.
    if (x_certificates && x_certificates->load())
        x_listeners.listen_outside();
}

daemon::~daemon() = default;

// Before anybody is served: connections wait in the kernel's queue meanwhile, but for those to a listener
// with TLS.
void daemon::restore() {
    if (!x_journal.enabled()) {
        log::info("state_not_kept", {{"effect", "a crash loses the session and undelivered completions"},
                                     {"setting", "NULLWORKER_STATE_DIR"}});
        return;
    }
    const auto time = now();
    if (const auto found = x_journal.load()) {
        x_desk.restore(found->left, found->clocks, time);
        const auto* holder = x_desk.holder();
        // Whoever holds the slot was let in by a consumer that had spoken.
        if (x_first_sign && (found->has_consumer || holder) && x_first_sign->give())
            x_journal.note_consumer();
        const seconds remaining = holder ? holder->expires.monotonic - time.monotonic : seconds::zero();
        std::vector<log::field> told = {{"session", name_of(holder)},
                                        {"remaining", remaining.count()},
                                        {"undelivered_completions", x_desk.outbox().size()}};
        add_ids(told, holder);
        log::write(log::level::info, "state_restored", told);
    }
    slot_changed();
    journal_changed();
    x_journal.prepare(x_desk, time);
}

void daemon::consumer_spoke() {
    if (!x_first_sign || !x_first_sign->give())
        return;
    x_journal.note_consumer();
    x_journal.save(x_desk, now());
}

void daemon::journal_changed() {
    if (x_journal.failing())
        x_state.flag(problem_source::state_file,
                     "the state cannot be saved: " + x_journal.why_failing().why(), now());
    else
        x_state.clear(problem_source::state_file, now());
}

// What the autoscaler has heard survives the process: a session that comes back after a crash was never told
// to have ended.
autoscaler::uplink_settings daemon::told_by(std::string name, std::string path, std::vector<url> addresses) {
    return {.addresses = std::move(addresses),
            .name = std::move(name),
            .path = std::move(path),
            .policy = x_config.delivery,
            .dead = x_dead_addresses,
            .before_sending = [this] { return x_journal.until_kept(); }};
}

autoscaler::uplink_settings daemon::reported_by() {
    auto out = told_by("report", "/worker_status/", x_config.report_addresses);
    out.reach = &x_reach;
    return out;
}

// What a request changed survives the process before its answer goes out.
net::handler daemon::kept(net::handler answer) {
    return [this, answer = std::move(answer)](const net::request& request) -> asio::awaitable<net::reaction> {
        const auto before = x_journal.changes();
        auto made = co_await answer(request);
        if (x_journal.changes() != before)
            co_await x_journal.until_kept();
        co_return made;
    };
}

void daemon::start() {
    x_listeners.serve_inside(
        kept(at_once([this](const net::request& request) { return x_public_api.on_webhook(request); })),
        kept(at_once([this](const net::request& request) { return x_control_api.on_control(request); })));
    net::handler door = kept([this](const net::request& request) { return x_door.answer(request); });
    if (!x_listeners.serve_outside(door, x_state))
        x_housekeeping.spawn(x_listeners.serve_outside_later(std::move(door), x_state));
    x_outgoing.spawn(x_reporter.run());
    x_outgoing.spawn(x_courier.run());
    x_housekeeping.spawn(x_expiry.run());
    x_housekeeping.spawn(x_heartbeats.run());
    x_housekeeping.spawn(x_reach.run());
    x_housekeeping.spawn(feed_watchdog());
    if (x_certificates)
        x_housekeeping.spawn(x_certificates->run());
    if (x_config.unsecured) {
        log::warning("unsecured", {{"effect", "anybody can reserve this worker"}, {"setting", "UNSECURED"}});
        x_state.meet(condition::public_key, now());
    } else {
        x_housekeeping.spawn(x_key.run());
    }
    if (x_probe)
        x_housekeeping.spawn(x_probe->run());
    else if (x_first_sign)
        x_housekeeping.spawn(x_first_sign->run());
    else
        x_state.meet(condition::consumer, now());
    tell_service_manager("READY=1");
}

asio::awaitable<void> daemon::run() {
    start();
    co_await x_stop.wait();
    co_await drain();
    co_await flush();
}

void daemon::stop() {
    if (x_state.draining())
        return;
    x_state.begin_drain(now());
    tell_service_manager("STOPPING=1");
    x_stop.ring();
}

// A job that is protected may end by itself; when it has, or the patience is over, the session is ended here.
asio::awaitable<void> daemon::drain() {
    using clock = std::chrono::steady_clock;
    const auto& patience = x_config.drain_timeout;
    const auto deadline = patience ? clock::now() + to_ticks(*patience) : clock::time_point::max();
    const auto is_awaited = [this] { return x_desk.holder() && x_desk.holder()->protected_until; };
    x_desk.expire(now());
    std::vector<log::field> told = {{"session", name_of(x_desk.holder())},
                                    {"timeout", patience ? log::to_text(patience->count()) : "protected"}};
    add_ids(told, x_desk.holder());
    log::write(log::level::info, "draining", told);
    while (is_awaited() && clock::now() < deadline)
        co_await x_job_done.wait_until(deadline);
    x_desk.release(now());
}

// First nobody can change anything any more, then everything is told, then the callbacks end; they may be for
// the control listener.
asio::awaitable<void> daemon::flush() {
    const auto patience = to_ticks(x_config.flush_timeout);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    x_listeners.outside().drain();
    x_listeners.webhook().drain();
    co_await x_listeners.outside().join(1s);
    co_await x_listeners.webhook().join(1s);
    x_reporter.finish();
    x_courier.finish();
    const bool all_said = co_await x_outgoing.finish(patience);
    if (!all_said)
        log::warning("flush_incomplete", {{"undelivered_completions", x_desk.outbox().size()},
                                          {"setting", "NULLWORKER_FLUSH_TIMEOUT"}});
    const auto left = deadline - std::chrono::steady_clock::now();
    co_await x_callbacks.finish(left);
    x_listeners.control().drain();
    co_await x_listeners.control().join(1s);
    x_housekeeping.cancel();
    co_await x_housekeeping.join();
    x_journal.save(x_desk, now());
    co_await x_journal.until_kept();
    log::info("stopped", {{"undelivered_completions", x_desk.outbox().size()}});
}

void daemon::desk_changed() {
    x_journal.save(x_desk, now());
    x_reporter.notify();
    x_courier.notify();
    x_expiry.notify();
    slot_changed();
}

void daemon::desk_worth_saving() {
    x_journal.save(x_desk, now());
    x_expiry.notify();
    slot_changed();
}

// Who holds the slot, whether it is protected, whether it is retiring.
void daemon::slot_changed() {
    using reservation::consumer_verdicts;
    const auto* holder = x_desk.holder();
    const bool works = holder && holder->protected_until;
    x_state.treat(works ? consumer_verdicts::held_back : consumer_verdicts::reported, now());
    x_heartbeats.notify();
    x_listeners.session_changed(x_desk.generation(), holder && holder->retiring);
    if (!works)
        x_job_done.ring();
}

// A client's renewal only puts the expiry off: its timer finds out when it is up.
void daemon::desk_worth_saving_soon() {
    x_journal.save_soon(x_desk);
}

void daemon::load_passed() {
    x_journal.save_soon(x_desk);
    x_reporter.notify();
    x_courier.notify();
}

void daemon::session_closed(const reservation::closed_session& session) {
    std::vector<log::field> told = {{"session_id", session.session_id},
                                    {"reason", to_string(session.reason)}};
    if (session.outcome)
        told.emplace_back("outcome", to_string(*session.outcome));
    told.push_back(log::also("request_idx", session.request_idx));
    log::write(log::level::info, "session_closed", told);
    x_callbacks.send(session);
}

void daemon::state_changed() {
    x_reporter.notify();
    tell_service_manager("STATUS=" + status_line(x_state));
    if (x_state.ready() && !std::exchange(x_announced, true))
        log::info("ready", {{"seconds", x_state.load_time()}});
}

}  // namespace nullworker::app
