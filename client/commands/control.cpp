#include <commands/common_options.hpp>
#include <commands/control.hpp>
#include <commands/control_options.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/control_report.hpp>
#include <terminal/figures.hpp>
#include <terminal/runner.hpp>
#include <terminal/screen.hpp>
#include <work/control_line.hpp>

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

#include <unistd.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// The worker refused, or what was asked for is not so.
constexpr int exit_refused = 1;

// No nullworkerd answers.
constexpr int exit_unreachable = 3;

struct control_options : control_place {
    bool json = false;  // print the answer as it came
    std::string field;  // print this member of it alone, "health.state"; empty: all
};

struct wait_options : control_options {
    std::int64_t since = 0;          // the generation that the caller has seen
    std::optional<seconds> timeout;  // nothing: for ever
};

struct claim_options : control_options {
    std::string session_id;  // who the caller thinks holds the slot; empty: whoever does
};

struct release_options : claim_options {
    bool idle = false;  // there was no job
};

struct renew_options : claim_options {
    std::optional<seconds> lifetime;  // from now on; required
};

struct protect_options : claim_options {
    std::optional<seconds> span;  // from now on; 0: the job is done; required
};

constexpr unsigned status_ok = 200;
constexpr seconds longest_poll{60.0};

// Beyond the time for the whole: an answer that is on its way then shall not be lost.
constexpr seconds last_grace{2.0};

// A daemon that is being restarted answers again within this time.
constexpr auto restart_patience = 30s;
constexpr auto pause_between_tries = 500ms;

double epoch_now() {
    return epoch_seconds(std::chrono::system_clock::now());
}

int complain(int code, const std::string& what) {
    std::cerr << "nullworker: " << shown(what) << std::endl;
    return code;
}

int unreachable(const control_options& where, const error_code& why) {
    return complain(exit_unreachable, "no nullworkerd answers at " + name_of(where) + " (" + why.message() +
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
    auto text = document ? document->text_at(how.field) : std::nullopt;
    // An answer that is null as a whole has no members.
    if (document && !document->is_null() && document->is_null_at(how.field))
        text = "null";
    if (!text)
        return complain(exit_refused, "there is no '" + how.field + "' in the answer: " + told.body);
    // For a program, which needs the very text, unless somebody looks on.
    const bool watched = ::isatty(STDOUT_FILENO) == 1;
    std::cout << (watched ? shown(*text) : *text) << std::endl;
    return exit_done;
}

int unexpected(const net::reply& told) {
    return complain(exit_refused,
                    "cannot read the answer, is this a nullworkerd? It begins: " + told.body.substr(0, 80));
}

std::string session_text(const std::optional<wire::slot_session>& slot) {
    return slot ? report(*slot, epoch_now()) : "no session\n";
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
        const seconds limit = std::min(poll + usual_call_limit, left + last_grace);
        const auto told = co_await ask(options, net::verb::get, path, std::move(nothing), limit);
        if (told) {
            reached = steady::now();
            const auto slot = wire::parse_slot(told->body);
            if (told->status != status_ok || !slot)
                co_return unexpected(*told);
            if (options.since != (*slot ? (*slot)->generation : 0))
                co_return print(options, *told, [&] { return session_text(*slot); });
        }
        const auto now = steady::now();
        // Who was frozen meanwhile cannot tell whether anybody answered.
        if (now - asked > to_ticks(limit) + pause_between_tries)
            reached = now;
        if (!told && (now >= end || now - reached >= restart_patience))
            co_return unreachable(options, told.error());
        if (now >= end)
            co_return complain(exit_refused,
                               "nothing changed within " + log::to_text(options.timeout->count()) + " s");
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
        if (options.json && document)
            std::cout << told->body << std::endl;
        co_return complain(exit_refused, refusal(*told));
    }
    if (!document)
        co_return unexpected(*told);
    co_return print(options, *told, [&] { return shown(for_people(*document)) + '\n'; });
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

int run_protect(const protect_options& options) {
    return run_plainly([&] {
        auto body = wire::to_json(wire::protection_request{
            *options.span, options.session_id.empty() ? std::nullopt : std::optional(options.session_id)});
        const bool lifts = *options.span == seconds::zero();
        return post_command(options, "/protect", std::move(body), [lifts](const wire::json_value& told) {
            const double remaining = std::strtod(member(told, "remaining").c_str(), nullptr);
            const auto id = member(told, "session_id");
            return lifts ? id + " is not protected any more"
                         : "protected " + id + " for " + span_text(remaining);
        });
    });
}

int run_release(const release_options& options) {
    return run_plainly([&] {
        wire::release_request wanted;
        if (!options.session_id.empty())
            wanted.session_id = options.session_id;
        if (options.idle)
            wanted.outcome = wire::session_outcome::idle;
        auto body = wire::to_json(wanted);
        return post_command(options, "/release", std::move(body), [](const wire::json_value& told) {
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

constexpr const char* wait_footer =
    "Without --since it waits until the worker is reserved. `nullworker wait --since 7` waits until "
    "session\n"
    "number 7 is over. The exit code is 1 when the time is up first, and 3 when no nullworkerd has "
    "answered for\n"
    "30 s.";

options::option_group control_rows(control_options& to) {
    auto rows = control_place_rows(to);
    rows.push_back({.name = "json", .target = &to.json, .help = "Print the answer as it came"});
    rows.push_back({.name = "field",
                    .target = &to.field,
                    .value_name = "NAME",
                    .excludes = "json",
                    .help = "Print one member of the answer alone, such as health.state"});
    return {.options = std::move(rows)};
}

options::option claim_row(claim_options& to, const char* help) {
    return {.name = "session", .target = &to.session_id, .value_name = "ID", .help = help};
}

// A command that reads its options into `to`.
template <class Options>
subcommand performing(options::command table, std::shared_ptr<Options> to, int (*run)(const Options&)) {
    return {.table = std::move(table), .run = [to, run](const options::reading& found, const words& behind) {
                refuse_command(behind);
                read_control_place(found, *to);
                return run(*to);
            }};
}

}  // namespace

subcommand status_command() {
    const auto to = std::make_shared<control_options>();
    return performing(
        {.name = "status",
         .summary = "Tell how the worker on this machine is",
         .footer = "The exit code is 1 while something is wrong, so it can be a container's health check.",
         .groups = {control_rows(*to)}},
        to, run_status);
}

subcommand session_command() {
    const auto to = std::make_shared<control_options>();
    return performing({.name = "session",
                       .summary = "Tell which session holds the worker on this machine",
                       .groups = {control_rows(*to)}},
                      to, run_session);
}

subcommand wait_command() {
    const auto to = std::make_shared<wait_options>();
    const options::option since = {
        .name = "since",
        .target = &to->since,
        .least = 0,
        .value_name = "GENERATION",
        .help =
            "Generation that you have seen: what is there now counts if it is another one. 0 stands for "
            "no session"};
    const options::option timeout = {.name = "timeout",
                                     .target = &to->timeout,
                                     .least = 0,
                                     .most = most_of_all,
                                     .default_words = "for ever",
                                     .help = "Longest time to wait"};
    return performing({.name = "wait",
                       .summary = "Wait until the worker on this machine is reserved",
                       .footer = wait_footer,
                       .groups = {control_rows(*to), {.options = {since, timeout}}}},
                      to, run_wait);
}

subcommand renew_command() {
    const auto to = std::make_shared<renew_options>();
    const options::option lifetime = {.name = "lifetime",
                                      .target = &to->lifetime,
                                      .least = 0.001,
                                      .most = most_of_all,
                                      .must_be_passed = true,
                                      .help = "How long the session is to last from now on"};
    const auto claimed = claim_row(*to, "Session that is meant: another one is not renewed");
    return performing({.name = "renew",
                       .summary = "Let the session last for some seconds from now on",
                       .positionals = {lifetime},
                       .groups = {{.options = {claimed}}, control_rows(*to)}},
                      to, run_renew);
}

subcommand protect_command() {
    const auto to = std::make_shared<protect_options>();
    const options::option span = {.name = "seconds",
                                  .target = &to->span,
                                  .least = 0,
                                  .most = most_of_all,
                                  .must_be_passed = true,
                                  .help = "How long the job may run from now on; 0: it is done"};
    const auto claimed = claim_row(*to, "Session that is meant: another one is not protected");
    return performing(
        {.name = "protect",
         .summary = "Keep the session from ending while a job runs",
         .footer = "While it is protected nobody who gives idle machines back takes this one, and a "
                   "stop of the worker\nwaits. Protect before you take a job, anew in good time while "
                   "it runs, and lift the protection by 0\nwhen it is done.",
         .positionals = {span},
         .groups = {{.options = {claimed}}, control_rows(*to)}},
        to, run_protect);
}

subcommand release_command() {
    const auto to = std::make_shared<release_options>();
    const auto claimed = claim_row(*to, "Session that is meant: another one is not released");
    const options::option idle = {
        .name = "idle",
        .target = &to->idle,
        .help = "Say that there was no job, so that its client does not reserve a machine for that at once"};
    return performing({.name = "release",
                       .summary = "End the session and free the worker",
                       .footer = "Name the session: a release that comes late must not free the next one.",
                       .groups = {{.options = {claimed, idle}}, control_rows(*to)}},
                      to, run_release);
}

subcommand heartbeat_command() {
    const auto to = std::make_shared<control_options>();
    return performing(
        {.name = "heartbeat",
         .summary = "Tell the worker that its consumer is alive",
         .footer = "To be called by the consumer itself, so that it stops when the consumer hangs.",
         .groups = {control_rows(*to)}},
        to, run_heartbeat);
}

}  // namespace nullworker::client
