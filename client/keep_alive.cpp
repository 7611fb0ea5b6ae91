#include "keep_alive.hpp"

#include <nullworker/base/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

constexpr seconds longest_silence{10.0};

// A worker that cannot be reached now may be reached in a moment; the session is lost when its time is over.
bool is_final(const outcome<bool>& answer) {
    return answer.has_value() && !*answer;
}

}  // namespace

asio::awaitable<void> keep_alive(serverless& api, held_session session, double lifetime,
                                 std::function<void(std::string)> on_lost) {
    const seconds term(lifetime);
    auto expires = steady::now() + to_ticks(term);
    for (;;) {
        co_await sleep_for(to_ticks(std::min(longest_silence, term / 4)));
        const auto open = co_await api.is_open(session);
        if (is_final(open)) {
            on_lost("its worker does not hold it any more");
            co_return;
        }
        if (steady::now() >= expires) {
            on_lost(open ? "it expired" : open.error().message);
            co_return;
        }
        if (expires - steady::now() > to_ticks(term / 2))
            continue;
        const auto renewed = co_await api.renew(session);
        if (renewed)
            expires += to_ticks(term);
    }
}

}  // namespace nullworker::client
