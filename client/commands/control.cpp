#include <commands/control.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/control_report.hpp>
#include <terminal/runner.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

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
    const auto end =
        options.timeout ? steady::now() + to_ticks(seconds(*options.timeout)) : steady::time_point::max();
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
            co_return complain(exit_refused, "nothing changed within " + span_text(*options.timeout));
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

}  // namespace

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
            seconds(options.lifetime),
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

}  // namespace nullworker::client
