#include <follow/metrics_door.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/net/local_guard.hpp>
#include <nullworker/net/loopback_place.hpp>
#include <nullworker/net/route_table.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <utility>

namespace nullworker::client {
namespace {

// A Prometheus or two, and somebody who looks.
constexpr net::server_limits few{.max_connections = 16, .max_silent = 16};

net::reply refused_here(const std::string& reason) {
    return net::json_reply(403, nlohmann::json{{"error", reason}}.dump());
}

}  // namespace

struct metrics_door::tables {
    static constexpr std::array<net::route<metrics_door, net::reply>, 1> all = {
        {{net::verb::get, "/metrics", &metrics_door::metrics}}};
};

metrics_door::metrics_door(const asio::any_io_executor& executor, const std::string& place)
    : x_server(executor, "metrics", few) {
    const auto where = net::parse_loopback_place(place);
    if (!where)
        throw startup_error("--metrics: '" + place + "' " +
                            net::refuse_other_than_loopback(place).value_or("is no address and port"));
    x_server.bind(*where, "--metrics");
    const auto address = where->address().to_string();
    x_host = where->address().is_v6() ? '[' + address + ']' : address;
}

void metrics_door::open(std::function<std::vector<metric>()> measure) {
    x_measure = std::move(measure);
    x_server.start(
        [this](const net::request& asked) -> asio::awaitable<net::reaction> { co_return answer(asked); });
}

std::string metrics_door::url() const {
    return "http://" + x_host + ':' + std::to_string(x_server.port()) + "/metrics";
}

net::reply metrics_door::answer(const net::request& asked) {
    if (const auto reason = net::why_not_local(asked))
        return refused_here(*reason);
    return net::dispatch<metrics_door, net::reply>(*this, tables::all, asked);
}

net::reply metrics_door::metrics(const net::request&) {
    auto out = net::text_reply(200, to_text(x_measure()));
    out.content_type = metrics_content_type;
    return out;
}

asio::awaitable<void> metrics_door::close() {
    x_server.drain();
    const std::chrono::milliseconds patience(500);
    co_await x_server.join(patience);
}

}  // namespace nullworker::client
