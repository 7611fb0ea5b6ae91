#pragma once

#include <nullworker/auth/gatekeeper.hpp>
#include <nullworker/autoscaler/delivery.hpp>
#include <nullworker/autoscaler/worker_identity.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/url.hpp>
#include <nullworker/consumer/probe_target.hpp>
#include <nullworker/reservation/health_verdict.hpp>
#include <nullworker/reservation/heartbeat.hpp>
#include <nullworker/wire/status_report.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::app {

// Everything the daemon can be told, checked. The defaults are those of protocol and framework.
struct settings {
    // Where it listens. Port 0 takes any free one.
    std::string listen_address = "0.0.0.0";  // of the public listener; the others are on loopback
    std::uint16_t worker_port = 3000;
    std::uint16_t webhook_port = 3001;
    std::uint16_t control_port = 18999;
    std::string control_socket;  // a Unix socket beside it; empty: none

    std::size_t max_connections = 1024;  // of the public listener
    std::size_t max_silent = 8192;       // of those that have not sent anything yet, beside them

    // How the outside reaches it.
    std::string public_address;     // a name or an address
    std::uint16_t public_port = 0;  // 0: the port that was bound

    // TLS on the public listener.
    bool use_ssl = false;
    std::string tls_certificate = "/etc/instance.crt";
    std::string tls_key = "/etc/instance.key";
    bool tls_self_signed = false;  // the worker certifies itself where there is no valid pair
    url console{.scheme = "https", .host = "console.vast.ai", .port = 443};  // which certifies it otherwise
    std::chrono::steady_clock::duration tls_check_interval = std::chrono::seconds(10);  // for a renewed pair
    std::chrono::steady_clock::duration tls_first_pause = std::chrono::seconds(1);      // doubles

    // The autoscaler.
    std::int64_t container_id = 0;
    std::vector<url> report_addresses;
    std::string master_token;
    std::string report_version = wire::framework_version;
    seconds report_interval{10.0};
    seconds unreachable_after{60.0};  // without an accepted report; 0: never
    std::chrono::steady_clock::duration key_refresh_interval = std::chrono::seconds(30);  // at the closest
    autoscaler::delivery_policy delivery;  // no option: the contract's, but for tests

    // Sessions.
    double max_perf = 100.0;
    bool partial_load = false;  // a held slot reports no more than its cost
    seconds max_lifetime{86400.0};
    bool unsecured = false;
    auth::create_policy create_auth = auth::create_policy::signed_only;
    std::string force_update_file = "/.force_update";

    // The consumer.
    std::optional<consumer::probe_target> health_target;
    std::optional<url> consumer;  // its server; nothing: that of the probe, if that asks one
    seconds health_interval{10.0};
    seconds health_timeout{10.0};
    seconds consumer_patience{0.0};  // with its first success; 0: without end
    reservation::verdict_settings verdict;
    reservation::heartbeat_settings heartbeat;
    bool strict_release = false;  // a release must name the session

    // The state file.
    std::string state_dir;  // empty: nothing survives the process
    bool state_sync = false;

    // The process.
    std::optional<seconds> drain_timeout;  // nothing: until no job is protected any more
    seconds flush_timeout{5.0};
    seconds error_linger{0.0};
    log::level log_level = log::level::info;
    log::form log_format = log::form::text;
    std::vector<std::string> remarks;  // on how it was told, for the operator

    // The worker's own URL, once the bound port is known.
    [[nodiscard]] std::string own_url(std::uint16_t bound_port) const;

    // Whether the worker is not ready before its consumer has spoken to it.
    [[nodiscard]] bool awaits_consumer() const;

    // The consumer's own server, where one is known.
    [[nodiscard]] std::optional<url> consumer_server() const;

    // What the worker is in reports.
    [[nodiscard]] autoscaler::worker_identity identity(std::string url) const;
};

}  // namespace nullworker::app
