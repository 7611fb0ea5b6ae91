#include "simulated_endpoint.hpp"

#include <fleet/signing_key.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace nullworker::bench {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::size_t per_row = 250;

constexpr net::server_limits roomy{.max_body_bytes = 1024 * 1024,
                                   .max_connections = 40'000,
                                   .max_silent = 40'000,
                                   .header_timeout = std::chrono::seconds(30)};

// 127.0.1.1 is the first one: 127.0.0.1 is the autoscaler.
std::string address_of(std::size_t place) {
    const auto row = place / per_row;
    return "127." + std::to_string(row / per_row) + '.' + std::to_string(row % per_row + 1) + '.' +
           std::to_string(place % per_row + 1);
}

std::size_t place_of(std::string_view host) {
    std::array<std::size_t, 4> part{};
    for (auto& one : part) {
        const auto dot = std::min(host.find_first_of(".:"), host.size());
        std::from_chars(host.data(), host.data() + dot, one);
        host.remove_prefix(std::min(dot + 1, host.size()));
    }
    return (part[1] * per_row + part[2] - 1) * per_row + part[3] - 1;
}

net::reply refuse(unsigned status) {
    return net::json_reply(status, wire::error("not here"));
}

}  // namespace

struct simulated_endpoint::tables {
    static constexpr std::array<net::route<simulated_endpoint, net::reply>, 10> routes = {{
        {net::verb::get, "/static/jvastai_root.cer", &simulated_endpoint::serve_root},
        {net::verb::get, "/api/v0/endptjobs/", &simulated_endpoint::list_endpoints},
        {net::verb::post, "/get_endpoint_workers/", &simulated_endpoint::list_workers},
        {net::verb::post, "/route/", &simulated_endpoint::route},
        {net::verb::post, "/session/create", &simulated_endpoint::create},
        {net::verb::post, "/ping", &simulated_endpoint::renew},
        {net::verb::post, "/session/status", &simulated_endpoint::status},
        {net::verb::post, "/session/health", &simulated_endpoint::health},
        {net::verb::post, "/session/retire", &simulated_endpoint::end},
        {net::verb::post, "/session/end", &simulated_endpoint::end},
    }};
};

simulated_endpoint::simulated_endpoint(asio::any_io_executor executor, std::size_t workers,
                                       std::uint16_t port, speech spoken)
    : x_speech(spoken), x_server(std::move(executor), "crowd", roomy) {
    std::vector<std::string> hosts = {"127.0.0.1"};
    x_server.bind({asio::ip::address_v4::any(), port}, "the simulated endpoint");
    std::vector<wire::worker_info> listed;
    for (std::size_t place = 0; place < workers; ++place) {
        hosts.push_back(address_of(place));
        const auto url = (spoken == speech::https ? "https://" : "http://") + hosts.back() + ':' +
                         std::to_string(x_server.port());
        x_workers.push_back({.url = url});
        x_free.insert(place);
        listed.push_back({.id = static_cast<std::int64_t>(place) + 1, .status = "idle", .perf = 100});
    }
    x_listed = wire::to_json(listed);
    const auto authority = fleet::certificate_authority::create();
    x_root = authority.root_pem();
    if (spoken == speech::https)
        x_server.use_tls(net::make_server_tls(authority.issue(hosts), "of the crowd", "of the crowd"));
    x_server.start([this](const net::request& incoming) -> asio::awaitable<net::reaction> {
        co_return answer(incoming);
    });
}

std::string simulated_endpoint::origin() const {
    return (x_speech == speech::https ? "https://127.0.0.1:" : "http://127.0.0.1:") +
           std::to_string(x_server.port());
}

asio::awaitable<void> simulated_endpoint::stop() {
    x_server.drain();
    co_await x_server.join(std::chrono::seconds(1));
}

net::reply simulated_endpoint::answer(const net::request& incoming) {
    return net::dispatch<simulated_endpoint, net::reply>(*this, tables::routes, incoming, refuse);
}

net::reply simulated_endpoint::serve_root(const net::request&) {
    return net::text_reply(200, x_root);
}

net::reply simulated_endpoint::list_endpoints(const net::request&) {
    wire::endpoint_info one;
    one.id = 1;
    one.endpoint_name = name;
    one.api_key = "endpoint-key";
    return net::json_reply(200, wire::endpoint_list({one}));
}

net::reply simulated_endpoint::list_workers(const net::request&) {
    ++x_counted.lists;
    x_on_change();
    return net::json_reply(200, x_listed);
}

net::reply simulated_endpoint::route(const net::request& incoming) {
    ++x_counted.routes;
    const auto asked = wire::parse_route_request(incoming.body);
    if (!asked)
        return refuse(422);
    const auto idx = asked->request_idx > 0 ? asked->request_idx : ++x_last_request;
    if (x_waited.insert(idx).second || x_free.empty())
        return net::json_reply(200, wire::route_waiting(name, "no worker is free", idx));
    const auto place = *x_free.begin();
    x_free.erase(x_free.begin());
    return net::json_reply(200, wire::to_json(wire::signed_grant{x_workers[place].url, name, asked->cost, idx,
                                                                 idx, std::string(344, 's')}));
}

net::reply simulated_endpoint::create(const net::request& incoming) {
    const auto place = place_of(incoming.find("Host").value_or(""));
    const auto asked = wire::parse_create(incoming.body, {});
    if (place >= x_workers.size() || !asked)
        return refuse(422);
    auto& one = x_workers[place];
    if (one.session != 0)
        return refuse(429);
    one.session = ++x_last_session;
    one.lifetime = to_ticks(asked->lifetime);
    one.expires = steady::now() + one.lifetime;
    ++x_held;
    x_on_change();
    return net::json_reply(201, wire::session_created(std::to_string(one.session),
                                                      epoch_seconds(now().wall) + asked->lifetime.count()));
}

// The worker that holds the session of which somebody asks; nullptr where it does not, or not any more.
simulated_endpoint::worker* simulated_endpoint::holder(const net::request& incoming) {
    const auto place = place_of(incoming.find("Host").value_or(""));
    if (place >= x_workers.size() || x_workers[place].session == 0)
        return nullptr;
    auto& one = x_workers[place];
    if (one.expires > steady::now())
        return &one;
    ++x_counted.lost;
    free(one);
    return nullptr;
}

void simulated_endpoint::free(worker& one) {
    one.session = 0;
    x_free.insert(static_cast<std::size_t>(&one - x_workers.data()));
    --x_held;
    x_on_change();
}

net::reply simulated_endpoint::renew(const net::request& incoming) {
    auto* one = holder(incoming);
    if (!one)
        return refuse(410);
    one->expires += one->lifetime;
    return net::json_reply(200, wire::ping_result());
}

net::reply simulated_endpoint::status(const net::request& incoming) {
    ++x_counted.looks;
    x_on_change();
    const auto* one = holder(incoming);
    if (!one)
        return refuse(400);
    return net::json_reply(
        200, wire::session_stands({.session_id = std::to_string(one->session),
                                   .remaining = seconds(one->expires - steady::now()).count()}));
}

net::reply simulated_endpoint::health(const net::request& incoming) {
    return net::json_reply(200, wire::ok(holder(incoming) != nullptr));
}

net::reply simulated_endpoint::end(const net::request& incoming) {
    auto* one = holder(incoming);
    if (!one)
        return refuse(400);
    const auto id = std::to_string(one->session);
    free(*one);
    return net::json_reply(200, wire::session_ended(id));
}

}  // namespace nullworker::bench
