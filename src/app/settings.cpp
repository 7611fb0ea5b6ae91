#include <nullworker/app/settings.hpp>

#include <utility>

namespace nullworker::app {

std::string settings::own_url(std::uint16_t bound_port) const {
    const bool bare_ipv6 = public_address.find(':') != std::string::npos && public_address.front() != '[';
    const std::string host = bare_ipv6 ? '[' + public_address + ']' : public_address;
    const auto port = public_port != 0 ? public_port : bound_port;
    // The port is always spelt out, as the framework does.
    return (use_ssl ? "https://" : "http://") + host + ':' + std::to_string(port);
}

bool settings::awaits_consumer() const {
    return health_target && std::holds_alternative<consumer::heartbeat_target>(*health_target);
}

std::optional<url> settings::consumer_server() const {
    const auto* asked = health_target ? std::get_if<url>(&*health_target) : nullptr;
    if (consumer || !asked)
        return consumer;
    return url{.scheme = asked->scheme, .host = asked->host, .port = asked->port};
}

autoscaler::worker_identity settings::identity(std::string url) const {
    return {.id = container_id,
            .mtoken = master_token,
            .version = report_version,
            .url = std::move(url),
            .max_perf = max_perf};
}

}  // namespace nullworker::app
