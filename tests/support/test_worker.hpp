#pragma once

#include "support/scripted_peer.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_key.hpp"

#include <nullworker/app/daemon.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/net/http_client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nullworker::test {

// {"lifetime": 60.0}. A function, since GCC 12 cannot compile a brace list in a coroutine's default argument.
[[nodiscard]] nlohmann::json a_minute();

// A whole daemon and a scripted autoscaler in one event loop, all on free ports of loopback.
class test_worker {
public:
    // `adjust` may change the settings before the daemon is made. The autoscaler serves its key and accepts
    // every report unless `script` says otherwise.
    explicit test_worker(asio::io_context& loop, const std::function<void(app::settings&)>& adjust = {},
                         const std::function<void(scripted_peer&)>& script = {});

    void start();

    // Returns once a report with max_perf above 0 was accepted.
    [[nodiscard]] asio::awaitable<void> until_ready();

    // Stops the daemon and the autoscaler.
    [[nodiscard]] asio::awaitable<void> stop();

    // ---- talking to it ----

    enum class listener { open, webhook, control };

    [[nodiscard]] asio::awaitable<net::reply> send(listener to, net::verb method, std::string path,
                                                   std::string body = {},
                                                   std::vector<net::header> headers = {});
    [[nodiscard]] asio::awaitable<net::reply> post(std::string path, nlohmann::json body);

    // A grant of the autoscaler for this worker; no two of them are the same.
    [[nodiscard]] nlohmann::json grant(std::int64_t request_idx, double cost = 100);
    [[nodiscard]] nlohmann::json create_body(const nlohmann::json& grant,
                                             nlohmann::json payload = a_minute()) const;

    // Creates a session, which must succeed; its id.
    [[nodiscard]] asio::awaitable<std::string> create(nlohmann::json with_grant,
                                                      nlohmann::json payload = a_minute());

    // ---- what the autoscaler heard ----

    // The first report from the `from`-th on (counted from 0) that satisfies `wanted`.
    [[nodiscard]] asio::awaitable<nlohmann::json> report(std::function<bool(const nlohmann::json&)> wanted,
                                                         std::size_t from = 0);
    [[nodiscard]] std::size_t reports();

    // The `number`-th completion (from 1) in the order of delivery.
    [[nodiscard]] asio::awaitable<nlohmann::json> completion(std::size_t number);

    [[nodiscard]] app::daemon& daemon() { return *x_daemon; }
    [[nodiscard]] scripted_peer& autoscaler() { return x_autoscaler; }
    [[nodiscard]] const test_key& key() const { return x_key; }
    [[nodiscard]] std::string url() const { return x_daemon->own_url(); }
    [[nodiscard]] const temporary_directory& directory() const { return x_directory; }

private:
    asio::io_context& x_loop;
    test_key x_key;
    temporary_directory x_directory;
    scripted_peer x_autoscaler;
    std::optional<app::daemon> x_daemon;
    task_group x_running;
    std::int64_t x_reqnum = 1000;
    std::shared_ptr<net::tls_trust> x_trust;
};

using worker_story = std::function<asio::awaitable<void>(test_worker&)>;

// Runs a ready worker through `story`, then stops it.
void with_worker(const worker_story& story, const std::function<void(app::settings&)>& adjust = {},
                 const std::function<void(scripted_peer&)>& script = {});

// What a report says of the worker.
[[nodiscard]] bool is_ready(const nlohmann::json& report);
[[nodiscard]] bool is_free(const nlohmann::json& report);
[[nodiscard]] bool is_busy(const nlohmann::json& report);
[[nodiscard]] bool is_errored(const nlohmann::json& report);
[[nodiscard]] bool is_well(const nlohmann::json& report);

// The document that a reply holds.
[[nodiscard]] nlohmann::json body_of(const net::reply& answer);

// What the consumer beside it asks.
[[nodiscard]] asio::awaitable<net::reply> control_get(test_worker& worker, std::string path);
[[nodiscard]] asio::awaitable<net::reply> control_post(test_worker& worker, std::string path,
                                                       std::string body = {});

// {"session_id": id, "session_auth": grant}
[[nodiscard]] nlohmann::json reference(const std::string& id, const nlohmann::json& grant);

// Settings of a worker on free ports of loopback that reports to `autoscaler`.
[[nodiscard]] app::settings loopback_settings(const std::string& autoscaler);

}  // namespace nullworker::test
