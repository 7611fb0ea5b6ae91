#include <nullworker/base/standstill.hpp>
#include <vast/keep_alive.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nullworker::client {
namespace {

using steady = std::chrono::steady_clock;

constexpr seconds longest_silence{10.0};

}  // namespace

care usual_care(seconds lifetime) {
    return {lifetime, to_ticks(std::min(longest_silence, lifetime / 4)), to_ticks(lifetime)};
}

asio::awaitable<care_outcome> look_after(serverless& api, held_session session, care how,
                                         interruption& stop) {
    using kind = care_outcome::kind;
    const auto term = to_ticks(how.lifetime);
    auto expires = steady::now() + term;
    auto reached = steady::now();
    standstill frozen(how.give_up_after);
    for (;;) {
        (void)frozen.next_look(steady::now());
        co_await stop.wait_for(how.check_every);
        if (frozen.is_behind(steady::now()))
            reached = steady::now();
        if (stop.requested())
            co_return care_outcome{};
        // Of no use to who wants to stop: a worker that hangs would hold up the end.
        auto asking = api.is_open(session);
        const auto heard = co_await unless_stopped(stop, std::move(asking));
        if (!heard)
            co_return care_outcome{};
        const auto& open = *heard;
        if (open && !*open)
            co_return care_outcome{kind::released, "its worker does not hold it any more"};
        // A worker that cannot be reached now may be reached in a moment, but not after the session's time.
        if (open)
            reached = steady::now();
        else if (steady::now() - reached >= how.give_up_after || steady::now() >= expires)
            co_return care_outcome{kind::lost, open.error().message};
        if (expires - steady::now() > term / 2)
            continue;
        auto renewing = api.renew(session);
        const auto renewed = co_await unless_stopped(stop, std::move(renewing));
        if (renewed && *renewed)
            expires = std::max(expires, steady::now()) + term;
    }
}

asio::awaitable<void> keep_alive(serverless& api, held_session session, seconds lifetime,
                                 std::function<void(std::string)> on_gone) {
    interruption never;
    const auto ended = co_await look_after(api, std::move(session), usual_care(lifetime), never);
    on_gone(ended.why);
}

}  // namespace nullworker::client
