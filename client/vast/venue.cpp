#include <fleet/process_launcher.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/printable.hpp>
#include <vast/venue.hpp>

#include <boost/asio/error.hpp>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct instance_urls {
    std::string_view name;
    const char* autoscaler;
    const char* console;
};

constexpr std::array instances = {
    instance_urls{"prod", "https://run.vast.ai", "https://console.vast.ai"},
    instance_urls{"alpha", "https://run-alpha.vast.ai", "https://console.vast.ai"},
    instance_urls{"candidate", "https://run-candidate.vast.ai", "https://console.vast.ai"},
    instance_urls{"local", "http://localhost:8080", "http://localhost:8080"},
};

// Calls of /route/ a second that nobody has a reason to mind.
constexpr int usual_route_rate = 20;

constexpr const char* secured_local = "https://localhost:8080";

const instance_urls& find_instance(std::string_view name) {
    for (const auto& known : instances)
        if (known.name == (name.empty() ? "prod" : name))
            return known;
    throw startup_error("--instance is '" + std::string(name) +
                        "'; it must be prod, alpha, candidate or local");
}

url checked(const std::string& text, const char* setting) {
    const auto parsed = parse_url(text);
    if (!parsed)
        throw startup_error(std::string(setting) + " is '" + without_secrets(text) +
                            "': " + parsed.error().message());
    return *parsed;
}

std::string first_of(const std::string& wanted, const char* otherwise) {
    return wanted.empty() ? otherwise : wanted;
}

}  // namespace

std::vector<std::string> default_worker_command() {
    std::error_code ec;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ec);
    const auto beside = self.parent_path() / "nullworkerd";
    if (!ec && std::filesystem::exists(beside, ec))
        return {beside.string()};
    return {"nullworkerd"};
}

distant_endpoint locate(const venue_options& options) {
    const auto& instance = find_instance(options.instance);
    const bool local = instance.name == "local";
    const bool secured = local && options.fleet.over == fleet::transport::https;
    const auto name = local ? first_of(options.endpoint, "local") : options.endpoint;
    if (name.empty())
        throw startup_error("--endpoint is missing: the name of the endpoint to use");
    const auto key = local ? first_of(options.account_key, "local") : options.account_key;
    if (key.empty())
        throw startup_error("VAST_API_KEY is not set: the key of the account that owns the endpoint");
    if (has_control_character(key))
        throw startup_error(
            "VAST_API_KEY has a control character in it, perhaps a line's end; a key has none");
    const auto autoscaler = first_of(options.autoscaler, secured ? secured_local : instance.autoscaler);
    const auto console = first_of(options.console, secured ? secured_local : instance.console);
    return {.name = name,
            .where = {.autoscaler = checked(autoscaler, "--autoscaler-url"),
                      .console = checked(console, "--console-url"),
                      .account_key = key,
                      .connections = options.connections,
                      .route_rate = local ? options.route_rate
                                          : std::optional(options.route_rate.value_or(usual_route_rate))},
            .autoscaler = autoscaler,
            .advice = secured ? "; nullworker fleet --tls says which SSL_CERT_FILE its clients need" : ""};
}

venue::venue(asio::any_io_executor executor, venue_options options) {
    if (options.is_local()) {
        options.fleet.port = 0;
        auto command = options.worker_command.empty() ? default_worker_command()
                                                      : fleet::shell_command(options.worker_command);
        x_fleet = std::make_unique<fleet::fleet>(
            executor, options.fleet,
            std::make_unique<fleet::process_launcher>(executor,
                                                      fleet::process_options{.command = std::move(command)}));
        x_fleet->start();
        x_name = x_fleet->endpoint_name();
        x_where = x_fleet->url();
        const auto here = checked(x_where, "the local fleet's URL");
        x_api.emplace(executor, service{.autoscaler = here,
                                        .console = here,
                                        .account_key = "local",
                                        .roots = x_fleet->face().authority().root_pem(),
                                        .connections = options.connections,
                                        .route_rate = options.route_rate});
        x_endpoint.emplace(executor, *x_api, x_name);
        return;
    }
    auto found = locate(options);
    x_name = found.name;
    x_where = found.autoscaler;
    x_advice = found.advice;
    x_console = found.where.console;
    x_api.emplace(executor, std::move(found.where));
    x_endpoint.emplace(executor, *x_api, x_name);
}

asio::awaitable<outcome<void>> venue::open(std::optional<std::chrono::steady_clock::duration> patience,
                                           const std::function<void(const std::string& why)>& on_trouble) {
    backoff pause(200ms, 5s);
    const auto deadline = patience ? steady::now() + *patience : steady::time_point::max();
    for (;;) {
        const auto found = co_await look_around();
        if (found)
            co_return found;
        const auto& why = found.error();
        const bool may_pass = why.retryable || (!patience && why.cause == asio::error::connection_refused);
        const auto until_next = pause.next();
        if (!may_pass || steady::now() >= deadline - until_next)
            co_return found;
        on_trouble(why.message);
        co_await sleep_for(until_next);
    }
}

asio::awaitable<outcome<void>> venue::look_around() {
    const auto root = co_await x_api->fetch_root_certificate();
    if (!root)
        co_return co_await explained(root.error());
    co_return co_await x_endpoint->look_up();
}

// On this machine a fleet is meant, and what keeps it from answering can be told.
asio::awaitable<failure> venue::explained(failure why) {
    const auto origin = x_console.origin();
    const bool here = !x_console.host.empty() && names_loopback(x_console);
    if (here && why.cause == asio::error::connection_refused)
        co_return failure{"no fleet answers at " + origin + "; start one with `nullworker fleet" +
                              (x_console.is_tls() ? " --tls`" : "`"),
                          /*retryable=*/false, 0, why.cause};
    if (here && why.cause && co_await x_api->is_other_scheme_spoken())
        co_return failure{x_console.is_tls() ? "HTTP is spoken at " + origin +
                                                   ", without TLS: leave out --tls, or say http://"
                                             : "HTTPS is spoken at " + origin + ": say --tls, or https://"};
    why.message += x_advice;
    co_return why;
}

asio::awaitable<void> venue::close() {
    if (x_fleet)
        co_await x_fleet->stop();
}

void venue::on_trouble(std::function<void(const std::string& what)> told) {
    if (!x_fleet)
        return;
    x_fleet->on_event([told = std::move(told)](const fleet::event& happened) {
        const auto* of_worker = std::get_if<fleet::worker_event>(&happened);
        if (!of_worker)
            return;
        const auto name = "worker " + std::to_string(of_worker->worker);
        if (of_worker->to == fleet::worker_state::dead)
            told(name + " is gone: " + of_worker->why);
        if (of_worker->to == fleet::worker_state::error)
            told(name + " reports: " + of_worker->why);
    });
}

fleet::start_trouble venue::failed_starts() const {
    return x_fleet ? x_fleet->decisions().trouble() : fleet::start_trouble();
}

std::string venue::description() const {
    return (x_fleet ? "a local fleet at " : "endpoint " + x_name + " at ") + without_secrets(x_where);
}

}  // namespace nullworker::client
