#include <nullworker/consumer/probe_target.hpp>

namespace nullworker::consumer {
namespace {

constexpr std::string_view exec_prefix = "exec:";
constexpr std::string_view tcp_prefix = "tcp://";
constexpr std::string_view by_heartbeat = "heartbeat:";

// host:port, the host as in a URL. A URL's own port may be left out, so it is asked for first.
result<probe_target> parse_tcp(std::string_view authority) {
    const auto colon = authority.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
    const auto parsed = parse_url("http://" + std::string(authority));
    if (!parsed || !has_port || colon + 1 == authority.size() || parsed->port == 0 ||
        authority.find_first_of("/?") != std::string_view::npos)
        return errc::invalid_url;
    return tcp_target{parsed->host, parsed->port};
}

struct describe {
    std::string operator()(const url& target) const { return without_secrets(target.text()); }
    std::string operator()(const tcp_target& target) const {
        const bool v6 = target.host.find(':') != std::string::npos;
        return std::string(tcp_prefix) + (v6 ? '[' + target.host + ']' : target.host) + ':' +
               std::to_string(target.port);
    }
    std::string operator()(const exec_target&) const { return std::string(exec_prefix) + "…"; }
    std::string operator()(const heartbeat_target&) const { return std::string(by_heartbeat); }
};

}  // namespace

result<probe_target> parse_probe_target(std::string_view text) {
    if (text.starts_with(exec_prefix)) {
        const auto command = text.substr(exec_prefix.size());
        if (command.find_first_not_of(" \t") == std::string_view::npos)
            return errc::invalid_url;
        return exec_target{std::string(command)};
    }
    if (text.starts_with(tcp_prefix))
        return parse_tcp(text.substr(tcp_prefix.size()));
    if (text == by_heartbeat)
        return heartbeat_target{};
    const auto parsed = parse_url(text);
    if (!parsed)
        return parsed.error();
    return *parsed;
}

std::string shown(const probe_target& target) {
    return std::visit(describe{}, target);
}

std::string shown_probe(std::string_view text) {
    if (const auto target = parse_probe_target(text))
        return shown(*target);
    return text.starts_with("exec") ? std::string(exec_prefix) + "…" : without_secrets(text);
}

}  // namespace nullworker::consumer
