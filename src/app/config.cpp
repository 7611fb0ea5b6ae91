#include <nullworker/app/config.hpp>
#include <nullworker/wire/status_report.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <utility>

namespace nullworker::app {
namespace {

constexpr const char* public_port_flag = "public-port";

// Settings as they are written: text and plain numbers.
struct raw_settings {
    std::string listen_address = "0.0.0.0";
    std::uint16_t worker_port = 3000;
    int webhook_port = -1;  // -1: worker_port + 1
    std::uint16_t control_port = 18999;
    std::string public_address;
    int public_port = -1;  // -1: VAST_TCP_PORT_<worker_port>
    std::string use_ssl = "false";
    std::string tls_certificate = "/etc/instance.crt";
    std::string tls_key = "/etc/instance.key";
    std::int64_t container_id = -1;
    std::string report_address = "https://run.vast.ai";
    std::string master_token;
    std::string report_version = wire::framework_version;
    double report_interval = 10;
    double max_perf = 100;
    double max_lifetime = 86400;
    bool unsecured = false;
    auth::create_policy create_auth = auth::create_policy::signed_only;
    std::string force_update_file = "/.force_update";
    std::string health_url;
    double health_interval = 10;
    double health_timeout = 10;
    int unhealthy_after = 3;
    double drain_timeout = 0;
    double flush_timeout = 5;
    double error_linger = 0;
    log::level log_level = log::level::info;
};

const char* environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value && *value ? value : nullptr;
}

// NULLWORKER_ and the flag's name.
std::string own_variable(std::string flag) {
    std::transform(flag.begin(), flag.end(), flag.begin(),
                   [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
    return "NULLWORKER_" + flag;
}

// CLI11 lets the file beat the environment; here the environment wins. Also keeps public-port aside, whose
// variable has a name that depends on another setting.
class config_file : public CLI::ConfigINI {
public:
    explicit config_file(const std::map<std::string, std::string>& variables) : x_variables(variables) {}

    std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
        auto found = CLI::ConfigINI::from_config(input);
        std::erase_if(found, [this](const CLI::ConfigItem& item) {
            const auto variable = x_variables.find(item.fullname());
            return variable != x_variables.end() && environment(variable->second);
        });
        const auto port = std::find_if(found.begin(), found.end(), [](const CLI::ConfigItem& item) {
            return item.fullname() == public_port_flag;
        });
        if (port != found.end()) {
            x_public_port = port->inputs.empty() ? std::string() : port->inputs.front();
            found.erase(port);
        }
        return found;
    }

    [[nodiscard]] const std::string& public_port() const { return x_public_port; }

private:
    const std::map<std::string, std::string>& x_variables;
    mutable std::string x_public_port;
};

// A range whose bounds stand in the error, not in every line of --help.
template <class T>
CLI::Validator in_range(T least, T most) {
    return CLI::Range(least, most).description("");
}

constexpr const char* description =
    "nullworkerd holds a Vast.ai Serverless worker for one session at a time and forwards nothing.\n"
    "A remote client reserves it (POST /session/create), it reports itself 100 % busy, the program beside "
    "it\n"
    "works, and a release frees it (/session/end from outside, POST 127.0.0.1:18999/release from inside).\n\n"
    "On a Vast instance everything that is required is in the environment already: just run nullworkerd.\n"
    "A flag beats the environment, which beats the configuration file.";

constexpr const char* footer =
    "Configuration file (--config): one `flag = value` a line, for instance `control-port = 18999`.\n"
    "Exit codes: 0 stopped as asked, 2 cannot start (bad configuration, port in use, unusable certificate),\n"
    "128+N ended at once by a second signal N.";

// The command line and where its values go.
class command_line {
public:
    command_line() {
        x_file = std::make_shared<config_file>(x_variables);
        x_app.get_formatter()->column_width(36);
        x_app.config_formatter(x_file);
        x_app.allow_config_extras(CLI::config_extras_mode::error);
        x_app.set_config("--config", "", "Read settings from this file")->envname("NULLWORKER_CONFIG");
        x_app.set_version_flag("--version", "nullworkerd " NULLWORKER_VERSION);
        x_app.add_flag("--check", x_check, "Check the configuration, print what would be used, and exit");
        x_app.footer(footer);
        add_vast();
        add_listeners();
        add_sessions();
        add_consumer();
        add_autoscaler();
        add_process();
    }

    std::variant<settings, print_and_exit> read(int argc, const char* const* argv) {
        try {
            x_app.parse(argc, argv);
        } catch (const CLI::CallForHelp&) {
            return print_and_exit{x_app.help() + "\n"};
        } catch (const CLI::CallForVersion& version) {
            return print_and_exit{std::string(version.what()) + "\n"};
        } catch (const CLI::ParseError& e) {
            throw startup_error(explain(e.what()));
        }
        auto checked = check();
        if (x_check)
            return print_and_exit{summary(checked)};
        return checked;
    }

private:
    template <class T>
    CLI::Option* bind(const std::string& flag, const std::string& variable, T& target,
                      const std::string& help) {
        x_variables[flag] = variable;
        x_order.push_back(flag);
        auto* option = x_app.add_option("--" + flag, target, help)->envname(variable)->capture_default_str();
        x_options[flag] = option;
        return option->group(x_group);
    }

    template <class T>
    CLI::Option* bind(const std::string& flag, T& target, const std::string& help) {
        return bind(flag, own_variable(flag), target, help);
    }

    void add_vast() {
        x_group = "Set by Vast on every instance";
        bind("worker-port", "WORKER_PORT", x_raw.worker_port,
             "Port of the public listener (0: any free one)");
        bind(public_port_flag, "", x_raw.public_port,
             "Port under which the outside reaches the public listener; required "
             "(Env:VAST_TCP_PORT_<WORKER_PORT>)")
            ->check(in_range(0, 65535))
            ->default_str("");
        bind("public-address", "PUBLIC_IPADDR", x_raw.public_address,
             "Public address of the instance; required");
        bind("container-id", "CONTAINER_ID", x_raw.container_id, "Id of this worker in reports; required")
            ->check(in_range<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()))
            ->default_str("");
        bind("report-address", "REPORT_ADDR", x_raw.report_address,
             "Autoscaler URLs, comma separated, tried in order");
        bind("master-token", "MASTER_TOKEN", x_raw.master_token,
             "Token in reports, and the bearer token of /pyworker/update; better set as a variable, since "
             "command lines can be read by everyone on the machine");
        bind("use-ssl", "USE_SSL", x_raw.use_ssl,
             "TLS on the public listener; only the exact word true turns it on")
            ->expected(0, 1);
        bind("unsecured", "UNSECURED", x_raw.unsecured, "Check no signature at all; for debugging")
            ->expected(0, 1);
    }

    void add_listeners() {
        x_group = "Listeners";
        bind("listen-address", x_raw.listen_address, "Address of the public listener")
            ->check(is_ip_address());
        bind("worker-http-port", "WORKER_HTTP_PORT", x_raw.webhook_port,
             "Port of the webhook listener on loopback (default: the worker port + 1)")
            ->check(in_range(0, 65535))
            ->default_str("");
        bind("control-port", "NULL_CONTROL_PORT", x_raw.control_port,
             "Port of the control listener on loopback");
        bind("tls-certificate", x_raw.tls_certificate, "Certificate chain in PEM, used with USE_SSL=true");
        bind("tls-key", x_raw.tls_key, "Its key in PEM");
    }

    void add_sessions() {
        x_group = "Sessions";
        const std::map<std::string, auth::create_policy> policies = {
            {"signed", auth::create_policy::signed_only}, {"open", auth::create_policy::open}};
        bind("max-perf", x_raw.max_perf, "Capacity reported once ready; one session costs as much")
            ->check(in_range(0.001, 1e9));
        bind("max-lifetime", x_raw.max_lifetime,
             "Longest lifetime of a session, and how far ahead it can be renewed, in s")
            ->check(in_range(0.001, 1e8));
        bind("create-auth", x_raw.create_auth,
             "Who may create sessions: signed (grants of the autoscaler for this worker) or open (anybody)")
            ->transform(CLI::CheckedTransformer(policies).description(""))
            ->default_str("signed")
            ->type_name("signed|open");
        bind("force-update-file", x_raw.force_update_file, "File that /pyworker/update creates");
    }

    void add_consumer() {
        x_group = "Consumer";
        bind("backend-health-url", "BACKEND_HEALTH_URL", x_raw.health_url,
             "Health endpoint of the consumer, probed with GET; empty: no probe");
        bind("health-interval", x_raw.health_interval, "Time between probes, in s")
            ->check(in_range(0.01, 86400.0));
        bind("health-timeout", x_raw.health_timeout, "Longest time for one probe, in s")
            ->check(in_range(0.01, 86400.0));
        bind("unhealthy-after", x_raw.unhealthy_after, "Failed probes in a row that make an error")
            ->check(in_range(1, 1000));
    }

    void add_autoscaler() {
        x_group = "Reports";
        bind("report-interval", x_raw.report_interval,
             "Longest time between reports, in s; changes are reported at once")
            ->check(in_range(0.1, 3600.0));
        bind("report-version", x_raw.report_version,
             "Version in reports; the autoscaler refuses others than its own");
        bind("error-linger", x_raw.error_linger,
             "How long to keep reporting, every 10 s, that the daemon cannot start; 0: once")
            ->check(in_range(0.0, 1e8));
    }

    void add_process() {
        x_group = "Process";
        const std::map<std::string, log::level> levels = {{"debug", log::level::debug},
                                                          {"info", log::level::info},
                                                          {"warning", log::level::warning},
                                                          {"error", log::level::error}};
        bind("drain-timeout", x_raw.drain_timeout, "How long a signal waits for the session to end, in s")
            ->check(in_range(0.0, 1e8));
        bind("flush-timeout", x_raw.flush_timeout,
             "How long the last report and the completions may take when stopping, in s")
            ->check(in_range(0.0, 3600.0));
        bind("log-level", x_raw.log_level, "Least important lines logged: debug, info, warning, error")
            ->transform(CLI::CheckedTransformer(levels).description(""))
            ->default_str("info")
            ->type_name("LEVEL");
    }

    static CLI::Validator is_ip_address() {
        return CLI::Validator(
            [](std::string& text) {
                error_code ec;
                boost::asio::ip::make_address(text, ec);
                return ec ? text + " is not an IP address" : std::string();
            },
            "");
    }

    // Names the variable beside the flag that CLI11 complains about.
    [[nodiscard]] std::string explain(std::string message) const {
        std::replace(message.begin(), message.end(), '\n', ' ');
        for (const auto& [flag, variable] : x_variables) {
            const auto at = message.find("--" + flag);
            const auto end = at == std::string::npos ? at : at + 2 + flag.size();
            const bool whole = end == message.size() || (end < message.size() && message[end] != '-');
            if (at != std::string::npos && whole && !variable.empty())
                return message.insert(at, variable + " or ") + "; see nullworkerd --help";
        }
        return message + "; see nullworkerd --help";
    }

    settings check() {
        settings out;
        out.listen_address = x_raw.listen_address;
        out.worker_port = x_raw.worker_port;
        out.webhook_port = static_cast<std::uint16_t>(webhook_port());
        out.control_port = x_raw.control_port;
        out.public_address =
            required("public-address", x_raw.public_address, "the public address of this instance");
        out.public_port = public_port();
        out.use_ssl = x_raw.use_ssl == "true" || (x_options["use-ssl"]->count() > 0 && x_raw.use_ssl.empty());
        out.tls_certificate = x_raw.tls_certificate;
        out.tls_key = x_raw.tls_key;
        if (x_raw.container_id < 0)
            required("container-id", "", "the integer id of this worker in reports");
        out.container_id = x_raw.container_id;
        out.report_addresses = report_addresses();
        out.master_token = x_raw.master_token;
        out.report_version = x_raw.report_version;
        out.report_interval = seconds(x_raw.report_interval);
        out.max_perf = x_raw.max_perf;
        out.max_lifetime = seconds(x_raw.max_lifetime);
        out.unsecured = x_raw.unsecured;
        out.create_auth = x_raw.create_auth;
        out.force_update_file = x_raw.force_update_file;
        out.health_url = health_url();
        out.health_interval = seconds(x_raw.health_interval);
        out.health_timeout = seconds(x_raw.health_timeout);
        out.unhealthy_after = x_raw.unhealthy_after;
        out.drain_timeout = seconds(x_raw.drain_timeout);
        out.flush_timeout = seconds(x_raw.flush_timeout);
        out.error_linger = seconds(x_raw.error_linger);
        out.log_level = x_raw.log_level;
        if (!parse_url(out.own_url(1)))
            throw startup_error("PUBLIC_IPADDR (--public-address) is '" + x_raw.public_address +
                                "', which makes no valid URL; give an address or a host name");
        return out;
    }

    std::string required(const std::string& flag, const std::string& value, const std::string& what) {
        if (value.empty())
            throw startup_error(x_variables[flag] + " is not set: " + what + "; set it or pass --" + flag);
        return value;
    }

    [[nodiscard]] int webhook_port() const {
        if (x_raw.webhook_port >= 0)
            return x_raw.webhook_port;
        if (x_raw.worker_port == 65535)
            throw startup_error(
                "WORKER_PORT is 65535, so the webhook listener's default port would be 65536; "
                "set WORKER_HTTP_PORT (--worker-http-port)");
        return x_raw.worker_port == 0 ? 0 : x_raw.worker_port + 1;
    }

    std::uint16_t public_port() {
        if (x_raw.public_port >= 0)
            return static_cast<std::uint16_t>(x_raw.public_port);
        const std::string variable = "VAST_TCP_PORT_" + std::to_string(x_raw.worker_port);
        const char* from_environment = environment(variable);
        const std::string text = from_environment ? from_environment : x_file->public_port();
        x_variables[public_port_flag] = variable;
        required(public_port_flag, text, "the port under which the outside reaches WORKER_PORT");
        const bool digits = text.size() <= 5 && std::all_of(text.begin(), text.end(),
                                                            [](unsigned char c) { return std::isdigit(c); });
        const int port = digits ? std::stoi(text) : -1;
        if (port < 0 || port > 65535)
            throw startup_error(variable + " (--public-port) is '" + text +
                                "'; it must be a port, 0 to 65535");
        x_raw.public_port = port;
        return static_cast<std::uint16_t>(port);
    }

    [[nodiscard]] std::vector<url> report_addresses() const {
        std::vector<url> out;
        std::istringstream list(x_raw.report_address);
        for (std::string text; std::getline(list, text, ',');) {
            text = CLI::detail::trim_copy(text);
            if (text.empty())
                continue;
            const auto address = parse_url(text);
            if (!address)
                throw startup_error("REPORT_ADDR (--report-address) holds '" + text +
                                    "': " + address.error().message() +
                                    "; give http:// or https:// URLs, comma separated");
            out.push_back(*address);
        }
        if (out.empty())
            throw startup_error(
                "REPORT_ADDR (--report-address) is empty; give the autoscaler's URL, for instance "
                "https://run.vast.ai");
        return out;
    }

    [[nodiscard]] std::optional<url> health_url() const {
        if (x_raw.health_url.empty())
            return std::nullopt;
        const auto parsed = parse_url(x_raw.health_url);
        if (!parsed)
            throw startup_error("BACKEND_HEALTH_URL (--backend-health-url) is '" + x_raw.health_url +
                                "': " + parsed.error().message() + "; give an http:// or https:// URL");
        return *parsed;
    }

    // What --check prints; it can be used as a configuration file.
    [[nodiscard]] std::string summary(const settings& checked) {
        std::string out =
            "# The configuration is valid. The worker's own URL: " + checked.own_url(checked.worker_port) +
            "\n";
        for (const auto& flag : x_order)
            out += flag + " = " + shown(flag, checked) + "\n";
        return out;
    }

    [[nodiscard]] std::string shown(const std::string& flag, const settings& checked) {
        if (flag == "master-token")
            return checked.master_token.empty() ? "\"\"" : "\"********\"";
        if (flag == "use-ssl")
            return checked.use_ssl ? "true" : "false";
        if (flag == public_port_flag)
            return std::to_string(checked.public_port);
        if (flag == "worker-http-port")
            return std::to_string(checked.webhook_port);
        if (flag == "unsecured")
            return checked.unsecured ? "true" : "false";
        if (flag == "create-auth")
            return checked.create_auth == auth::create_policy::open ? "open" : "signed";
        const auto* option = x_options[flag];
        const std::string value = option->count() > 0 ? option->results().front() : option->get_default_str();
        const bool number = !value.empty() && value.find_first_not_of("0123456789.") == std::string::npos;
        return number || flag == "log-level" ? value : '"' + value + '"';
    }

    CLI::App x_app{description, "nullworkerd"};
    raw_settings x_raw;
    bool x_check = false;
    std::string x_group;
    std::map<std::string, std::string> x_variables;  // flag → variable
    std::map<std::string, CLI::Option*> x_options;
    std::vector<std::string> x_order;
    std::shared_ptr<config_file> x_file;
};

}  // namespace

std::variant<settings, print_and_exit> read_config(int argc, const char* const* argv) {
    return command_line().read(argc, argv);
}

std::optional<settings> settings_for_error_report() {
    settings out;
    const char* id = environment("CONTAINER_ID");
    char* end = nullptr;
    out.container_id = id ? std::strtoll(id, &end, 10) : 0;
    if (!id || *end != '\0')
        return std::nullopt;
    const char* addresses = environment("REPORT_ADDR");
    std::istringstream list(addresses ? addresses : "https://run.vast.ai");
    for (std::string text; std::getline(list, text, ',');)
        if (const auto address = parse_url(text))
            out.report_addresses.push_back(*address);
    if (out.report_addresses.empty())
        return std::nullopt;
    if (const char* token = environment("MASTER_TOKEN"))
        out.master_token = token;
    if (const char* address = environment("PUBLIC_IPADDR"))
        out.public_address = address;
    out.report_version = wire::framework_version;
    return out;
}

}  // namespace nullworker::app
