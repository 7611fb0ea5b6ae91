#include "option_table.hpp"

#include <nullworker/wire/session_messages.hpp>

#include <boost/asio/ip/address.hpp>

#include <charconv>
#include <string_view>
#include <system_error>

namespace nullworker::app {
namespace {

using options::value_kind;

constexpr const char* program_description =
    "\nA remote client reserves it (POST /session/create), it reports itself 100 % busy, the program beside "
    "it\n"
    "works, and a release frees it (/session/end from outside, POST 127.0.0.1:18999/release from inside).\n\n"
    "On a Vast instance everything that is required is in the environment already: just run nullworkerd.\n"
    "A flag beats the environment, which beats the configuration file.";

constexpr const char* program_footer =
    "Configuration file (--config): one `flag = value` a line, for instance `control-port = 18999`.";

std::vector<options::example> examples() {
    return {
        {"On an instance of Vast, whose environment has all that is required", "nullworkerd"},
        {"What it would use, in the form of a configuration file", "nullworkerd --check"},
        {"Beside a consumer that is well while a process of that name runs, with a session that survives a "
         "crash",
         "nullworkerd --backend-health-url 'exec:pgrep -x consumer' \\\n    --state-dir "
         "/workspace/nullworker"},
        {"Anywhere, against a fleet that `nullworker fleet` runs on this machine",
         "CONTAINER_ID=1 PUBLIC_IPADDR=127.0.0.1 VAST_TCP_PORT_3000=3000 \\\n"
         "    REPORT_ADDR=http://127.0.0.1:8080 UNSECURED=true nullworkerd"},
    };
}

constexpr std::string_view until_done = "protected";

std::optional<std::string> refuse_other_than_ip(const std::string& text) {
    error_code ec;
    boost::asio::ip::make_address(text, ec);
    return ec ? std::optional(text + " is not an IP address") : std::nullopt;
}

std::optional<std::string> refuse_drain_timeout(const std::string& text) {
    if (text == until_done || read_drain_timeout(text))
        return std::nullopt;
    return text + " is neither `protected` nor a number of seconds, 0 to 1e8";
}

options::option_group vast_options(written_settings& to) {
    return {"Set by Vast on every instance",
            {{.name = "worker-port",
              .variable = "WORKER_PORT",
              .target = &to.out.worker_port,
              .help = "Port of the public listener (0: any free one)"},
             {.name = "public-port",
              .variable = "VAST_TCP_PORT_<WORKER_PORT>",
              .target = &to.public_port,
              .least = 0,
              .most = 65535,
              .required = "the port under which the outside reaches WORKER_PORT",
              .help = "Port under which the outside reaches the public listener"},
             {.name = "public-address",
              .variable = "PUBLIC_IPADDR",
              .target = &to.out.public_address,
              .required = "the public address of this instance",
              .help = "Public address of the instance"},
             {.name = "container-id",
              .variable = "CONTAINER_ID",
              .target = &to.container_id,
              .least = 0,
              .required = "the integer id of this worker in reports",
              .help = "Id of this worker in reports"},
             {.name = "report-address",
              .variable = "REPORT_ADDR",
              .target = &to.report_address,
              .help = "Autoscaler URLs, comma separated, tried in order"},
             {.name = "master-token",
              .variable = "MASTER_TOKEN",
              .target = &to.out.master_token,
              .secret = true,
              .may_be_empty = true,
              .help = "Token in reports, and the bearer token of /pyworker/update; better set as a variable, "
                      "since command lines can be read by everyone on the machine"},
             {.name = "use-ssl",
              .variable = "USE_SSL",
              .target = &to.out.use_ssl,
              .help = "TLS on the public listener"},
             {.name = "unsecured",
              .variable = "UNSECURED",
              .target = &to.out.unsecured,
              .help = "Check no signature at all; for debugging"}}};
}

options::option_group listener_options(written_settings& to) {
    return {
        "Listeners",
        {{.name = "listen-address",
          .variable = "NULLWORKER_LISTEN_ADDRESS",
          .target = &to.out.listen_address,
          .refuse = refuse_other_than_ip,
          .help = "Address of the public listener"},
         {.name = "worker-http-port",
          .variable = "WORKER_HTTP_PORT",
          .target = &to.webhook_port,
          .least = 0,
          .most = 65535,
          .default_words = "the worker port + 1",
          .help = "Port of the webhook listener on loopback"},
         {.name = "control-port",
          .variable = "NULL_CONTROL_PORT",
          .target = &to.out.control_port,
          .help = "Port of the control listener on loopback"},
         {.name = "control-socket",
          .variable = "NULLWORKER_CONTROL_SOCKET",
          .target = &to.out.control_socket,
          .untidy = leftovers::line_ends,
          .may_be_empty = true,
          .help = "Unix socket that serves the same as the control port, with mode 0660; for images whose "
                  "network is shared"},
         {.name = "max-connections",
          .variable = "NULLWORKER_MAX_CONNECTIONS",
          .target = &to.out.max_connections,
          .least = 1,
          .most = 100000,
          .help = "Connections to the public listener; one more closes one of the peer that has the most"},
         {.name = "tls-certificate",
          .variable = "NULLWORKER_TLS_CERTIFICATE",
          .target = &to.out.tls_certificate,
          .kind = value_kind::file,
          .help = "Certificate chain in PEM, used with USE_SSL=true; a renewed one is taken up within "
                  "10 s. Without a valid one the console is asked to certify the key, and its answer is "
                  "stored here"},
         {.name = "tls-key",
          .variable = "NULLWORKER_TLS_KEY",
          .target = &to.out.tls_key,
          .kind = value_kind::file,
          .help = "Its key in PEM; made where there is none"},
         {.name = "tls-self-signed",
          .variable = "NULLWORKER_TLS_SELF_SIGNED",
          .target = &to.out.tls_self_signed,
          .help = "Where there is no valid certificate, certify the key by itself rather than ask the "
                  "console; for tests, since clients trust it only if they are told to"},
         {.name = "console-url",
          .variable = "NULLWORKER_CONSOLE_URL",
          .target = &to.console,
          .without_secrets = without_secrets,
          .help = "Vast's console, which certifies the key"}}};
}

options::option_group session_options(written_settings& to) {
    using auth::create_policy;
    return {"Sessions",
            {{.name = "max-perf",
              .variable = "NULLWORKER_MAX_PERF",
              .target = &to.out.max_perf,
              .least = 0.001,
              .most = 1e9,
              .help = "Capacity reported once ready; one session costs as much"},
             {.name = "partial-load",
              .variable = "NULLWORKER_PARTIAL_LOAD",
              .target = &to.out.partial_load,
              .help = "Report the cost of a session as its load where that is less than max-perf; the "
                      "autoscaler then sends the next client to a worker that is taken"},
             {.name = "max-lifetime",
              .variable = "NULLWORKER_MAX_LIFETIME",
              .target = &to.out.max_lifetime,
              .least = 0.001,
              .most = wire::longest_max_lifetime.count(),
              .help = "Longest lifetime of a session, and how far ahead it can be renewed"},
             {.name = "create-auth",
              .variable = "NULLWORKER_CREATE_AUTH",
              .target = options::one_of(to.out.create_auth, {{"signed", create_policy::signed_only},
                                                             {"open", create_policy::open}}),
              .help = "Who may create sessions: signed (grants of the autoscaler for this worker) or open "
                      "(anybody)"},
             {.name = "force-update-file",
              .variable = "NULLWORKER_FORCE_UPDATE_FILE",
              .target = &to.out.force_update_file,
              .kind = value_kind::file,
              .help = "File that /pyworker/update creates"}}};
}

options::option_group consumer_options(written_settings& to) {
    using dead_consumer = reservation::dead_consumer_policy;
    return {
        "Consumer",
        {{.name = "backend-health-url",
          .variable = "BACKEND_HEALTH_URL",
          .target = &to.health_url,
          .value_name = "PROBE",
          .default_words = "none, but heartbeat: with --heartbeat-timeout",
          .may_be_empty = true,
          .without_secrets = consumer::shown_probe,
          .help = "Health probe of the consumer: http(s)://… answers GET with 200, tcp://host:port takes a "
                  "connection, exec:CMD exits with 0, heartbeat: it has spoken to the worker; empty: no "
                  "probe"},
         {.name = "consumer-url",
          .variable = "NULLWORKER_CONSUMER_URL",
          .target = &to.consumer_url,
          .default_words = "that of an http(s) probe",
          .without_secrets = without_secrets,
          .help = "Server of the consumer, which gets the close callbacks that name a path"},
         {.name = "health-interval",
          .variable = "NULLWORKER_HEALTH_INTERVAL",
          .target = &to.out.health_interval,
          .least = 0.01,
          .most = 86400,
          .help = "Time between probes"},
         {.name = "health-timeout",
          .variable = "NULLWORKER_HEALTH_TIMEOUT",
          .target = &to.out.health_timeout,
          .least = 0.01,
          .most = 86400,
          .help = "Longest time for one probe"},
         {.name = "unhealthy-after",
          .variable = "NULLWORKER_UNHEALTHY_AFTER",
          .target = &to.out.verdict.unhealthy_after,
          .least = 1,
          .most = 1000,
          .help = "Failed probes in a row that make an error"},
         {.name = "healthy-after",
          .variable = "NULLWORKER_HEALTHY_AFTER",
          .target = &to.out.verdict.healthy_after,
          .least = 1,
          .most = 1000,
          .help = "Successful probes in a row that take it back"},
         {.name = "consumer-patience",
          .variable = "NULLWORKER_CONSUMER_PATIENCE",
          .target = &to.out.consumer_patience,
          .least = 0,
          .most = 1e8,
          .help = "How long the first successful probe, or the consumer's first word, may take before the "
                  "autoscaler is told, which has the machine replaced; 0: for ever"},
         {.name = "heartbeat-timeout",
          .variable = "NULLWORKER_HEARTBEAT_TIMEOUT",
          .target = &to.out.heartbeat.timeout,
          .least = 0,
          .most = 86400,
          .help = "A consumer that gives no heartbeat for so long while a session is held is flagged; 0: "
                  "never"},
         {.name = "heartbeat-grace",
          .variable = "NULLWORKER_HEARTBEAT_GRACE",
          .target = &to.out.heartbeat.grace,
          .least = 0,
          .most = 86400,
          .help = "How long it is flagged before it counts as dead"},
         {.name = "on-dead-consumer",
          .variable = "NULLWORKER_ON_DEAD_CONSUMER",
          .target = options::one_of(to.out.heartbeat.policy, {{"flag", dead_consumer::flag},
                                                              {"error", dead_consumer::error},
                                                              {"release", dead_consumer::release}}),
          .help = "What a dead consumer leads to: flag (/health and metrics), error (the autoscaler is "
                  "told, too), release (and the slot is freed)"},
         {.name = "strict-release",
          .variable = "NULLWORKER_STRICT_RELEASE",
          .target = &to.out.strict_release,
          .help = "A release from inside must name the session"}}};
}

options::option_group report_options(written_settings& to) {
    return {"Reports",
            {{.name = "report-interval",
              .variable = "NULLWORKER_REPORT_INTERVAL",
              .target = &to.out.report_interval,
              .least = 0.1,
              .most = 3600,
              .help = "Longest time between reports, in s; changes are reported at once"},
             {.name = "unreachable-after",
              .variable = "NULLWORKER_UNREACHABLE_AFTER",
              .target = &to.out.unreachable_after,
              .least = 0,
              .most = 86400,
              .help = "How long the autoscaler may accept no report before /health and nullworker status say "
                      "so; 0: for ever"},
             {.name = "report-version",
              .variable = "NULLWORKER_REPORT_VERSION",
              .target = &to.out.report_version,
              .help = "Version in reports; the autoscaler refuses others than its own"},
             {.name = "error-linger",
              .variable = "NULLWORKER_ERROR_LINGER",
              .target = &to.out.error_linger,
              .least = 0,
              .most = 1e8,
              .help = "How long to keep reporting, every 10 s, that the daemon cannot start; 0: once"}}};
}

options::option_group state_options(written_settings& to) {
    return {"State",
            {{.name = "state-dir",
              .variable = "NULLWORKER_STATE_DIR",
              .target = &to.state_dir,
              .kind = value_kind::directory,
              .default_words = "$WORKSPACE_DIR/nullworker if that exists",
              .help = "Directory for the file that lets the session survive a crash; none: keep nothing"},
             {.name = "state-sync",
              .variable = "NULLWORKER_STATE_SYNC",
              .target = &to.out.state_sync,
              .help = "Write the state through to the disk, for power failures; each change then waits for "
                      "the disk"}}};
}

options::option_group process_options(written_settings& to) {
    return {
        "Process",
        {{.name = "drain-timeout",
          .variable = "NULLWORKER_DRAIN_TIMEOUT",
          .target = &to.drain_timeout,
          .refuse = refuse_drain_timeout,
          .value_name = "SECONDS",
          .help = "How long a signal waits for a job that is protected, in s; protected: until it is done; "
                  "a session without one ends at once"},
         {.name = "flush-timeout",
          .variable = "NULLWORKER_FLUSH_TIMEOUT",
          .target = &to.out.flush_timeout,
          .least = 0,
          .most = 3600,
          .help = "How long the last report and the completions may take when stopping"},
         {.name = "log-level",
          .variable = "NULLWORKER_LOG_LEVEL",
          .target = options::one_of(to.out.log_level, {{"debug", log::level::debug},
                                                       {"info", log::level::info},
                                                       {"warning", log::level::warning},
                                                       {"error", log::level::error}}),
          .help = "Least important lines logged"},
         {.name = "log-format",
          .variable = "NULLWORKER_LOG_FORMAT",
          .target =
              options::one_of(to.out.log_format, {{"text", log::form::text}, {"json", log::form::json}}),
          .help = "How lines are logged: text (key=value) or json (an object a line)"}}};
}

}  // namespace

std::optional<seconds> read_drain_timeout(const std::string& text) {
    constexpr double most = 1e8;
    double count = 0;
    const char* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, count);
    const bool fits = ec == std::errc() && stop == end && count >= 0 && count <= most;
    return fits ? std::optional(seconds(count)) : std::nullopt;
}

options::command nullworkerd(written_settings& to) {
    return {.name = "nullworkerd",
            .version = NULLWORKER_VERSION,
            .summary = "holds a Vast.ai Serverless worker for one session at a time and forwards nothing",
            .description = program_description,
            .footer = program_footer,
            .exit_codes = {{"0", "stopped as asked"},
                           {"2", "cannot start (bad configuration, port in use, unusable certificate)"},
                           {"128+N", "ended at once by a second signal N"}},
            .examples = examples(),
            .file_variable = "NULLWORKER_CONFIG",
            .groups = {{.options = {{.name = "check",
                                     .target = &to.check,
                                     .help = "Check the configuration, print what would be used, and exit"}}},
                       vast_options(to),
                       listener_options(to),
                       session_options(to),
                       consumer_options(to),
                       report_options(to),
                       state_options(to),
                       process_options(to)}};
}

}  // namespace nullworker::app
