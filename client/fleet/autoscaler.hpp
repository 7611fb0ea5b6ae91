#pragma once

#include <fleet/fault_plan.hpp>
#include <fleet/scaler.hpp>
#include <fleet/signing_key.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/wire/account.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::fleet {

// How the fleet speaks with clients and workers.
enum class transport { http, https };

// What the console tells of the account, beside its endpoint. It changes nothing in what the fleet does.
struct account_facts {
    double credit = 100;            // US dollars
    std::size_t workergroups = 1;   // of the endpoint
    std::int64_t test_workers = 1;  // of each
};

struct autoscaler_options {
    std::string endpoint_name = "local";
    std::int64_t endpoint_id = 1;
    std::string endpoint_key;      // not empty
    std::string account_key = {};  // empty: any will do, but for none
    account_facts account = {};
    std::optional<double> price = {};  // dollars an hour that a worker is said to cost
    transport over = transport::http;
};

// The HTTP face of the stand-in: translates what clients and workers say into calls of the scaler. It serves
// the autoscaler's routes and those of the web server that a client needs, all at one address.
//
// Refusals carry {"error": "…"} and the same as "msg": 400 for what is no JSON, 401 for a wrong key or token,
// 403 for what a page or a proxy passed on (net/local_guard.hpp), whatever the route,
// 404 for an unknown path, endpoint or id, 405 for another verb, 422 for JSON that is not the message.
class autoscaler {
public:
    // `decisions` and `faults` must outlive it. `on_change` is called after each request that may have
    // changed the decisions.
    autoscaler(asio::any_io_executor executor, autoscaler_options options, scaler& decisions,
               fault_plan& faults, std::function<void()> on_change);

    // Listens on 127.0.0.1. Throws startup_error.
    void bind(std::uint16_t port);
    void start();

    // Ends the connections, busy ones after `patience`.
    [[nodiscard]] asio::awaitable<void> stop(std::chrono::steady_clock::duration patience);

    [[nodiscard]] std::uint16_t port() const noexcept { return x_server.port(); }

    // From here on `token` authorises the worker's reports; the one before no longer does.
    void admit(std::int64_t worker, std::string token) { x_tokens[worker] = std::move(token); }
    void dismiss(std::int64_t worker) { x_tokens.erase(worker); }

    // What answers before the routes of the autoscaler: nothing for a path that is none of its own.
    using other_routes = std::function<std::optional<net::reaction>(const net::request&, net::http_server&)>;
    void also_serve(other_routes routes) { x_other_routes = std::move(routes); }

    // Something changed that requests to those may wait for.
    void look_again() { x_server.look_again(); }

    // A line of the endpoint's log, of which some hundreds are kept.
    void write_down(const event& happened);

    [[nodiscard]] const signing_key& key() const noexcept { return x_key; }
    [[nodiscard]] const certificate_authority& authority() const noexcept { return x_authority; }

private:
    struct tables;

    asio::awaitable<net::reaction> answer(net::request incoming);
    net::reply serve_route(const net::request& incoming);
    net::reply serve_public_key(const net::request& incoming);
    net::reply take_report(const net::request& incoming);
    net::reply take_completions(const net::request& incoming);
    net::reply heard(bool from_worker);  // the answer to what a worker told, or somebody else
    net::reply list_workers(const net::request& incoming);
    net::reply list_endpoints(const net::request& incoming);
    net::reply list_workergroups(const net::request& incoming);
    net::reply change_workergroup(const net::request& incoming);
    net::reply show_account(const net::request& incoming);
    net::reply list_instances(const net::request& incoming);
    net::reply show_logs(const net::request& incoming);
    net::reply show_endpoint(const net::request& incoming);
    net::reply change_endpoint(const net::request& incoming);
    net::reply certify_worker(const net::request& incoming);
    net::reply serve_root(const net::request& incoming);

    [[nodiscard]] bool is_running(std::string_view worker) const;
    [[nodiscard]] bool is_account(const std::string& key) const;
    [[nodiscard]] bool is_owner(const net::request& incoming, const std::string& in_body) const;
    [[nodiscard]] std::optional<net::reply> refuse_question(const net::request& incoming,
                                                            std::int64_t endpoint,
                                                            const std::string& key) const;
    [[nodiscard]] std::optional<net::reply> refuse_stranger(const net::request& incoming) const;
    [[nodiscard]] bool is_worker(std::int64_t worker, const std::string& token) const;
    [[nodiscard]] wire::endpoint_info describe() const;

    autoscaler_options x_options;
    scaler& x_scaler;
    fault_plan& x_faults;
    std::function<void()> x_on_change;
    other_routes x_other_routes;
    signing_key x_key;
    certificate_authority x_authority;
    std::map<std::int64_t, std::string> x_tokens;
    std::int64_t x_last_reqnum = 0;
    std::deque<std::string> x_log;  // lines
    std::vector<wire::workergroup_info> x_workergroups;
    double x_created_at = 0;
    net::http_server x_server;
};

}  // namespace nullworker::fleet
