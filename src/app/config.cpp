#include "option_table.hpp"

#include <nullworker/app/config.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/net/tls.hpp>
#include <nullworker/options/command.hpp>

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace nullworker::app {
namespace {

// The addresses of a comma-separated list; throws startup_error for one that is no URL.
std::vector<url> parse_addresses(const std::string& text) {
    std::string culprit;
    auto list = parse_url_list(text, &culprit);
    if (!list)
        throw startup_error("REPORT_ADDR (--report-address) holds '" + without_secrets(culprit) + "': " +
                            list.error().message() + "; give http:// or https:// URLs, comma separated");
    if (list->empty())
        throw startup_error(
            "REPORT_ADDR (--report-address) is empty; give the autoscaler's URL, for instance "
            "https://run.vast.ai");
    for (const auto& address : *list)
        if (address.target.find('?') != std::string::npos)
            throw startup_error("REPORT_ADDR (--report-address) holds '" + without_secrets(address.text()) +
                                "': paths are appended to it, so it can have no query");
    return std::move(*list);
}

int default_webhook_port(std::uint16_t worker_port) {
    if (worker_port == 65535)
        throw startup_error(
            "WORKER_PORT is 65535, so the webhook listener's default port would be 65536; "
            "set WORKER_HTTP_PORT (--worker-http-port)");
    return worker_port == 0 ? 0 : worker_port + 1;
}

std::string default_state_dir() {
    const auto workspace = path_in_environment("WORKSPACE_DIR");
    std::string preferred = (workspace.empty() ? "/workspace" : workspace) + "/nullworker";
    std::error_code ignored;
    return std::filesystem::is_directory(preferred, ignored) ? preferred : "none";
}

// Throws startup_error for a directory that is none and cannot be made; one that is missing may come.
void check_state_dir(const std::string& text) {
    std::error_code ignored;
    std::filesystem::path place = std::filesystem::absolute(text, ignored);
    while (place.has_relative_path() && !std::filesystem::exists(place, ignored))
        place = place.parent_path();
    if (!std::filesystem::is_directory(place, ignored))
        throw startup_error("NULLWORKER_STATE_DIR (--state-dir) is '" + text + "', but " + place.string() +
                            " is no directory; give one, or none to keep nothing");
}

url parse_console(const std::string& text) {
    const auto parsed = parse_url(text);
    if (!parsed)
        throw startup_error("NULLWORKER_CONSOLE_URL (--console-url) is '" + without_secrets(text) +
                            "': " + parsed.error().message() + "; give an http:// or https:// URL");
    return *parsed;
}

std::optional<consumer::probe_target> parse_health_url(const std::string& text) {
    if (text.empty())
        return std::nullopt;
    const auto parsed = consumer::parse_probe_target(text);
    if (!parsed)
        throw startup_error("BACKEND_HEALTH_URL (--backend-health-url) is '" + consumer::shown_probe(text) +
                            "': " + parsed.error().message() +
                            "; give an http:// or https:// URL, tcp://host:port, exec:COMMAND or heartbeat:");
    return *parsed;
}

std::optional<url> parse_consumer(const std::string& text) {
    if (text.empty())
        return std::nullopt;
    const auto parsed = parse_url(text);
    if (!parsed)
        throw startup_error("NULLWORKER_CONSUMER_URL (--consumer-url) is '" + without_secrets(text) +
                            "': " + parsed.error().message() + "; give an http:// or https:// URL");
    if (parsed->target.find('?') != std::string::npos)
        throw startup_error("NULLWORKER_CONSUMER_URL (--consumer-url) is '" + without_secrets(text) +
                            "': paths are appended to it, so it can have no query");
    return *parsed;
}

// Translates what is written into settings, and writes down the defaults that depend on other settings.
// Throws startup_error for what makes no sense.
void translate(written_settings& from, const options::command& program) {
    auto& out = from.out;
    if (!from.webhook_port)
        from.webhook_port = default_webhook_port(out.worker_port);
    if (from.state_dir.empty())
        from.state_dir = default_state_dir();
    // A model may load for longer than a heartbeat may be missing.
    if (from.health_url.empty() && out.heartbeat.timeout > seconds::zero())
        from.health_url = "heartbeat:";
    if (const auto error = missing(program))
        throw startup_error(*error);
    out.webhook_port = static_cast<std::uint16_t>(*from.webhook_port);
    out.public_port = static_cast<std::uint16_t>(from.public_port.value());
    out.container_id = from.container_id.value();
    out.report_addresses = parse_addresses(from.report_address);
    out.health_target = parse_health_url(from.health_url);
    out.drain_timeout = read_drain_timeout(from.drain_timeout);
    out.consumer = parse_consumer(from.consumer_url);
    out.state_dir = from.state_dir == "none" ? "" : from.state_dir;
    if (!out.state_dir.empty())
        check_state_dir(out.state_dir);
    if (!parse_url(out.own_url(1)))
        throw startup_error("PUBLIC_IPADDR (--public-address) is '" + out.public_address +
                            "', which makes no valid URL; give an address or a host name");
    out.console = parse_console(from.console);
}

// Whom to tell that the configuration is wrong, as far as it is known; nothing for --check, which must not
// speak in the name of a worker that may be running.
std::optional<settings> reportable(const written_settings& from) {
    if (from.check || !from.container_id)
        return std::nullopt;
    settings known;
    try {
        known.report_addresses = parse_addresses(from.report_address);
    } catch (const startup_error&) {
        return std::nullopt;
    }
    known.container_id = *from.container_id;
    known.worker_port = from.out.worker_port;
    known.control_port = from.out.control_port;
    known.control_socket = from.out.control_socket;
    known.public_port = static_cast<std::uint16_t>(from.public_port.value_or(from.out.worker_port));
    known.public_address = from.out.public_address;
    known.master_token = from.out.master_token;
    known.report_version = from.out.report_version;
    known.use_ssl = from.out.use_ssl;
    return known;
}

// What becomes of the certificate at the next start.
std::string certificate_plan(const settings& config) {
    if (!config.use_ssl)
        return {};
    try {
        (void)net::load_server_tls(config.tls_certificate, config.tls_key);
        return "# The TLS certificate is valid.\n";
    } catch (const startup_error& e) {
        return std::string("# A TLS certificate will be made") +
               (config.tls_self_signed ? ", by the worker itself: "
                                       : " and signed by " + config.console.origin() + ": ") +
               e.what() + "\n";
    }
}

std::string remarks_of(const settings& config) {
    std::string out;
    for (const auto& remark : config.remarks)
        out += "# " + printable(remark) + '\n';
    return out;
}

// What --check prints; it can be used as a configuration file.
std::string check_summary(const written_settings& from, const options::command& program) {
    return "# The configuration is valid. The worker's own URL: " + from.out.own_url(from.out.worker_port) +
           "\n" + remarks_of(from.out) + certificate_plan(from.out) + written_out(program);
}

}  // namespace

std::variant<settings, print_and_exit> read_config(int argc, const char* const* argv) {
    written_settings written;
    const auto program = nullworkerd(written);
    const auto found = options::read(program, argc, argv);
    if (found.help)
        return print_and_exit{*found.help + '\n'};
    if (found.version)
        return print_and_exit{*found.version};
    written.out.remarks = found.remarks;
    try {
        if (found.error)
            throw startup_error(*found.error + "; see " + program.name + " --help");
        translate(written, program);
    } catch (const startup_error& e) {
        throw config_error(e.what(), reportable(written));
    }
    if (written.check)
        return print_and_exit{check_summary(written, program)};
    return std::move(written.out);
}

options::command_description describe_command_line() {
    written_settings defaults;
    return describe(nullworkerd(defaults));
}

}  // namespace nullworker::app
