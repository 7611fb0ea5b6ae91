#include <fleet/fleet.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/standstill.hpp>
#include <nullworker/net/tls.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace nullworker::fleet {
namespace {

constexpr std::uint16_t ports_per_slot = 10;
constexpr std::size_t slots = most_workers;
constexpr std::size_t token_bytes = 24;
constexpr std::size_t max_bundle_bytes = 16 * 1024 * 1024;
constexpr auto drain_patience = std::chrono::seconds(1);

fleet_options completed(fleet_options options) {
    if (const auto fault = fault_in(options.scaling))
        throw startup_error("parameters of the endpoint: " + *fault);
    if (options.worker_base_port == 0 || options.worker_base_port + slots * ports_per_slot > 65536)
        throw startup_error("--worker-port must be between 1 and " +
                            std::to_string(65536 - slots * ports_per_slot));
    if (options.endpoint_key.empty())
        options.endpoint_key = random_token(token_bytes);
    return options;
}

bool can_listen(const asio::any_io_executor& executor, const asio::ip::address_v4& address,
                std::uint16_t port) {
    asio::ip::tcp::acceptor trial(executor);
    error_code ec;
    trial.open(asio::ip::tcp::v4(), ec);
    if (!ec)
        trial.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        trial.bind({address, port}, ec);
    return !ec;
}

}  // namespace

shared_folder::shared_folder()
    : x_path((std::filesystem::temp_directory_path() / "nullworker-fleet-XXXXXX").string()) {
    if (!::mkdtemp(x_path.data()))
        throw startup_error("cannot make a temporary folder like " + x_path + ": " + std::strerror(errno) +
                            "; make room, or set TMPDIR");
}

shared_folder::~shared_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(x_path, ignored);
}

fleet::fleet(asio::any_io_executor executor, fleet_options options, std::unique_ptr<worker_launcher> launcher)
    : x_executor(executor),
      x_options(completed(std::move(options))),
      x_scaler(x_options.scaling),
      x_launcher(std::move(launcher)),
      x_autoscaler(executor,
                   {.endpoint_name = x_options.endpoint_name,
                    .endpoint_key = x_options.endpoint_key,
                    .account_key = x_options.account_key,
                    .account = x_options.account,
                    .price = x_options.price,
                    .over = x_options.over},
                   x_scaler, x_faults, [this] { handle_change(); }),
      x_bell(executor),
      x_tasks(std::move(executor)) {
    x_launcher->on_exit([this](std::int64_t id, const std::string& how) { handle_exit(id, how); });
    x_autoscaler.bind(x_options.port);
    x_spectator = std::make_unique<spectator>(
        x_executor, x_scaler, [this](std::int64_t id) { return control_port_of(id); },
        client::watch::timeline_settings{.title = "local fleet at " + url(), .price = x_options.price});
    x_autoscaler.also_serve(
        [this](const net::request& asked, net::http_server& by) { return x_spectator->answer(asked, by); });
    if (x_options.over == transport::https)
        share_roots();
}

void fleet::share_roots() {
    x_folder.emplace();
    std::string roots = x_autoscaler.authority().root_pem();
    if (const auto system = read_file(net::ca_bundle_file(), max_bundle_bytes))
        roots += *system;
    if (const auto ec = replace_file(roots_file(), roots, durability::process))
        throw startup_error("cannot write " + roots_file() + ": " + ec.message());
}

std::string fleet::roots_file() const {
    return x_folder ? x_folder->file("roots.pem") : std::string();
}

std::string fleet::url() const {
    const bool secured = x_options.over == transport::https;
    return std::string(secured ? "https" : "http") + "://127.0.0.1:" + std::to_string(x_autoscaler.port());
}

relay* fleet::relay_of(std::int64_t worker) const {
    const auto found = x_running.find(worker);
    return found == x_running.end() ? nullptr : found->second.forward.get();
}

void fleet::start() {
    x_autoscaler.start();
    x_spectator->start([this] { x_autoscaler.look_again(); });
    x_tasks.spawn(scaling_loop());
}

asio::awaitable<void> fleet::stop() {
    x_closing = true;
    x_bell.ring();
    for (const auto& due : x_scaler.close(now()))
        perform(due);
    publish();
    // The server goes last: workers have things to say while they end.
    co_await x_launcher->join();
    co_await x_spectator->stop();
    co_await x_autoscaler.stop(drain_patience);
    co_await x_tasks.join();
}

void fleet::kill_workers() {
    for (const auto& [id, place] : x_running)
        x_launcher->kill(id);
}

asio::awaitable<void> fleet::scaling_loop() {
    standstill frozen(to_ticks(x_options.scaling.report_timeout));
    while (!x_closing) {
        if (frozen.is_behind(now().monotonic))
            x_scaler.forgive_silence(now());
        const instant time = now();
        auto wake = x_faults.outage_end();
        // An autoscaler that is out decides nothing, and does not hold against its workers what it did not
        // hear meanwhile.
        if (!x_faults.is_out(time)) {
            if (std::exchange(x_outage_forgiven, wake) != wake)
                x_scaler.forgive_silence(time);
            for (const auto& due : x_scaler.plan(time))
                perform(due);
            publish();
            wake = x_scaler.next_wake(time);
        }
        const auto look = std::min(wake, frozen.next_look(now().monotonic));
        co_await x_bell.wait_until(look);
    }
}

void fleet::perform(const action& due) {
    if (const auto* start = std::get_if<start_worker>(&due))
        start_one(start->worker);
    if (const auto* stop = std::get_if<stop_worker>(&due))
        x_launcher->stop(stop->worker);
    if (const auto* kill = std::get_if<kill_worker>(&due))
        x_launcher->kill(kill->worker);
}

worker_ports fleet::ports_of(std::size_t slot) const {
    const auto first = static_cast<std::uint16_t>(x_options.worker_base_port + slot * ports_per_slot);
    return {first, static_cast<std::uint16_t>(first + 1), static_cast<std::uint16_t>(first + 2)};
}

std::optional<std::uint16_t> fleet::control_port_of(std::int64_t worker) const {
    const auto found = x_running.find(worker);
    if (found == x_running.end() || found->second.slot >= slots)
        return std::nullopt;
    return ports_of(found->second.slot).control;
}

// Another fleet, or whatever else, may have them.
bool fleet::are_free(const worker_ports& ports) const {
    return can_listen(x_executor, asio::ip::address_v4::any(), ports.listen) &&
           can_listen(x_executor, asio::ip::address_v4::loopback(), ports.webhook) &&
           can_listen(x_executor, asio::ip::address_v4::loopback(), ports.control);
}

std::size_t fleet::take_slot() {
    for (std::size_t i = 0; i < slots; ++i) {
        const std::size_t slot = (x_first_slot + i) % slots;
        if (!x_slots_taken[slot] && are_free(ports_of(slot))) {
            x_slots_taken.set(slot);
            return slot;
        }
    }
    // There are at most as many workers as slots, but those on their way out keep theirs for a moment.
    return slots;
}

worker_spec fleet::specify(std::int64_t id, running_worker& place) {
    worker_spec spec;
    spec.id = id;
    spec.ports = ports_of(place.slot);
    const auto first = spec.ports.listen;
    std::uint16_t outside = first;
    if (x_options.reach == wiring::relayed) {
        place.forward = std::make_unique<relay>(x_executor, std::uint16_t{0}, first);
        place.forward->start();
        outside = place.forward->port();
    }
    auto token = random_token(token_bytes);
    spec.environment = {
        {"WORKER_PORT", std::to_string(first)},
        {"WORKER_HTTP_PORT", std::to_string(spec.ports.webhook)},
        {"VAST_TCP_PORT_" + std::to_string(first), std::to_string(outside)},
        {"PUBLIC_IPADDR", "127.0.0.1"},
        {"CONTAINER_ID", std::to_string(id)},
        {"REPORT_ADDR", url()},
        {"MASTER_TOKEN", token},
        {"USE_SSL", "false"},
        {"UNSECURED", "false"},
        {"NULL_CONTROL_PORT", std::to_string(spec.ports.control)},
        // Workers cannot share one path.
        {"NULLWORKER_CONTROL_SOCKET", ""},
        // Ids start anew with every fleet: what the workers of another fleet left is not theirs.
        {"NULLWORKER_STATE_DIR", "none"},
    };
    if (x_folder)
        add_tls(spec);
    x_autoscaler.admit(id, std::move(token));
    return spec;
}

void fleet::add_tls(worker_spec& spec) const {
    const auto pair = x_folder->file("worker-" + std::to_string(spec.id));
    spec.environment["USE_SSL"] = "true";
    spec.environment["SSL_CERT_FILE"] = roots_file();
    spec.environment["NULLWORKER_CONSOLE_URL"] = url();
    spec.environment["NULLWORKER_TLS_SELF_SIGNED"] = "false";
    spec.environment["NULLWORKER_TLS_CERTIFICATE"] = pair + ".crt";
    spec.environment["NULLWORKER_TLS_KEY"] = pair + ".key";
}

void fleet::start_one(std::int64_t id) {
    auto& place = x_running[id];
    place.slot = take_slot();
    std::string failure = "no ports left";
    try {
        if (place.slot < slots) {
            const auto started = x_launcher->start(specify(id, place));
            if (started)
                return;
            failure = started.error().message();
        }
    } catch (const startup_error& e) {
        failure = e.what();  // of the port forward
    }
    log::error("worker_start_failed", {{"worker", id}, {"error", failure}});
    handle_exit(id, failure);
}

void fleet::handle_exit(std::int64_t id, const std::string& how) {
    const auto found = x_running.find(id);
    if (found == x_running.end())
        return;
    running_worker place = std::move(found->second);
    x_running.erase(found);
    if (place.slot < slots) {
        x_slots_taken.reset(place.slot);
        // Its ports may be taken by somebody else: the next worker tries other ports.
        const bool asked_to = x_scaler.state_of(id) == worker_state::stopping;
        if (!x_scaler.was_ready(id) && !asked_to)
            x_first_slot = (place.slot + 1) % slots;
    }
    if (place.forward)
        x_tasks.spawn(retire(std::move(place.forward)));
    x_autoscaler.dismiss(id);
    x_scaler.on_exit(id, how, now());
    handle_change();
}

asio::awaitable<void> fleet::retire(std::unique_ptr<relay> forward) {
    co_await forward->stop();
}

void fleet::handle_change() {
    publish();
    x_spectator->changed();
    x_bell.ring();
}

void fleet::publish() {
    for (const auto& happened : x_scaler.take_events()) {
        x_autoscaler.write_down(happened);
        x_spectator->note(happened);
        for (const auto& watch : x_watchers)
            watch(happened);
    }
}

}  // namespace nullworker::fleet
