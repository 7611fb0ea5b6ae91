#include <commands/common_options.hpp>
#include <commands/control.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/control_report.hpp>
#include <terminal/runner.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// The worker refused, or what was asked for is not so.
constexpr int exit_refused = 1;

// No nullworkerd answers.
constexpr int exit_unreachable = 3;

struct control_options {
    std::uint16_t port = 18999;
    std::string socket;  // of a Unix socket that serves the same; empty: the port
    bool json = false;   // print the answer as it came
    std::string field;   // print this member of it alone, "health.state"; empty: all
};

struct wait_options : control_options {
    std::int64_t since = 0;          // the generation that the caller has seen
    std::optional<seconds> timeout;  // nothing: for ever
};

struct claim_options : control_options {
    std::string session_id;  // who the caller thinks holds the slot; empty: whoever does
};

struct renew_options : claim_options {
    std::optional<seconds> lifetime;  // from now on; required
};

constexpr unsigned status_ok = 200;
constexpr seconds longest_poll{60.0};

// A daemon that is being restarted answers again within this time.
constexpr auto restart_patience = 30s;
constexpr auto pause_between_tries = 500ms;

double epoch_now() {
    return epoch_seconds(std::chrono::system_clock::now());
}

url worker_url(const control_options& where, const std::string& path) {
    return {.scheme = "http", .host = "127.0.0.1", .port = where.port, .target = path};
}

using answer = result<net::reply>;

asio::awaitable<answer> ask(control_options where, net::verb method, std::string path, std::string body = {},
                            seconds patience = seconds(0)) {
    net::http_client client(co_await asio::this_coro::executor, std::make_shared<net::tls_trust>());
    net::call request{.method = method,
                      .target = worker_url(where, path),
                      .body = std::move(body),
                      .limit = 10s + to_ticks(patience),
                      .local_socket = where.socket};
    co_return co_await client.send(std::move(request));
}

int complain(int code, const std::string& what) {
    std::cerr << "nullworker: " << what << std::endl;
    return code;
}

int unreachable(const control_options& where, const error_code& why) {
    const std::string place = where.socket.empty() ? "port " + std::to_string(where.port) + " of 127.0.0.1 "
                                                   : "the Unix socket " + where.socket + ' ';
    return complain(exit_unreachable, "no nullworkerd answers at " + place + '(' + why.message() +
                                          "); is it running? See --control-port and --control-socket");
}

// Why a request was refused, in the worker's own words.
std::string refusal(const net::reply& told) {
    const auto document = wire::json_value::parse(told.body);
    std::string out =
        told.status == status_ok ? "" : "refused with status " + std::to_string(told.status) + ": ";
    if (!document)
        return out + told.body.substr(0, 80);
    for (const char* member : {"error", "reason"})
        if (const auto text = document->text_at(member))
            out += *text;
    if (const auto holder = document->text_at("session_id"))
        out += "; " + *holder + " holds the slot";
    return out;
}

// Prints an answer as the user wants it; `for_people` makes the text that is printed by default.
int print(const control_options& how, const net::reply& told,
          const std::function<std::string()>& for_people) {
    if (how.field.empty()) {
        std::cout << (how.json ? told.body + '\n' : for_people()) << std::flush;
        return exit_done;
    }
    const auto document = wire::json_value::parse(told.body);
    const auto text = document ? document->text_at(how.field) : std::nullopt;
    if (!text)
        return complain(exit_refused, "there is no '" + how.field + "' in the answer: " + told.body);
    std::cout << *text << std::endl;
    return exit_done;
}

int unexpected(const net::reply& told) {
    return complain(exit_refused,
                    "cannot read the answer, is this a nullworkerd? It begins: " + told.body.substr(0, 80));
}

std::string session_text(const std::optional<wire::slot_session>& slot) {
    return slot ? report(*slot, epoch_now()) : "no session\n";
}

std::string claim(const std::string& session_id) {
    return session_id.empty() ? std::string() : wire::to_json(wire::session_claim{session_id});
}

asio::awaitable<int> status(const control_options& options) {
    std::string path = "/status";
    const auto told = co_await ask(options, net::verb::get, std::move(path));
    if (!told)
        co_return unreachable(options, told.error());
    const auto read = wire::parse_worker_status(told->body);
    if (told->status != status_ok || !read)
        co_return unexpected(*told);
    const int code = print(options, *told, [&] { return report(*read, epoch_now()); });
    co_return code == exit_done && read->health.state != "healthy" ? exit_refused : code;
}

asio::awaitable<int> session(const control_options& options) {
    std::string path = "/session";
    const auto told = co_await ask(options, net::verb::get, std::move(path));
    if (!told)
        co_return unreachable(options, told.error());
    const auto slot = wire::parse_slot(told->body);
    if (told->status != status_ok || !slot)
        co_return unexpected(*told);
    co_return print(options, *told, [&] { return session_text(*slot); });
}

// One long poll after the other, until there is news.
asio::awaitable<int> wait(const wait_options& options) {
    const auto end = options.timeout ? steady::now() + to_ticks(*options.timeout) : steady::time_point::max();
    auto reached = steady::now();
    for (;;) {
        const seconds left = std::max(end - steady::now(), steady::duration::zero());
        const seconds poll = std::min(left, longest_poll);
        const std::string path =
            "/session?since=" + std::to_string(options.since) + "&wait=" + std::to_string(poll.count());
        const auto asked = steady::now();
        std::string nothing;
        const auto told = co_await ask(options, net::verb::get, path, std::move(nothing), poll);
        if (told) {
            reached = steady::now();
            const auto slot = wire::parse_slot(told->body);
            if (told->status != status_ok || !slot)
                co_return unexpected(*told);
            if (options.since != (*slot ? (*slot)->generation : 0))
                co_return print(options, *told, [&] { return session_text(*slot); });
        }
        const auto now = steady::now();
        if (!told && (now >= end || now - reached >= restart_patience))
            co_return unreachable(options, told.error());
        if (now >= end)
            co_return complain(exit_refused, "nothing changed within " + span_text(options.timeout->count()));
        // Answered before its time: too many are waiting, and must not take turns at full speed.
        if (!told || now - asked < to_ticks(poll) / 2)
            co_await sleep_for(pause_between_tries);
    }
}

// A POST that the worker may refuse.
asio::awaitable<int> post_command(const control_options& options, std::string path, std::string body,
                                  std::function<std::string(const wire::json_value&)> for_people) {
    const auto told = co_await ask(options, net::verb::post, std::move(path), std::move(body));
    if (!told)
        co_return unreachable(options, told.error());
    const auto document = wire::json_value::parse(told->body);
    // A release that had nothing to release is answered 200, too.
    if (told->status != status_ok || (document && document->text_at("released") == "false")) {
        if (options.json)
            std::cout << told->body << std::endl;
        co_return complain(exit_refused, refusal(*told));
    }
    if (!document)
        co_return unexpected(*told);
    co_return print(options, *told, [&] { return for_people(*document) + '\n'; });
}

std::string member(const wire::json_value& document, const char* name) {
    return document.text_at(name).value_or("?");
}

int run_status(const control_options& options) {
    return run_plainly([&] { return status(options); });
}

int run_session(const control_options& options) {
    return run_plainly([&] { return session(options); });
}

int run_wait(const wait_options& options) {
    return run_plainly([&] { return wait(options); });
}

int run_renew(const renew_options& options) {
    return run_plainly([&] {
        auto body = wire::to_json(wire::renewal_request{
            *options.lifetime,
            options.session_id.empty() ? std::nullopt : std::optional(options.session_id)});
        return post_command(options, "/renew", std::move(body), [](const wire::json_value& told) {
            const double remaining = std::strtod(member(told, "remaining").c_str(), nullptr);
            return "renewed " + member(told, "session_id") + ", it expires in " + span_text(remaining);
        });
    });
}

int run_release(const claim_options& options) {
    return run_plainly([&] {
        return post_command(options, "/release", claim(options.session_id), [](const wire::json_value& told) {
            return "released " + member(told, "session_ids.0");
        });
    });
}

int run_heartbeat(const control_options& options) {
    return run_plainly([&] {
        return post_command(options, "/heartbeat", {}, [](const wire::json_value& told) {
            const auto holder = told.text_at("session_id");
            return holder ? "noted; " + *holder + " holds the slot" : std::string("noted; no session");
        });
    });
}

constexpr const char* port_variable = "NULL_CONTROL_PORT";
constexpr const char* socket_variable = "NULLWORKER_CONTROL_SOCKET";

// The variables are read by hand: a flag for the one beats the variable for the other.
void add_control(CLI::App& app, control_options& options) {
    app.add_option("--control-port", options.port,
                   "Control port of the nullworkerd on this machine (Env:NULL_CONTROL_PORT)")
        ->check(CLI::Range(1, 65535).description(""))
        ->capture_default_str();
    app.add_option("--control-socket", options.socket,
                   "Its Unix socket, asked instead of the port (Env:NULLWORKER_CONTROL_SOCKET)")
        ->type_name("FILE");
    auto* json = app.add_flag("--json", options.json, "Print the answer as it came");
    app.add_option("--field", options.field, "Print one member of the answer alone, such as health.state")
        ->type_name("NAME")
        ->excludes(json);
}

// Throws startup_error for a variable that makes no sense.
void read_environment(const CLI::App& app, control_options& options) {
    if (app.get_option("--control-port")->count() > 0 || app.get_option("--control-socket")->count() > 0)
        return;
    if (const char* path = environment(socket_variable)) {
        options.socket = path;
    } else if (const char* port = environment(port_variable)) {
        if (!CLI::detail::lexical_cast(std::string(port), options.port) || options.port == 0)
            throw startup_error(std::string(port_variable) + " is '" + port +
                                "'; it must be a port, 1 to 65535");
    }
}

void add_claim(CLI::App& app, claim_options& options, const char* help) {
    app.add_option("--session", options.session_id, help)->type_name("ID");
}

// A subcommand whose options are read into `options`.
template <class Options>
action performing(const CLI::App& app, std::shared_ptr<Options> options, const words& behind,
                  int (*run)(const Options&)) {
    return [&app, options, &behind, run] {
        refuse_command(behind);
        read_environment(app, *options);
        return run(*options);
    };
}

}  // namespace

action define_status(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<control_options>();
    add_control(app, *options);
    app.footer("The exit code is 1 while something is wrong, so it can be a container's health check.");
    return performing(app, options, behind, run_status);
}

action define_session(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<control_options>();
    add_control(app, *options);
    return performing(app, options, behind, run_session);
}

action define_wait(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<wait_options>();
    add_control(app, *options);
    app.add_option(
           "--since", options->since,
           "Generation that you have seen: what is there now counts if it is another one. 0 stands for no "
           "session")
        ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()).description(""))
        ->type_name("GENERATION")
        ->capture_default_str();
    add_seconds(app, "--timeout", options->timeout, "Longest time to wait (default: for ever)", at_least(0));
    app.footer(
        "Without --since it waits until the worker is reserved. `nullworker wait --since 7` waits until "
        "session\n"
        "number 7 is over. The exit code is 1 when the time is up first, and 3 when no nullworkerd has "
        "answered for\n"
        "30 s.");
    return performing(app, options, behind, run_wait);
}

action define_renew(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<renew_options>();
    add_seconds(app, "lifetime", options->lifetime, "How long the session is to last from now on",
                at_least(0.001))
        ->required();
    add_claim(app, *options, "Session that is meant: another one is not renewed");
    add_control(app, *options);
    return performing(app, options, behind, run_renew);
}

action define_release(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<claim_options>();
    add_claim(app, *options, "Session that is meant: another one is not released");
    add_control(app, *options);
    app.footer("Name the session: a release that comes late must not free the next one.");
    return performing(app, options, behind, run_release);
}

action define_heartbeat(CLI::App& app, const words& behind) {
    const auto options = std::make_shared<control_options>();
    add_control(app, *options);
    app.footer("To be called by the consumer itself, so that it stops when the consumer hangs.");
    return performing(app, options, behind, run_heartbeat);
}

}  // namespace nullworker::client
