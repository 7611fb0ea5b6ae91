#include <vast/refusal.hpp>
#include <vast/route_gate.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

// What a wait undoes, however it ends.
template <class Undo>
class at_the_end {
public:
    explicit at_the_end(Undo undo) : x_undo(std::move(undo)) {}
    ~at_the_end() { x_undo(); }
    at_the_end(const at_the_end&) = delete;
    at_the_end& operator=(const at_the_end&) = delete;

private:
    Undo x_undo;
};

}  // namespace

route_gate::visitor::visitor(route_gate& gate, bool has_request)
    : x_gate(gate), x_id(gate.x_pace.come(has_request, steady::now())) {}

route_gate::visitor::~visitor() {
    x_gate.x_pace.leave(x_id);
    x_gate.wake_the_next();
}

asio::awaitable<bool> route_gate::visitor::begin() {
    x_has_turn = co_await pass();
    co_return x_has_turn;
}

// Whoever is next sleeps until it is his turn, and all others until he is through.
asio::awaitable<bool> route_gate::visitor::pass() {
    if (std::exchange(x_has_turn, false))
        co_return true;
    auto& pace = x_gate.x_pace;
    asio::steady_timer bell(x_gate.x_executor);
    pace.want(x_id);
    x_gate.x_bells[x_id] = &bell;
    const at_the_end done([this] {
        x_gate.x_pace.unwant(x_id);
        x_gate.x_bells.erase(x_id);
        x_gate.wake_the_next();
    });
    for (;;) {
        const auto now = steady::now();
        const auto [who, when] = pace.next(now);
        if (who == x_id && when <= now) {
            pace.asks(x_id, now);
            x_asked = now;
            co_return true;
        }
        if (who != x_id)
            x_gate.wake_the_next();
        bell.expires_at(who == x_id ? when : steady::time_point::max());
        co_await bell.async_wait(nothrow);
        const auto cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none)
            co_return false;
    }
}

void route_gate::visitor::answered(const net::reply& answer) {
    const auto wait = retry_after(answer, now());
    if (answer.status == status_too_many || (wait && !net::is_success(answer)))
        x_gate.x_pace.refused(x_asked, wait, steady::now());
    else
        x_gate.x_pace.answered(x_asked);
    x_gate.wake_the_next();
}

void route_gate::wake_the_next() {
    const auto who = x_pace.next(steady::now()).who;
    if (!who)
        return;
    if (const auto found = x_bells.find(*who); found != x_bells.end())
        found->second->cancel();
}

}  // namespace nullworker::client
