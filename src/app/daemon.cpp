#include <nullworker/app/daemon.hpp>
#include <nullworker/auth/session_id.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/service_manager.hpp>
#include <nullworker/net/connect.hpp>
#include <nullworker/wire/status_report.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <utility>

#include <sys/resource.h>

namespace nullworker::app {
namespace {

using namespace std::chrono_literals;
using reservation::condition;
using reservation::problem_source;
using tcp = asio::ip::tcp;

constexpr autoscaler::delivery_policy single_try{.tries_per_address = 1, .pause = {}};

// The listeners for programs on the machine have a share of their own, whatever happens to the public one.
// Consumers wait at the control listener for a session.
constexpr net::server_limits webhook_limits{.max_connections = 128};
constexpr net::server_limits control_limits{.max_connections = 512};

tcp::endpoint loopback(std::uint16_t port) {
    return {asio::ip::address_v4::loopback(), port};
}

// A session, for the log.
std::string name_of(const reservation::lease* holder) {
    return holder ? holder->session_id : "none";
}

// What a service manager shows of the worker.
std::string status_line(const std::vector<std::string>& reasons) {
    std::string out;
    for (const auto& reason : reasons)
        out += (out.empty() ? "" : "; ") + reason;
    std::replace(out.begin(), out.end(), '\n', ' ');  // which would begin another assignment
    return out.empty() ? "ready" : out;
}

double health_figure(reservation::health verdict) {
    switch (verdict) {
        case reservation::health::healthy:
            return 1;
        case reservation::health::unhealthy:
            return 0;
        case reservation::health::unknown:
            break;
    }
    return -1;
}

// The contract's handlers answer at once; a server wants a coroutine.
template <class Answer>
net::handler at_once(Answer answer) {
    return [answer](const net::request& request) -> asio::awaitable<net::reaction> {
        co_return answer(request);
    };
}

}  // namespace

daemon::daemon(asio::io_context& context, settings config, instant started)
    : x_context(context),
      x_config(std::move(config)),
      x_trust(std::make_shared<net::tls_trust>()),
      x_journal({.directory = x_config.state_dir,
                 .container_id = x_config.container_id,
                 .wanted = x_config.state_sync ? durability::power : durability::process}),
      x_desk({.max_lifetime = x_config.max_lifetime}, auth::make_session_id, this),
      x_state(started, [this] { state_changed(); }),
      x_heartbeat(x_config.heartbeat),
      x_expiry(context.get_executor()),
      x_silence(context.get_executor()),
      x_turn(context.get_executor()),
      x_slot_freed(context.get_executor()),
      x_public(context.get_executor(), "public", {.max_connections = x_config.max_connections}),
      x_webhook(context.get_executor(), "webhook", webhook_limits),
      x_control(context.get_executor(), "control", control_limits),
      x_housekeeping(context.get_executor()),
      x_outgoing(context.get_executor()) {
    bind();
    restore();
    compose();
    secure();
}

daemon::~daemon() = default;

void daemon::bind() {
    const auto address = asio::ip::make_address(x_config.listen_address);
    x_public.reserve({address, x_config.worker_port}, "WORKER_PORT, --worker-port");
    if (!x_config.use_ssl)
        x_public.listen();
    x_webhook.bind(loopback(x_config.webhook_port), "WORKER_HTTP_PORT, --worker-http-port");
    x_control.bind(loopback(x_config.control_port), "NULL_CONTROL_PORT, --control-port");
    if (!x_config.control_socket.empty())
        x_control.bind_local(x_config.control_socket, "NULLWORKER_CONTROL_SOCKET, --control-socket");
    x_own_url = x_config.own_url(x_public.port());
}

// With TLS the public listener needs a certificate before it may listen. One that is there costs no time.
void daemon::secure() {
    if (!x_config.use_ssl)
        return;
    const auto signer =
        join(x_config.console, "/api/v0/sign_cert/?instance_id=" + std::to_string(x_config.container_id));
    x_certificates.emplace(x_context.get_executor(), x_trust,
                           certificates::certificate_settings{.certificate_file = x_config.tls_certificate,
                                                              .key_file = x_config.tls_key,
                                                              .host = parse_url(x_own_url).value().host,
                                                              .signer = signer,
                                                              .self_signed = x_config.tls_self_signed,
                                                              .check_interval = x_config.tls_check_interval,
                                                              .first_pause = x_config.tls_first_pause},
                           certificates::certificate_keeper::events{
                               .on_certificate =
                                   [this](net::tls_context made) {
                                       x_public.use_tls(std::move(made));
                                       x_state.clear(problem_source::listener, now());
                                       x_turn.ring();
                                   },
                               .on_trouble =
                                   [this](std::string message) {
                                       x_state.raise(problem_source::listener, std::move(message), now());
                                   },
                           });
    if (x_certificates->load())
        x_public.listen();
}

bool daemon::is_to_open() const {
    return !x_open && (!x_certificates || x_certificates->ready());
}

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
        x_desk.restore(found->state, found->clocks, time);
        const auto* holder = x_desk.holder();
        const seconds remaining = holder ? holder->expires.monotonic - time.monotonic : seconds::zero();
        log::info("state_restored", {{"session", name_of(holder)},
                                     {"remaining", remaining.count()},
                                     {"undelivered_completions", x_desk.outbox().size()}});
    }
    x_generation = x_desk.generation();
    x_journal.prepare(x_desk, time);
}

void daemon::compose() {
    const auto executor = x_context.get_executor();
    const auto own = parse_url(x_own_url);
    if (!own)
        throw startup_error("PUBLIC_IPADDR is '" + x_config.public_address + "', which makes no valid URL");
    x_gate.emplace(*own, x_config.create_auth, x_config.unsecured);
    x_public_api.emplace(
        api::public_settings{
            .create = {.form = x_config.unsecured ? wire::grant_form::debugging : wire::grant_form::complete,
                       .max_lifetime = x_config.max_lifetime},
            .master_token = x_config.master_token,
            .force_update_file = x_config.force_update_file,
        },
        x_desk, x_state, *x_gate);
    x_control_api.emplace(api::control_settings{.max_lifetime = x_config.max_lifetime,
                                                .strict_release = x_config.strict_release},
                          x_desk, x_state,
                          api::control_events{.measure = [this] { return measure(); },
                                              .describe = [this] { return describe(); },
                                              .on_alive = [this] { consumer_alive(); }});

    const auto& addresses = x_config.report_addresses;
    x_reporter.emplace(
        executor,
        autoscaler::uplink(executor, x_trust, addresses, "report", "/worker_status/", x_config.delivery),
        autoscaler::worker_identity{.id = x_config.container_id,
                                    .mtoken = x_config.master_token,
                                    .version = x_config.report_version,
                                    .url = x_own_url,
                                    .max_perf = x_config.max_perf},
        autoscaler::report_cadence{.furthest = to_ticks(x_config.report_interval)}, x_desk, x_state);
    x_courier.emplace(executor,
                      autoscaler::uplink(executor, x_trust, autoscaler::completion_addresses(addresses),
                                         "completions", "/delete_requests/", x_config.delivery),
                      x_config.container_id, x_config.master_token, x_desk);
    x_key_fetch.emplace(executor, x_trust, addresses,
                        autoscaler::key_fetch::events{
                            .on_key =
                                [this](auth::public_key key) {
                                    if (x_gate->set_key(std::move(key)))
                                        ++x_keys;
                                    x_key_fetched = now();
                                    x_state.clear(problem_source::public_key, now());
                                    x_state.meet(condition::public_key, now());
                                },
                            .on_trouble =
                                [this](std::string message) {
                                    x_state.raise(problem_source::public_key, std::move(message), now());
                                },
                        },
                        x_config.key_refresh_interval);
    url callback_base{.scheme = "http", .host = "127.0.0.1", .port = x_control.port()};
    if (x_config.health_target) {
        if (const auto* server = std::get_if<url>(&*x_config.health_target))
            callback_base = *server;
        x_probe.emplace(executor, x_trust,
                        consumer::probe_settings{.target = *x_config.health_target,
                                                 .interval = to_ticks(x_config.health_interval),
                                                 .timeout = to_ticks(x_config.health_timeout),
                                                 .verdict = x_config.verdict},
                        x_state);
    }
    x_callbacks.emplace(executor, x_trust, callback_base);
}

void daemon::start() {
    x_webhook.start(
        at_once([this](const net::request& request) { return x_public_api->on_webhook(request); }));
    x_control.start(
        at_once([this](const net::request& request) { return x_control_api->on_control(request); }));
    if (is_to_open())
        open();
    x_outgoing.spawn(x_reporter->run());
    x_outgoing.spawn(x_courier->run());
    x_housekeeping.spawn(expire_sessions());
    if (x_heartbeat.expected())
        x_housekeeping.spawn(watch_heartbeat());
    if (x_config.unsecured) {
        log::warning("unsecured", {{"effect", "anybody can reserve this worker"}, {"setting", "UNSECURED"}});
        x_state.meet(condition::public_key, now());
    } else {
        x_housekeeping.spawn(x_key_fetch->run());
    }
    if (x_certificates)
        x_housekeeping.spawn(x_certificates->run());
    if (const auto interval = watchdog_interval())
        x_housekeeping.spawn(feed_watchdog(*interval / 2));
    if (x_probe)
        x_housekeeping.spawn(x_probe->run());
    else
        x_state.meet(condition::consumer, now());
    tell_service_manager("READY=1");
}

// Somebody else may listen on the reserved port by now; it is tried again.
void daemon::open() {
    try {
        x_public.start([this](const net::request& request) { return answer_public(request); });
    } catch (const startup_error& e) {
        log::error("cannot_listen", {{"error", e.what()}});
        return x_state.raise(problem_source::listener, e.what(), now());
    }
    x_state.clear(problem_source::listener, now());
    x_open = true;
    log::info("listening", {{"url", x_own_url},
                            {"worker_port", x_public.port()},
                            {"webhook_port", x_webhook.port()},
                            {"control_port", x_control.port()},
                            {"control_socket", x_config.control_socket},
                            {"version", NULLWORKER_VERSION}});
    x_state.meet(condition::listening, now());
}

asio::awaitable<void> daemon::run() {
    start();
    while (!stopping()) {
        const auto again = is_to_open() ? std::chrono::steady_clock::now() + 1s
                                        : std::chrono::steady_clock::time_point::max();
        co_await x_turn.wait_until(again);
        if (!stopping() && is_to_open())
            open();
    }
    co_await drain();
    co_await flush();
}

void daemon::stop() {
    if (x_state.draining())
        return;
    x_state.begin_drain(now());
    tell_service_manager("STOPPING=1");
    x_turn.ring();
}

// The session may end by itself; when the patience is over it is ended here.
asio::awaitable<void> daemon::drain() {
    const auto deadline = std::chrono::steady_clock::now() + to_ticks(x_config.drain_timeout);
    log::info("draining",
              {{"session", name_of(x_desk.holder())}, {"timeout", x_config.drain_timeout.count()}});
    while (x_desk.holder() && std::chrono::steady_clock::now() < deadline)
        co_await x_slot_freed.wait_until(deadline);
    x_desk.release(now());
}

// First nobody can change anything any more, then everything is told, then the callbacks end; they may be for
// the control listener.
asio::awaitable<void> daemon::flush() {
    const auto patience = to_ticks(x_config.flush_timeout);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    x_public.drain();
    x_webhook.drain();
    co_await x_public.join(1s);
    co_await x_webhook.join(1s);
    x_reporter->finish();
    x_courier->finish();
    const bool all_said = co_await x_outgoing.finish(patience);
    if (!all_said)
        log::warning("flush_incomplete", {{"undelivered_completions", x_desk.outbox().size()},
                                          {"setting", "NULLWORKER_FLUSH_TIMEOUT"}});
    const auto left = deadline - std::chrono::steady_clock::now();
    co_await x_callbacks->finish(left);
    x_control.drain();
    co_await x_control.join(1s);
    x_housekeeping.cancel();
    co_await x_housekeeping.join();
    log::info("stopped", {{"undelivered_completions", x_desk.outbox().size()}});
}

// A signature that does not verify may be good under a key that is newer than ours. A request that was
// refused for it changed nothing, so it can be asked once more; one that the open policy admitted has had its
// effect.
asio::awaitable<net::reaction> daemon::answer_public(const net::request& request) {
    constexpr auto patience = 3s;
    constexpr unsigned unauthorized = 401;
    const auto refused_before = x_gate->bad_signatures();
    const auto keys_before = x_keys;
    auto answer = x_public_api->on_public(request);
    if (x_gate->bad_signatures() == refused_before)
        co_return answer;
    if (answer.status != unauthorized) {
        x_housekeeping.spawn(x_key_fetch->refresh(patience));
        co_return answer;
    }
    co_await x_key_fetch->refresh(patience);
    co_return x_keys == keys_before ? answer : x_public_api->on_public(request);
}

std::vector<api::metric> daemon::measure() const {
    using kind = api::metric::kind;
    const auto* holder = x_desk.holder();
    const auto count = [](auto number) { return static_cast<double>(number); };
    return {
        {"ready", kind::gauge, "1 once the worker takes sessions", x_state.takes_sessions() ? 1.0 : 0.0},
        {"healthy", kind::gauge, "1 while nothing is wrong", x_state.reasons().empty() ? 1.0 : 0.0},
        {"consumer_healthy", kind::gauge,
         "1 while the health probe succeeds, 0 while not, -1 where it is unknown",
         x_probe ? health_figure(x_probe->verdict().state()) : -1.0},
        {"consumer_silent", kind::gauge,
         "1 from when a heartbeat is missing while a session is held until the next one",
         x_heartbeat.state() == reservation::pulse::alive ? 0.0 : 1.0},
        {"consumer_dead", kind::gauge, "1 once the consumer was silent for longer than the grace period",
         x_heartbeat.state() == reservation::pulse::dead ? 1.0 : 0.0},
        {"session_active", kind::gauge, "1 while a session holds the slot", holder ? 1.0 : 0.0},
        {"load", kind::gauge, "Cost of the live session", holder ? holder->cost : 0.0},
        {"sessions_total", kind::counter, "Sessions given out, former processes included",
         count(x_desk.sessions())},
        {"completions_undelivered", kind::gauge, "Completions the autoscaler has not accepted yet",
         count(x_desk.outbox().size())},
        {"completions_delivered_total", kind::counter, "Completions the autoscaler accepted",
         count(x_courier->delivered())},
        {"completions_dropped_total", kind::counter, "Completions dropped since too many were undelivered",
         count(x_desk.outbox().dropped())},
        {"reports_accepted_total", kind::counter, "Reports the autoscaler accepted",
         count(x_reporter->accepted())},
        {"bad_signatures_total", kind::counter, "Grants whose signature did not verify",
         count(x_gate->bad_signatures())},
        {"state_writes_total", kind::counter, "Times the state file was written", count(x_journal.writes())},
        {"state_failing", kind::gauge, "1 while the state file cannot be written",
         x_journal.failing() ? 1.0 : 0.0},
        {"state_write_failures_total", kind::counter, "Times the state file could not be written",
         count(x_journal.failures())},
        {"waiters", kind::gauge, "Requests that wait for the session to change", count(x_control.waiting())},
        {"connections", kind::gauge, "Open connections to the public listener",
         count(x_public.connections())},
        {"connections_evicted_total", kind::counter, "Connections closed to make room for others",
         count(x_public.evicted() + x_webhook.evicted() + x_control.evicted())},
    };
}

wire::worker_status daemon::describe() const {
    const auto time = now();
    const auto told = [](const std::optional<instant>& when) {
        return when ? std::optional(epoch_seconds(when->wall)) : std::nullopt;
    };
    const auto reasons = x_state.reasons();
    wire::worker_status out{.version = NULLWORKER_VERSION,
                            .url = x_own_url,
                            .container_id = x_config.container_id,
                            .started_at = epoch_seconds(x_state.started().wall),
                            .ready_since = told(x_state.ready_since()),
                            .draining = x_state.draining(),
                            .health = {.state = reasons.empty() ? "healthy" : "unhealthy",
                                       .since = epoch_seconds(x_state.health_since().wall),
                                       .reasons = reasons},
                            .session = api::describe_slot(x_desk, time),
                            .last_report = x_reporter->last_accepted(),
                            .undelivered_completions = static_cast<std::int64_t>(x_desk.outbox().size())};
    if (x_probe) {
        out.consumer.probe = to_string(x_probe->verdict().state());
        out.consumer.probe_since = told(x_probe->verdict().since());
        out.consumer.probe_failure = x_probe->verdict().failure();
    }
    if (x_heartbeat.expected())
        out.consumer.heartbeat = to_string(x_heartbeat.state());
    out.consumer.last_heartbeat = told(x_heartbeat.last());
    if (x_key_fetched)
        out.public_key = wire::key_status{.fetched_at = epoch_seconds(x_key_fetched->wall),
                                          .age = seconds(time.monotonic - x_key_fetched->monotonic).count()};
    return out;
}

asio::awaitable<void> daemon::feed_watchdog(std::chrono::steady_clock::duration interval) {
    for (;;) {
        tell_service_manager("WATCHDOG=1");
        co_await sleep_for(interval);
    }
}

asio::awaitable<void> daemon::expire_sessions() {
    for (;;) {
        const auto due = x_desk.next_expiry().value_or(std::chrono::steady_clock::time_point::max());
        co_await x_expiry.wait_until(due);
        x_desk.expire(now());
    }
}

// Marks and clears what the consumer's silence means.
asio::awaitable<void> daemon::watch_heartbeat() {
    using clock = std::chrono::steady_clock;
    using reservation::dead_consumer_policy;
    const bool releases = x_config.heartbeat.policy == dead_consumer_policy::release;
    for (;;) {
        const auto found = x_heartbeat.check(held_since(), clock::now());
        if (std::exchange(x_pulse, found) != found)
            note_pulse(found);
        if (releases && x_heartbeat.overdue(held_since(), clock::now()))
            x_desk.release(now());
        const auto due = x_heartbeat.next(held_since(), clock::now()).value_or(clock::time_point::max());
        co_await x_silence.wait_until(due);
    }
}

void daemon::note_pulse(reservation::pulse found) {
    using reservation::dead_consumer_policy;
    using reservation::pulse;
    const auto& rules = x_config.heartbeat;
    const auto session = name_of(x_desk.holder());
    if (found == pulse::alive) {
        log::info("consumer_alive", {{"session_id", session}});
        return x_state.clear(problem_source::heartbeat, now());
    }
    const std::string reason =
        "no heartbeat from the consumer for " + log::field("", rules.timeout.count()).value + " s";
    if (found == pulse::dead)
        log::warning("consumer_dead", {{"session_id", session}, {"policy", to_string(rules.policy)}});
    else
        log::warning("consumer_silent",
                     {{"session_id", session}, {"reason", reason}, {"grace", rules.grace.count()}});
    if (found == pulse::silent || rules.policy == dead_consumer_policy::flag)
        x_state.flag(problem_source::heartbeat, reason, now());
    else
        x_state.raise(problem_source::heartbeat, reason, now());
}

void daemon::consumer_alive() {
    x_heartbeat.beat(now());
    x_silence.ring();
}

std::optional<std::chrono::steady_clock::time_point> daemon::held_since() const {
    if (!x_desk.holder())
        return std::nullopt;
    // One that a former process gave out is silent from this one's start on at the earliest.
    return std::max(x_desk.holder()->created.monotonic, x_state.started().monotonic);
}

void daemon::desk_changed() {
    x_journal.save(x_desk, now());
    x_reporter->notify();
    x_courier->notify();
    x_expiry.ring();
    x_silence.ring();
    const auto generation = x_desk.generation();
    if (std::exchange(x_generation, generation) != generation)
        x_control.look_again();
}

void daemon::desk_settled() {
    x_journal.save(x_desk, now());
    x_expiry.ring();
}

void daemon::session_closed(const reservation::closed_session& session) {
    log::info("session_closed", {{"session_id", session.session_id}, {"reason", to_string(session.reason)}});
    x_slot_freed.ring();
    x_callbacks->send(session);
}

void daemon::state_changed() {
    x_reporter->notify();
    tell_service_manager("STATUS=" + status_line(x_state.reasons()));
    if (x_state.ready() && !std::exchange(x_announced, true))
        log::info("ready", {{"seconds", x_state.load_time()}});
}

namespace {

// An exception here is a bug, and what it left behind cannot be unwound in order.
void run_or_die(asio::io_context& context) {
    try {
        context.run();
    } catch (const std::exception& e) {
        log::error("unexpected_error", {{"error", e.what()}});
        std::_Exit(EXIT_FAILURE);
    }
}

// Descriptors for everything but the public listener: the other listeners, callbacks, the autoscaler, files.
constexpr std::size_t descriptors_kept_back =
    webhook_limits.max_connections + control_limits.max_connections + 128;

// Takes as many descriptors as the system lets it have, and no more connections than fit in: a listener that
// runs out of them could not even write the state.
settings fit_to_descriptors(settings config) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return config;
    const std::size_t needed = config.max_connections + descriptors_kept_back;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, needed);
        (void)::setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < needed) {
        const std::size_t fitting =
            limit.rlim_cur > descriptors_kept_back ? limit.rlim_cur - descriptors_kept_back : 1;
        log::warning("connections_limited", {{"connections", fitting},
                                             {"wanted", config.max_connections},
                                             {"descriptors", limit.rlim_cur},
                                             {"remedy", "raise the limit of open files (ulimit -n)"}});
        config.max_connections = fitting;
    }
    return config;
}

}  // namespace

int run_daemon(const settings& wanted) {
    const auto started = now();
    const settings config = fit_to_descriptors(wanted);
    asio::io_context context(1);
    daemon worker(context, config, started);
    std::exception_ptr failure;
    asio::signal_set signals(context, SIGTERM, SIGINT);
    std::function<void()> await_signal = [&] {
        signals.async_wait([&](const error_code& ec, int number) {
            if (ec)
                return;
            if (worker.stopping()) {
                log::warning("ended_by_second_signal", {{"signal", number}});
                std::_Exit(128 + number);
            }
            worker.stop();
            await_signal();
        });
    };
    await_signal();
    asio::co_spawn(context, worker.run(), [&](std::exception_ptr error) {
        failure = std::move(error);
        signals.cancel();
        // All is said and done; the system's name look-ups would be waited for.
        if (!failure && net::lookups_under_way() > 0)
            std::_Exit(EXIT_SUCCESS);
    });
    run_or_die(context);
    if (failure)
        std::rethrow_exception(failure);
    return EXIT_SUCCESS;
}

asio::awaitable<void> startup_error_report(const settings& config, std::string message) {
    const auto executor = co_await asio::this_coro::executor;
    autoscaler::uplink line(executor, std::make_shared<net::tls_trust>(), config.report_addresses,
                            "startup error", "/worker_status/", single_try);
    const wire::status_report report{.id = config.container_id,
                                     .mtoken = config.master_token,
                                     .version = config.report_version,
                                     .error_msg = std::move(message),
                                     .url = config.own_url(config.worker_port)};
    const std::string body = wire::to_json(report);
    const auto end = std::chrono::steady_clock::now() + to_ticks(config.error_linger);
    for (;;) {
        std::function<std::string()> make_body = [&body] { return body; };
        co_await line.post(std::move(make_body));
        if (std::chrono::steady_clock::now() + 10s > end)
            co_return;
        co_await sleep_for(10s);
    }
}

void report_startup_error(const settings& config, const std::string& message) {
    asio::io_context context(1);
    asio::co_spawn(context, startup_error_report(config, message), [](const std::exception_ptr& error) {
        if (error)
            std::rethrow_exception(error);
    });
    run_or_die(context);
}

}  // namespace nullworker::app
