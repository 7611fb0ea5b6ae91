#include <nullworker/autoscaler/uplink.hpp>
#include <nullworker/base/log.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using clock = std::chrono::steady_clock;

constexpr clock::duration hurried_pause = std::chrono::milliseconds(200);

}  // namespace

uplink::uplink(asio::any_io_executor executor, net::way_out out, uplink_settings settings)
    : x_settings(std::move(settings)),
      x_client(executor, std::move(out)),
      x_pause(executor),
      x_failures(x_settings.addresses.size()) {
    if (!x_settings.dead)
        x_settings.dead = std::make_shared<dead_addresses>(x_settings.policy.return_after);
}

asio::awaitable<bool> uplink::post(std::function<std::string()> make_body) {
    if (x_settings.addresses.empty())
        co_return false;
    if (x_settings.reach)
        x_settings.reach->begun();
    delivery state = plan();
    for (;;) {
        std::string body = make_body();
        if (x_settings.before_sending) {
            auto ready = x_settings.before_sending();
            co_await std::move(ready);
        }
        const trouble met = co_await attempt(state.address(), std::move(body), state.limit());
        if (!met) {
            x_settings.dead->accepted(x_settings.addresses[state.address()]);
            x_accepted_by = state.address();
            note_success(state.address());
            co_return true;
        }
        ++x_failures[state.address()];
        if (!state.asking_first())
            note_failure(state.address(), met);
        const auto tried = state.address();
        auto step = state.after_failure();
        // Somebody else found out meanwhile that it is of no use to try again here.
        while (std::holds_alternative<retry_after>(step) && x_settings.addresses.size() > 1 &&
               x_settings.dead->contains(x_settings.addresses[tried]))
            step = state.after_failure();
        if (!std::holds_alternative<retry_after>(step))
            x_settings.dead->failed(x_settings.addresses[tried], clock::now());
        if (std::holds_alternative<give_up>(step))
            co_return false;
        if (const auto* retry = std::get_if<retry_after>(&step); retry && !x_hurrying) {
            const auto until = clock::now() + retry->pause;
            co_await x_pause.wait_until(until);
        }
    }
}

// One message's way. In a hurry nobody has the time to ask twice, or whether the first address is back.
delivery uplink::plan() const {
    auto policy = x_settings.policy;
    auto from = x_settings.dead->next(x_settings.addresses, clock::now());
    if (x_hurrying) {
        policy.tries_per_address = 1;
        from.ask_first = false;
    }
    return {x_settings.addresses.size(), policy, from};
}

asio::awaitable<void> uplink::pause_between_rounds() {
    const auto pause =
        x_hurrying ? std::min(hurried_pause, x_settings.policy.round_pause) : x_settings.policy.round_pause;
    const auto until = clock::now() + pause;
    co_await x_pause.wait_until(until);
}

asio::awaitable<trouble> uplink::attempt(std::size_t address, std::string body,
                                         delivery_policy::duration limit) {
    net::call request{.method = net::verb::post,
                      .target = join(x_settings.addresses[address], x_settings.path),
                      .body = std::move(body),
                      .limit = limit,
                      .max_redirects = most_redirects};
    const auto answer = co_await x_client.send(std::move(request));
    if (!answer)
        co_return trouble(answer.error().message());
    if (!net::is_success(*answer))
        co_return trouble(net::described_status(*answer));
    co_return trouble::none();
}

void uplink::hurry() {
    x_hurrying = true;
    x_pause.ring();
}

void uplink::note_success(std::size_t address) {
    if (x_settings.reach)
        x_settings.reach->accepted();
    if (std::exchange(x_failing, false))
        log::info("autoscaler_reached",
                  {{"message", x_settings.name}, {"address", x_settings.addresses[address].text()}});
}

// One line when an outage begins; the tries that follow are details.
void uplink::note_failure(std::size_t address, const trouble& met) {
    if (x_settings.reach)
        x_settings.reach->failed(x_settings.addresses[address].text(), met);
    const auto severity = std::exchange(x_failing, true) ? log::level::debug : log::level::warning;
    log::write(severity, "autoscaler_unreachable",
               {{"message", x_settings.name},
                {"address", x_settings.addresses[address].text()},
                {"error", met.why()}});
}

}  // namespace nullworker::autoscaler
