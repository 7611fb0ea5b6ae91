#include <nullworker/app/config.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/manual/describe.hpp>
#include <nullworker/net/tls.hpp>
#include <nullworker/wire/session_messages.hpp>
#include <nullworker/wire/status_report.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <istream>
#include <limits>
#include <map>
#include <memory>
#include <utility>

namespace nullworker::app {
namespace {

using dead_consumer = reservation::dead_consumer_policy;

constexpr const char* public_port_flag = "public-port";

// What must be translated before it is a setting.
struct raw_settings {
    int webhook_port = -1;  // -1: worker_port + 1
    int public_port = -1;   // -1: VAST_TCP_PORT_<worker_port>
    std::int64_t container_id = -1;
    std::string report_address = "https://run.vast.ai";
    std::string console = settings().console.origin();
    std::string health_url;
    std::string state_dir;  // empty: the default, if it exists
};

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

// A range whose bounds stand in the error, not in every line of --help. Unlike CLI::Range it refuses NaN.
template <class T>
CLI::Validator in_range(T least, T most) {
    return CLI::Validator(
        [least, most](std::string& text) {
            T value{};
            const bool inside = CLI::detail::lexical_cast(text, value) && value >= least && value <= most;
            return inside ? std::string()
                          : text + " is not in the range " + CLI::detail::to_string(least) + " to " +
                                CLI::detail::to_string(most);
        },
        "");
}

// The addresses of a comma-separated list; throws startup_error for one that is no URL.
std::vector<url> parse_addresses(const std::string& text) {
    std::string culprit;
    auto list = parse_url_list(text, &culprit);
    if (!list)
        throw startup_error("REPORT_ADDR (--report-address) holds '" + culprit + "': " +
                            list.error().message() + "; give http:// or https:// URLs, comma separated");
    if (list->empty())
        throw startup_error(
            "REPORT_ADDR (--report-address) is empty; give the autoscaler's URL, for instance "
            "https://run.vast.ai");
    for (const auto& address : *list)
        if (address.target.find('?') != std::string::npos)
            throw startup_error("REPORT_ADDR (--report-address) holds '" + address.text() +
                                "': paths are appended to it, so it can have no query");
    return std::move(*list);
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
    // `file` is the configuration file where no flag names one; null: none.
    explicit command_line(const char* file) {
        x_file = std::make_shared<config_file>(x_variables);
        x_app.get_formatter()->column_width(36);
        x_app.config_formatter(x_file);
        x_app.allow_config_extras(CLI::config_extras_mode::error);
        x_app
            .set_config("--config", file ? file : "", "Read settings from this file (Env:NULLWORKER_CONFIG)",
                        file)
            ->type_name("FILE");
        x_app.set_version_flag("--version", "nullworkerd " NULLWORKER_VERSION);
        x_app.add_flag("--check", x_check, "Check the configuration, print what would be used, and exit");
        x_app.footer(footer);
        add_vast();
        add_listeners();
        add_sessions();
        add_consumer();
        add_autoscaler();
        add_state();
        add_process();
    }

    [[nodiscard]] options::command_description describe() const { return manual::describe(x_app); }

    std::variant<settings, print_and_exit> read(int argc, const char* const* argv) {
        try {
            x_app.parse(argc, argv);
            check();
        } catch (const CLI::CallForHelp&) {
            return print_and_exit{x_app.help() + "\n"};
        } catch (const CLI::CallForVersion& version) {
            return print_and_exit{std::string(version.what()) + "\n"};
        } catch (const CLI::ExtrasError&) {
            throw config_error("unknown arguments: " + unknown_flags() + "; see nullworkerd --help",
                               reportable());
        } catch (const CLI::ParseError& e) {
            throw config_error(explain(e.what()), reportable());
        } catch (const startup_error& e) {
            throw config_error(e.what(), reportable());
        }
        if (x_check)
            return print_and_exit{summary()};
        return x_out;
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

    CLI::Option* bind_seconds(const std::string& flag, seconds& target, double least, double most,
                              const std::string& help) {
        const std::string variable = own_variable(flag);
        x_variables[flag] = variable;
        x_order.push_back(flag);
        auto* option = x_app.add_option_function<double>(
            "--" + flag, [&target](double value) { target = seconds(value); }, help);
        x_options[flag] = option;
        return option->envname(variable)
            ->check(in_range(least, most))
            ->default_str(CLI::detail::to_string(target.count()))
            ->type_name("SECONDS")
            ->group(x_group);
    }

    // A switch; `variable` is read by CLI11 where it takes the usual words for yes and no.
    CLI::Option* bind_flag(const std::string& flag, const std::string& variable, bool& target,
                           const std::string& help) {
        x_variables[flag] = variable;
        x_order.push_back(flag);
        x_options[flag] = x_app.add_flag("--" + flag, target, help);
        return x_options[flag]->group(x_group);
    }

    void add_vast() {
        x_group = "Set by Vast on every instance";
        bind("worker-port", "WORKER_PORT", x_out.worker_port,
             "Port of the public listener (0: any free one)");
        bind(public_port_flag, "", x_raw.public_port,
             "Port under which the outside reaches the public listener; required "
             "(Env:VAST_TCP_PORT_<WORKER_PORT>)")
            ->check(in_range(0, 65535))
            ->default_str("");
        bind("public-address", "PUBLIC_IPADDR", x_out.public_address,
             "Public address of the instance; required");
        bind("container-id", "CONTAINER_ID", x_raw.container_id, "Id of this worker in reports; required")
            ->check(in_range<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()))
            ->default_str("");
        bind("report-address", "REPORT_ADDR", x_raw.report_address,
             "Autoscaler URLs, comma separated, tried in order");
        bind("master-token", "MASTER_TOKEN", x_out.master_token,
             "Token in reports, and the bearer token of /pyworker/update; better set as a variable, since "
             "command lines can be read by everyone on the machine");
        bind_flag("use-ssl", "USE_SSL", x_out.use_ssl,
                  "TLS on the public listener; of the variable only the exact word true turns it on "
                  "(Env:USE_SSL)");
        bind_flag("unsecured", "UNSECURED", x_out.unsecured, "Check no signature at all; for debugging")
            ->envname("UNSECURED");
    }

    void add_listeners() {
        x_group = "Listeners";
        bind("listen-address", x_out.listen_address, "Address of the public listener")
            ->check(is_ip_address());
        bind("worker-http-port", "WORKER_HTTP_PORT", x_raw.webhook_port,
             "Port of the webhook listener on loopback (default: the worker port + 1)")
            ->check(in_range(0, 65535))
            ->default_str("");
        bind("control-port", "NULL_CONTROL_PORT", x_out.control_port,
             "Port of the control listener on loopback");
        bind("control-socket", x_out.control_socket,
             "Unix socket that serves the same as the control port, with mode 0660; for images whose network "
             "is shared");
        bind("max-connections", x_out.max_connections,
             "Connections to the public listener; one more closes the one that waits longest")
            ->check(in_range(1, 100000));
        bind("tls-certificate", x_out.tls_certificate,
             "Certificate chain in PEM, used with USE_SSL=true; a renewed one is taken up within 10 s. "
             "Without a "
             "valid one the console is asked to certify the key, and its answer is stored here")
            ->type_name("FILE");
        bind("tls-key", x_out.tls_key, "Its key in PEM; made where there is none")->type_name("FILE");
        bind_flag(
            "tls-self-signed", own_variable("tls-self-signed"), x_out.tls_self_signed,
            "Where there is no valid certificate, certify the key by itself rather than ask the console; "
            "for tests, since clients trust it only if they are told to")
            ->envname(own_variable("tls-self-signed"));
        bind("console-url", x_raw.console, "Vast's console, which certifies the key");
    }

    void add_sessions() {
        x_group = "Sessions";
        const std::map<std::string, auth::create_policy> policies = {
            {"signed", auth::create_policy::signed_only}, {"open", auth::create_policy::open}};
        bind("max-perf", x_out.max_perf, "Capacity reported once ready; one session costs as much")
            ->check(in_range(0.001, 1e9));
        bind_seconds("max-lifetime", x_out.max_lifetime, 0.001, wire::longest_max_lifetime.count(),
                     "Longest lifetime of a session, and how far ahead it can be renewed");
        bind("create-auth", x_out.create_auth,
             "Who may create sessions: signed (grants of the autoscaler for this worker) or open (anybody)")
            ->transform(CLI::CheckedTransformer(policies).description(""))
            ->default_str("signed")
            ->type_name("signed|open");
        bind("force-update-file", x_out.force_update_file, "File that /pyworker/update creates")
            ->type_name("FILE");
    }

    void add_consumer() {
        x_group = "Consumer";
        bind("backend-health-url", "BACKEND_HEALTH_URL", x_raw.health_url,
             "Health probe of the consumer: http(s)://… answers GET with 200, tcp://host:port takes a "
             "connection, "
             "exec:CMD exits with 0; empty: no probe")
            ->type_name("PROBE");
        bind_seconds("health-interval", x_out.health_interval, 0.01, 86400.0, "Time between probes");
        bind_seconds("health-timeout", x_out.health_timeout, 0.01, 86400.0, "Longest time for one probe");
        bind("unhealthy-after", x_out.verdict.unhealthy_after, "Failed probes in a row that make an error")
            ->check(in_range(1, 1000));
        bind("healthy-after", x_out.verdict.healthy_after, "Successful probes in a row that take it back")
            ->check(in_range(1, 1000));
        bind_seconds(
            "heartbeat-timeout", x_out.heartbeat.timeout, 0.0, 86400.0,
            "A consumer that gives no heartbeat for so long while a session is held is flagged; 0: never");
        bind_seconds("heartbeat-grace", x_out.heartbeat.grace, 0.0, 86400.0,
                     "How long it is flagged before it counts as dead");
        const std::map<std::string, dead_consumer> policies = {{"flag", dead_consumer::flag},
                                                               {"error", dead_consumer::error},
                                                               {"release", dead_consumer::release}};
        bind(
            "on-dead-consumer", x_out.heartbeat.policy,
            "What a dead consumer leads to: flag (/health and metrics), error (the autoscaler is told, too), "
            "release (and the slot is freed)")
            ->transform(CLI::CheckedTransformer(policies).description(""))
            ->default_str("error")
            ->type_name("flag|error|release");
        bind_flag("strict-release", own_variable("strict-release"), x_out.strict_release,
                  "A release from inside must name the session")
            ->envname(own_variable("strict-release"));
    }

    void add_autoscaler() {
        x_group = "Reports";
        bind_seconds("report-interval", x_out.report_interval, 0.1, 3600.0,
                     "Longest time between reports, in s; changes are reported at once");
        bind("report-version", x_out.report_version,
             "Version in reports; the autoscaler refuses others than its own");
        bind_seconds("error-linger", x_out.error_linger, 0.0, 1e8,
                     "How long to keep reporting, every 10 s, that the daemon cannot start; 0: once");
    }

    void add_state() {
        x_group = "State";
        bind("state-dir", x_raw.state_dir,
             "Directory for the file that lets the session survive a crash; none: keep nothing "
             "(default: $WORKSPACE_DIR/nullworker if that exists)")
            ->default_str("")
            ->type_name("DIR");
        bind_flag(
            "state-sync", own_variable("state-sync"), x_out.state_sync,
            "Write the state through to the disk, for power failures; each change then waits for the disk")
            ->envname(own_variable("state-sync"));
    }

    void add_process() {
        x_group = "Process";
        const std::map<std::string, log::level> levels = {{"debug", log::level::debug},
                                                          {"info", log::level::info},
                                                          {"warning", log::level::warning},
                                                          {"error", log::level::error}};
        bind_seconds("drain-timeout", x_out.drain_timeout, 0.0, 1e8,
                     "How long a signal waits for the session to end");
        bind_seconds("flush-timeout", x_out.flush_timeout, 0.0, 3600.0,
                     "How long the last report and the completions may take when stopping");
        bind("log-level", x_out.log_level, "Least important lines logged")
            ->transform(CLI::CheckedTransformer(levels).description(""))
            ->default_str("info")
            ->type_name("debug|info|warning|error");
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

    // Translates what is written into settings. Throws startup_error for what makes no sense.
    void check() {
        if (x_options["use-ssl"]->count() == 0)
            if (const char* word = environment("USE_SSL"))
                x_out.use_ssl = std::string_view(word) == "true";
        x_out.webhook_port = static_cast<std::uint16_t>(webhook_port());
        required("public-address", x_out.public_address, "the public address of this instance");
        x_out.public_port = public_port();
        if (x_raw.container_id < 0)
            required("container-id", "", "the integer id of this worker in reports");
        x_out.container_id = x_raw.container_id;
        x_out.report_addresses = parse_addresses(x_raw.report_address);
        x_out.health_target = health_target();
        x_out.state_dir = state_dir();
        if (!parse_url(x_out.own_url(1)))
            throw startup_error("PUBLIC_IPADDR (--public-address) is '" + x_out.public_address +
                                "', which makes no valid URL; give an address or a host name");
        x_out.console = console();
    }

    [[nodiscard]] std::string state_dir() const {
        if (x_raw.state_dir == "none")
            return {};
        if (!x_raw.state_dir.empty())
            return x_raw.state_dir;
        const char* workspace = environment("WORKSPACE_DIR");
        std::string preferred = std::string(workspace ? workspace : "/workspace") + "/nullworker";
        std::error_code ignored;
        return std::filesystem::is_directory(preferred, ignored) ? preferred : std::string();
    }

    [[nodiscard]] url console() const {
        const auto parsed = parse_url(x_raw.console);
        if (!parsed)
            throw startup_error("NULLWORKER_CONSOLE_URL (--console-url) is '" + x_raw.console +
                                "': " + parsed.error().message() + "; give an http:// or https:// URL");
        return *parsed;
    }

    // What becomes of the certificate at the next start, for --check.
    [[nodiscard]] std::string certificate_plan() const {
        if (!x_out.use_ssl)
            return {};
        try {
            (void)net::load_server_tls(x_out.tls_certificate, x_out.tls_key);
            return "# The TLS certificate is valid.\n";
        } catch (const startup_error& e) {
            return std::string("# A TLS certificate will be made") +
                   (x_out.tls_self_signed ? ", by the worker itself: "
                                          : " and signed by " + x_out.console.origin() + ": ") +
                   e.what() + "\n";
        }
    }

    void required(const std::string& flag, const std::string& value, const std::string& what) {
        if (value.empty())
            throw startup_error(x_variables[flag] + " is not set: " + what + "; set it or pass --" + flag);
    }

    [[nodiscard]] int webhook_port() const {
        if (x_raw.webhook_port >= 0)
            return x_raw.webhook_port;
        if (x_out.worker_port == 65535)
            throw startup_error(
                "WORKER_PORT is 65535, so the webhook listener's default port would be 65536; "
                "set WORKER_HTTP_PORT (--worker-http-port)");
        return x_out.worker_port == 0 ? 0 : x_out.worker_port + 1;
    }

    std::uint16_t public_port() {
        if (x_raw.public_port >= 0)
            return static_cast<std::uint16_t>(x_raw.public_port);
        const std::string variable = "VAST_TCP_PORT_" + std::to_string(x_out.worker_port);
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

    [[nodiscard]] std::optional<consumer::probe_target> health_target() const {
        if (x_raw.health_url.empty())
            return std::nullopt;
        const auto parsed = consumer::parse_probe_target(x_raw.health_url);
        if (!parsed)
            throw startup_error("BACKEND_HEALTH_URL (--backend-health-url) is '" + x_raw.health_url +
                                "': " + parsed.error().message() +
                                "; give an http:// or https:// URL, tcp://host:port or exec:COMMAND");
        return *parsed;
    }

    // The words of the command line that are no flag of ours, without values, which may be secrets.
    [[nodiscard]] std::string unknown_flags() const {
        std::string out;
        for (const auto& word : x_app.remaining())
            if (word.starts_with('-'))
                out += (out.empty() ? "" : " ") + word.substr(0, word.find('='));
        return out.empty() ? "words that belong to no flag" : out;
    }

    // The text that `flag` was given, however far parsing came; its default where there is none.
    [[nodiscard]] std::string text_of(const std::string& flag) {
        const auto* option = x_options[flag];
        if (option->count() > 0)
            return option->results().back();
        const char* value = environment(x_variables[flag]);
        return value ? value : option->get_default_str();
    }

    // Whom to tell that the configuration is wrong, as far as it is known; nothing for --check, which must
    // not speak in the name of a worker that may be running.
    [[nodiscard]] std::optional<settings> reportable() {
        if (x_app["--check"]->count() > 0)
            return std::nullopt;
        settings known;
        try {
            known.container_id = std::stoll(text_of("container-id"));
            known.report_addresses = parse_addresses(text_of("report-address"));
            known.worker_port = static_cast<std::uint16_t>(std::stoi(text_of("worker-port")));
            known.public_port = known.worker_port;
            known.public_port = public_port();
        } catch (const std::exception&) {
            // What is not known stays unsaid.
        }
        if (known.report_addresses.empty())
            return std::nullopt;
        known.public_address = text_of("public-address");
        known.master_token = text_of("master-token");
        known.report_version = text_of("report-version");
        known.use_ssl = text_of("use-ssl") == "true";
        return known;
    }

    // What --check prints; it can be used as a configuration file.
    [[nodiscard]] std::string summary() {
        std::string out =
            "# The configuration is valid. The worker's own URL: " + x_out.own_url(x_out.worker_port) + "\n" +
            certificate_plan();
        for (const auto& flag : x_order)
            out += shown(flag) + "\n";
        return out;
    }

    [[nodiscard]] std::string shown(const std::string& flag) {
        const std::map<std::string, std::string> derived = {
            {"public-port", std::to_string(x_out.public_port)},
            {"worker-http-port", std::to_string(x_out.webhook_port)},
            {"state-dir", '"' + (x_out.state_dir.empty() ? "none" : x_out.state_dir) + '"'},
            {"state-sync", x_out.state_sync ? "true" : "false"},
            {"use-ssl", x_out.use_ssl ? "true" : "false"},
            {"unsecured", x_out.unsecured ? "true" : "false"},
            {"tls-self-signed", x_out.tls_self_signed ? "true" : "false"},
            {"strict-release", x_out.strict_release ? "true" : "false"},
        };
        if (flag == "master-token")
            return x_out.master_token.empty() ? "# master-token is not set" : "# master-token = ********";
        if (const auto found = derived.find(flag); found != derived.end())
            return flag + " = " + found->second;
        const auto* option = x_options[flag];
        const std::string value = option->count() > 0 ? option->results().front() : option->get_default_str();
        const bool number = !value.empty() && value.find_first_not_of("0123456789.") == std::string::npos;
        return flag + " = " + (number ? value : '"' + value + '"');
    }

    CLI::App x_app{description, "nullworkerd"};
    settings x_out;
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
    // CLI11 reads the file before the environment, and so would miss the variable.
    return command_line(environment("NULLWORKER_CONFIG")).read(argc, argv);
}

options::command_description describe_command_line() {
    return command_line(nullptr).describe();
}

}  // namespace nullworker::app
