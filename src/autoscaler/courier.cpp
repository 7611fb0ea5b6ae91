#include <nullworker/autoscaler/courier.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/wire/completion.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_at_once = 100;

// Between two parcels, so that completions that come close together travel in one; and between full ones, of
// which a backlog has many.
constexpr auto between_parcels = 100ms;
constexpr auto between_full_parcels = 10ms;

}  // namespace

std::vector<url> completion_addresses(std::vector<url> all) {
    std::erase_if(
        all, [](const url& address) { return join(address, "").text() == "https://cloud.vast.ai/api/v0"; });
    return all;
}

courier::courier(asio::any_io_executor executor, uplink line, std::int64_t worker_id, std::string mtoken,
                 reservation::desk& desk)
    : x_line(std::move(line)),
      x_worker_id(worker_id),
      x_mtoken(std::move(mtoken)),
      x_desk(desk),
      x_changed(executor),
      x_pace(executor) {}

asio::awaitable<void> courier::run() {
    if (!x_line.has_address())
        co_return;
    while (!x_finishing || !x_desk.outbox().empty()) {
        if (x_desk.outbox().empty()) {
            co_await x_changed.wait();
            continue;
        }
        const auto began = std::chrono::steady_clock::now();
        const bool accepted = co_await deliver_one_parcel();
        const bool is_full = x_desk.outbox().size() >= most_at_once;
        const auto earliest = began + (is_full ? between_full_parcels : between_parcels);
        if (!accepted)
            co_await x_line.pause_between_rounds();
        else if (!x_finishing)
            co_await x_pace.wait_until(earliest);
    }
}

void courier::notify() {
    // One warning an outage: until all is delivered again.
    const auto dropped = x_desk.outbox().dropped();
    if (x_desk.outbox().empty())
        x_dropping = false;
    if (dropped != std::exchange(x_dropped, dropped) && !std::exchange(x_dropping, true))
        log::warning("completions_dropped", {{"total", dropped}, {"reason", "the autoscaler takes none"}});
    x_changed.ring();
}

asio::awaitable<bool> courier::deliver_one_parcel() {
    auto parcel = x_desk.outbox().next(most_at_once);
    const auto text = wire::to_json({x_worker_id, x_mtoken, parcel.entries});
    std::function<std::string()> body = [&text] { return text; };
    const bool accepted = co_await x_line.post(std::move(body));
    if (accepted) {
        x_delivered += parcel.entries.size();
        x_desk.delivered(parcel);
        log::debug("completions_delivered", {{"count", parcel.entries.size()}});
    }
    co_return accepted;
}

void courier::finish() {
    x_finishing = true;
    x_line.hurry();
    x_pace.ring();
    x_changed.ring();
}

}  // namespace nullworker::autoscaler
