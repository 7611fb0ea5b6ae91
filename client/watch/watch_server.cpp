#include <nullworker/base/query.hpp>
#include <nullworker/net/local_guard.hpp>
#include <nullworker/wire/refusal.hpp>
#include <nullworker/wire/session_messages.hpp>
#include <watch/page.hpp>
#include <watch/timeline_json.hpp>
#include <watch/watch_server.hpp>

#include <array>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

namespace nullworker::client::watch {
namespace {

constexpr double longest_wait = 30;
constexpr std::size_t longest_run = 64;

struct events_query {
    std::uint64_t since = 0;
    seconds wait{};
    std::optional<std::string> run;
};

template <class Number>
bool is_number(std::string_view text, Number& out) {
    const auto* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, out);
    return ec == std::errc() && stop == end;
}

bool take_since(std::string_view text, events_query& into) {
    return is_number(text, into.since);
}

bool take_wait(std::string_view text, events_query& into) {
    double wait = 0;
    const bool fits = is_number(text, wait) && wait >= 0 && wait <= longest_wait;
    into.wait = seconds(fits ? wait : 0);
    return fits;
}

bool take_run(std::string_view text, events_query& into) {
    if (!text.empty())
        into.run = std::string(text.substr(0, longest_run));
    return text.size() <= longest_run &&
           text.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
}

struct parameter {
    std::string_view name;
    bool (*take)(std::string_view text, events_query& into);
    const char* expected;
};

constexpr std::array parameters = {
    parameter{"since", take_since, "must be a revision: an integer, 0 or more"},
    parameter{"wait", take_wait, "must be a number of seconds, 0 to 30"},
    parameter{"run", take_run, "must be what a reply had: lower-case letters and digits"},
};

wire::parsed<events_query> parse_events_query(std::string_view query) {
    events_query out;
    for (const auto& [name, value] : split_query(query)) {
        const parameter* known = nullptr;
        for (const auto& each : parameters)
            if (each.name == name)
                known = &each;
        if (!known)
            return wire::refuse(std::string(name.substr(0, longest_run)),
                                "unknown parameter; there are since, wait and run");
        if (!known->take(value.value_or(""), out))
            return wire::refuse(std::string(name), known->expected);
    }
    return out;
}

// What every reply has. Nothing is to keep figures that are old a second later, and nobody else's page is to
// have this one in it.
net::reply with_safeguards(net::reply answer) {
    answer.headers.insert(answer.headers.end(), {{"Cache-Control", "no-store"},
                                                 {"X-Content-Type-Options", "nosniff"},
                                                 {"Referrer-Policy", "no-referrer"},
                                                 {"X-Frame-Options", "DENY"},
                                                 {"Cross-Origin-Resource-Policy", "same-origin"}});
    return answer;
}

}  // namespace

std::optional<net::reaction> watch_routes::answer(const net::request& asked, net::http_server& by) {
    struct row {
        std::string_view path;
        net::reaction (watch_routes::*handle)(const net::request&, net::http_server&);
    };
    static constexpr std::array rows = {
        row{"/", &watch_routes::page},
        row{"/events", &watch_routes::events},
    };
    for (const auto& each : rows) {
        if (each.path != asked.path)
            continue;
        if (asked.method == net::verb::get)
            return (this->*each.handle)(asked, by);
        auto refused = net::json_reply(405, wire::error("another verb is needed"));
        refused.headers.emplace_back("Allow", "GET, HEAD");
        return with_safeguards(std::move(refused));
    }
    return std::nullopt;
}

net::reaction watch_routes::page(const net::request&, net::http_server&) {
    net::reply shown{.content_type = "text/html; charset=utf-8", .body = served_page()};
    shown.headers.emplace_back("Content-Security-Policy", served_page_policy());
    return with_safeguards(std::move(shown));
}

net::reaction watch_routes::events(const net::request& asked, net::http_server& by) {
    const auto query = parse_events_query(asked.query);
    if (!query)
        return with_safeguards(net::json_reply(422, query.error().body));
    const auto time = now();
    x_told.advance(time);
    const bool goes_on = !query->run || *query->run == x_told.settings().run;
    const auto since = goes_on ? query->since : 0;
    const bool news = since != x_told.revision();
    if (!news && asked.may_wait && query->wait > seconds(0)) {
        if (by.waiting() >= most_watchers)
            by.hurry_one();
        return net::wait_for_change{to_ticks(query->wait)};
    }
    return with_safeguards(net::json_reply(200, document_of(x_told, time, since)));
}

watch_server::watch_server(asio::any_io_executor executor, timeline& told)
    : x_routes(told), x_server(std::move(executor), "watch") {}

void watch_server::bind(const asio::ip::tcp::endpoint& where, const std::string& setting) {
    x_server.bind(where, setting);
    x_where = {where.address(), x_server.port()};
}

void watch_server::start() {
    x_server.start([this](const net::request& asked) { return answer(asked); });
}

std::string watch_server::url() const {
    const auto host = x_where.address().to_string();
    return "http://" + (x_where.address().is_v6() ? '[' + host + ']' : host) + ':' +
           std::to_string(x_where.port()) + '/';
}

asio::awaitable<void> watch_server::stop(std::chrono::steady_clock::duration patience) {
    x_server.drain();
    co_await x_server.join(patience);
}

asio::awaitable<net::reaction> watch_server::answer(const net::request& asked) {
    if (const auto reason = net::why_not_local(asked, net::judged::everybody))
        co_return with_safeguards(net::json_reply(403, wire::error(*reason)));
    auto shown = x_routes.answer(asked, x_server);
    if (!shown)
        co_return with_safeguards(net::json_reply(404, wire::error("no such path")));
    co_return std::move(*shown);
}

}  // namespace nullworker::client::watch
