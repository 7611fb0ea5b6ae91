#pragma once

#include <fleet/autoscaler.hpp>
#include <fleet/fault_plan.hpp>
#include <fleet/relay.hpp>
#include <fleet/scaler.hpp>
#include <fleet/spectator.hpp>
#include <fleet/worker_launcher.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <bitset>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::fleet {

// How clients reach a worker.
enum class wiring {
    direct,   // at the port it listens on
    relayed,  // through a port forward of ours, where replies can get lost
};

struct fleet_options {
    parameters scaling = {};
    std::string endpoint_name = "local";
    std::string endpoint_key = {};  // empty: a random one
    std::string account_key = {};   // empty: any will do, but for none
    account_facts account = {};
    std::uint16_t port = 8080;  // 0: any free one
    // Worker k listens on base + 10 k (public), + 1 (webhook) and + 2 (control); k runs up to 499.
    // Below the range from which the system gives ports to outgoing connections, which would get in the way.
    std::uint16_t worker_base_port = 21000;
    wiring reach = wiring::direct;
    // With https workers get their certificates from the fleet, too.
    transport over = transport::http;
    // Dollars an hour and worker, as the page and the list of instances tell; nothing: they say nothing of
    // it.
    std::optional<double> price = {};
};

// A folder for files that workers and clients read, gone with the object.
class shared_folder {
public:
    // Throws startup_error where there is no room for temporary files.
    shared_folder();
    ~shared_folder();
    shared_folder(const shared_folder&) = delete;
    shared_folder& operator=(const shared_folder&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return x_path + '/' + name; }

private:
    std::string x_path;
};

// An autoscaler for one machine: serves the contract on 127.0.0.1, starts workers when there is load and
// stops them when there is none. The scaler decides, the launcher carries it out.
class fleet {
public:
    using watcher = std::function<void(const event&)>;

    // Listens at once; requests are answered after start(). Throws startup_error for a port that is taken and
    // for options that make no sense.
    fleet(asio::any_io_executor executor, fleet_options options, std::unique_ptr<worker_launcher> launcher);

    void start();

    // Stops every worker, by force where it takes too long, then the server. No worker is left when it
    // returns. To be awaited before the fleet is destroyed, once.
    [[nodiscard]] asio::awaitable<void> stop();

    // Ends every worker at once; a stop() under way then returns soon.
    void kill_workers();

    [[nodiscard]] std::string url() const;
    [[nodiscard]] const std::string& endpoint_name() const noexcept { return x_options.endpoint_name; }
    [[nodiscard]] const std::string& endpoint_key() const noexcept { return x_options.endpoint_key; }
    // With https: a file with the certificates by which clients and workers know the fleet, beside those that
    // the system trusts. Empty with http.
    [[nodiscard]] std::string roots_file() const;
    [[nodiscard]] state_counts counts() const { return x_scaler.counts(); }
    [[nodiscard]] const scaler& decisions() const noexcept { return x_scaler; }
    [[nodiscard]] const autoscaler& face() const noexcept { return x_autoscaler; }

    // Where a browser finds the page that shows what happens.
    [[nodiscard]] std::string page() const { return url() + '/'; }

    // What happened, as the page has it; there also after the stop.
    [[nodiscard]] client::watch::timeline& story() noexcept { return x_spectator->story(); }

    // What is to go wrong.
    [[nodiscard]] fault_plan& faults() noexcept { return x_faults; }

    // The port forward of a running worker; nullptr where there is none.
    [[nodiscard]] relay* relay_of(std::int64_t worker) const;

    // Called for every event, in order, as it happens; must not call back. Any number may watch.
    void on_event(watcher callback) { x_watchers.push_back(std::move(callback)); }

private:
    struct running_worker {
        std::size_t slot = 0;
        std::unique_ptr<relay> forward;
    };

    void share_roots();
    asio::awaitable<void> scaling_loop();
    asio::awaitable<void> retire(std::unique_ptr<relay> forward);
    void perform(const action& due);
    void start_one(std::int64_t id);
    [[nodiscard]] worker_spec specify(std::int64_t id, running_worker& place);
    [[nodiscard]] std::size_t take_slot();
    [[nodiscard]] worker_ports ports_of(std::size_t slot) const;
    [[nodiscard]] std::optional<std::uint16_t> control_port_of(std::int64_t worker) const;
    [[nodiscard]] bool are_free(const worker_ports& ports) const;
    void handle_exit(std::int64_t id, const std::string& how);
    void handle_change();
    void add_tls(worker_spec& spec) const;
    void publish();

    asio::any_io_executor x_executor;
    fleet_options x_options;
    fault_plan x_faults;
    scaler x_scaler;
    std::unique_ptr<worker_launcher> x_launcher;
    autoscaler x_autoscaler;
    std::unique_ptr<spectator> x_spectator;
    std::optional<shared_folder> x_folder;  // with https
    std::map<std::int64_t, running_worker> x_running;
    std::bitset<most_workers> x_slots_taken;
    std::size_t x_first_slot = 0;  // moves on past ports that turned out to be unusable
    std::vector<watcher> x_watchers;
    wakeup x_bell;
    std::chrono::steady_clock::time_point x_outage_forgiven{};
    bool x_closing = false;
    task_group x_tasks;
};

}  // namespace nullworker::fleet
