#include <vast/connections.hpp>

#include <boost/asio/error.hpp>

#include <iterator>
#include <utility>

namespace nullworker::client {

// Somebody who has a request for a peer.
class connections::visit {
public:
    visit(connections& all, const std::string& origin)
        : x_all(all), x_place(all.x_queues.try_emplace(origin, all.x_executor, all.x_limits.to_one).first) {
        ++x_place->second.users;
    }
    ~visit() {
        if (--x_place->second.users == 0)
            x_all.x_queues.erase(x_place);
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;

    [[nodiscard]] turnstile& door() { return x_place->second.door; }

private:
    connections& x_all;
    std::map<std::string, queue>::iterator x_place;
};

connections::connections(asio::any_io_executor executor, net::way_out out, connection_limits limits)
    : x_executor(executor),
      x_out(std::move(out)),
      x_limits(limits),
      x_open(std::move(executor), limits.open) {}

asio::awaitable<result<net::reply>> connections::send(net::call request) {
    const auto origin = request.target.origin();
    visit here(*this, origin);
    const auto at_the_peer = co_await here.door().enter();
    if (!at_the_peer)
        co_return error_code(asio::error::operation_aborted);
    const auto in_all = co_await x_open.enter();
    if (!in_all)
        co_return error_code(asio::error::operation_aborted);
    auto client = take(origin);
    auto answer = co_await client.send(std::move(request));
    keep(origin, std::move(client));
    co_return answer;
}

void connections::trust(std::shared_ptr<net::tls_trust> roots) {
    x_out.trust = std::move(roots);
    x_by_origin.clear();
    x_kept.clear();
}

net::http_client connections::take(const std::string& origin) {
    close_the_stale();
    if (const auto found = x_by_origin.find(origin); found != x_by_origin.end()) {
        auto client = std::move(found->second->client);
        x_kept.erase(found->second);
        x_by_origin.erase(found);
        return client;
    }
    if (!x_kept.empty() && x_kept.size() + x_open.inside() > x_limits.open)
        close_the_oldest();
    return {x_executor, x_out};
}

void connections::keep(std::string origin, net::http_client used) {
    if (used.kept_until() <= std::chrono::steady_clock::now())
        return;
    x_kept.push_back({std::move(origin), std::move(used)});
    x_by_origin.emplace(x_kept.back().origin, std::prev(x_kept.end()));
}

void connections::close_the_oldest() {
    auto [place, end] = x_by_origin.equal_range(x_kept.front().origin);
    while (place != end && place->second != x_kept.begin())
        ++place;
    x_by_origin.erase(place);
    x_kept.pop_front();
}

// Its peer may close what is too old to be used; most of those were used longest ago.
void connections::close_the_stale() {
    const auto now = std::chrono::steady_clock::now();
    while (!x_kept.empty() && x_kept.front().client.kept_until() <= now)
        close_the_oldest();
}

}  // namespace nullworker::client
