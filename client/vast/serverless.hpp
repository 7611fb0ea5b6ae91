#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/interruption.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/routing.hpp>
#include <vast/connections.hpp>
#include <vast/failure.hpp>
#include <vast/held_session.hpp>
#include <vast/reservation_plan.hpp>
#include <vast/route_gate.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client {

// Where an account's endpoint is to be found.
struct service {
    url autoscaler;
    url console;
    std::string account_key;  // VAST_API_KEY
    std::string roots = {};   // PEM; trusted beside the system's
    connection_limits connections = {};
    std::optional<int> route_rate = {};  // how often /route/ is asked in a second; nothing: no limit
};

// An endpoint and the key that routes to it.
struct endpoint_access {
    std::int64_t id = 0;
    std::string name;
    std::string key;
};

class known_endpoint;
class reservation_keeper;

// What happens on the way to a session.
struct reserve_events {
    std::function<void(std::int64_t request_idx, const std::string& status)> on_waiting;
    std::function<void(std::int64_t request_idx, const std::string& worker_url)> on_routed;
    std::function<void(const std::string& why)> on_refused;
};

// The client's side of Vast Serverless: finds endpoints, reserves workers, ends sessions. Any number of
// operations may run at once; they share the connections.
class serverless {
public:
    serverless(asio::any_io_executor executor, service where);

    // Fetches Vast's own root certificate, by which workers are verified beside the system's roots.
    [[nodiscard]] asio::awaitable<outcome<void>> fetch_root_certificate();

    // Whether the console answers over HTTPS where its URL says HTTP, or the other way round.
    [[nodiscard]] asio::awaitable<bool> is_other_scheme_spoken();

    [[nodiscard]] asio::awaitable<outcome<endpoint_access>> find_endpoint(std::string name);

    [[nodiscard]] asio::awaitable<outcome<std::vector<wire::worker_info>>> workers(endpoint_access endpoint);

    // Routes and creates until a worker is held, the time is up, or `stop` is requested. A create that is
    // under way when that happens gets some time, and no session is left that nobody heard of. May return
    // a session though `stop` is requested. Where its key is refused, the endpoint is looked up anew.
    // Goes on where the `keeper`'s former process stopped, if there is one. `endpoint`, `on`, `stop` and
    // `keeper` outlive the call.
    [[nodiscard]] asio::awaitable<outcome<held_session>> reserve(known_endpoint& endpoint,
                                                                 reserve_options options,
                                                                 const reserve_events& on, interruption& stop,
                                                                 reservation_keeper* keeper = nullptr);

    // Sends a create once more of which nobody heard: its session, nothing where it made none or that is
    // over, and a failure where nobody knows.
    [[nodiscard]] asio::awaitable<outcome<std::optional<held_session>>> find_again(
        reservation_plan::create unheard, reserve_options options);

    using duration = std::chrono::steady_clock::duration;

    // Longest time for one call.
    static constexpr duration call_limit = std::chrono::seconds(10);

    // A worker that has crashed is back in a moment, with its session.
    static constexpr duration end_patience = std::chrono::seconds(15);

    // Ends a session. While its worker is out of reach or says "not now", it is tried again, for no longer
    // than `patience` in all. One that its worker does not know is over already: returned is how it was.
    [[nodiscard]] asio::awaitable<outcome<session_outcome>> end(held_session session,
                                                                duration patience = end_patience);

    // Connects to a worker, whose certificate is verified where it speaks TLS. Whatever it answers will do.
    [[nodiscard]] asio::awaitable<outcome<void>> reach(url worker, duration limit = call_limit);

    // Whether the worker still holds it.
    [[nodiscard]] asio::awaitable<outcome<bool>> is_open(held_session session, duration limit = call_limit);

    // How it stands at its worker.
    [[nodiscard]] asio::awaitable<outcome<session_news>> status(held_session session,
                                                                duration limit = call_limit);

    // Gives it back, but never under a job that runs; asks once.
    [[nodiscard]] asio::awaitable<outcome<retirement>> retire(held_session session, retire_when when,
                                                              duration limit = call_limit);

    // Adds the session's lifetime to its expiration.
    [[nodiscard]] asio::awaitable<outcome<void>> renew(held_session session);

private:
    // What is to be sent in a POST.
    struct message {
        url target;
        std::string body;
        std::string bearer = {};      // empty: none
        duration limit = call_limit;  // at most call_limit counts
        bool repeatable = false;      // twice is as good as once
        std::size_t max_reply_bytes = 1024 * 1024;
    };

    [[nodiscard]] std::string without_keys(std::string text, const std::string& endpoint_key = {}) const;
    asio::awaitable<outcome<net::reply>> call(net::call request);
    asio::awaitable<outcome<net::reply>> post(message what);
    asio::awaitable<outcome<wire::route_reply>> route(const endpoint_access& endpoint, double cost,
                                                      const reservation_plan::ask_route& question,
                                                      route_gate::visitor& here);
    asio::awaitable<outcome<net::reply>> create(const reservation_plan::create& offer,
                                                const reserve_options& wanted);

    asio::any_io_executor x_executor;
    service x_where;
    std::shared_ptr<net::tls_trust> x_trust;
    std::unique_ptr<connections> x_lines;
    std::unique_ptr<route_gate> x_gate;
};

}  // namespace nullworker::client
