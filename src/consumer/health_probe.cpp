#include <nullworker/base/child_process.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/consumer/health_probe.hpp>
#include <nullworker/net/connect.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::consumer {
namespace {

constexpr std::chrono::steady_clock::duration starting_interval = std::chrono::seconds(1);
constexpr std::chrono::steady_clock::duration least_oversleep = std::chrono::milliseconds(500);

using asio::ip::tcp;
using reservation::condition;
using reservation::health;
using reservation::problem_source;

// A connection in terms that `within` can make up: the peer's address.
asio::awaitable<result<tcp::endpoint>> whether_it_opens(asio::awaitable<result<tcp::socket>> work) {
    const auto connected = co_await std::move(work);
    if (!connected)
        co_return connected.error();
    error_code ignored;
    co_return connected->remote_endpoint(ignored);
}

}  // namespace

health_probe::health_probe(asio::any_io_executor executor, net::way_out out, probe_settings settings,
                           reservation::readiness& state)
    : x_executor(executor),
      x_settings(std::move(settings)),
      x_name(shown(x_settings.target)),
      x_names(out.names ? out.names : std::make_shared<net::resolver>(executor)),
      x_client(std::move(executor), {std::move(out.trust), x_names}),
      x_verdict(x_settings.verdict),
      x_state(state) {}

asio::awaitable<void> health_probe::run() {
    for (;;) {
        const auto begun = std::chrono::steady_clock::now();
        const trouble met = co_await probe();
        const auto taken = std::chrono::steady_clock::now() - begun;
        // What took longer than it may was not waited for: this process stood still, and the consumer perhaps
        // with it.
        if (met && taken > x_settings.timeout + std::max(least_oversleep, x_settings.timeout / 4))
            continue;
        judge(met);
        const bool starting = x_verdict.state() == health::unknown;
        const auto interval =
            starting ? std::min(x_settings.interval, starting_interval) : x_settings.interval;
        co_await sleep_for(interval - (std::chrono::steady_clock::now() - begun));
    }
}

asio::awaitable<trouble> health_probe::probe() {
    if (const auto* target = std::get_if<url>(&x_settings.target))
        co_return co_await ask(*target);
    if (const auto* target = std::get_if<tcp_target>(&x_settings.target))
        co_return co_await connect(*target);
    if (const auto* target = std::get_if<exec_target>(&x_settings.target))
        co_return co_await run_command(*target);
    co_return trouble::none();  // there is nobody to be asked: see first_sign
}

asio::awaitable<trouble> health_probe::ask(url target) {
    net::call request{
        .target = std::move(target), .limit = x_settings.timeout, .on_connection = net::exchanges::single};
    const auto answer = co_await x_client.send(std::move(request));
    if (!answer)
        co_return trouble("failed: " + answer.error().message());
    if (answer->status != 200)
        co_return trouble("failed: " + net::described_status(*answer));
    co_return trouble::none();
}

asio::awaitable<trouble> health_probe::connect(tcp_target target) {
    auto work =
        net::connect_to(x_executor, *x_names, std::move(target.host), target.port, x_settings.timeout);
    auto check = whether_it_opens(std::move(work));
    const auto connected = co_await within(x_settings.timeout, std::move(check));
    co_return connected ? trouble::none() : trouble("failed: " + connected.error().message());
}

asio::awaitable<trouble> health_probe::run_command(exec_target target) {
    auto work = run_shell(std::move(target.command), "MASTER_TOKEN");
    const auto ended = co_await within(x_settings.timeout, std::move(work));
    if (!ended)
        co_return trouble("failed: " + ended.error().message());
    co_return ended->code == 0 ? trouble::none() : trouble(ended->described());
}

void health_probe::judge(const trouble& met) {
    const auto time = now();
    if (!met)
        return tell(x_verdict.succeeded(time));
    ++x_failures;
    std::string failure = "health probe of " + x_name + ' ' + met.why();
    log::debug("probe_failed", {{"reason", failure}});
    tell(x_verdict.failed(std::move(failure), time));
}

void health_probe::tell(bool news) {
    if (x_verdict.state() == health::unknown)
        return tell_of_start();
    if (!news)
        return;
    if (x_verdict.state() == health::healthy) {
        log::info("consumer_healthy", {{"probe", x_name}});
        x_state.clear(problem_source::consumer, now());
        x_state.meet(condition::consumer, now());
    } else {
        log::warning("consumer_unhealthy", {{"reason", x_verdict.failure()}});
        x_state.raise(problem_source::consumer, x_verdict.failure(), now());
    }
}

// There was no first success yet, or not as many as it takes.
void health_probe::tell_of_start() {
    const auto& failure = x_verdict.failure();
    if (failure.empty())
        return x_state.clear(problem_source::consumer, now());
    const auto waited = now().monotonic - x_state.started().monotonic;
    const bool too_long = x_settings.patience.count() > 0 && waited >= x_settings.patience;
    if (x_waits.is_worth_a_line())
        log::warning("consumer_not_ready",
                     {{"reason", failure},
                      {"waited", std::chrono::duration_cast<std::chrono::seconds>(waited).count()},
                      {"unsaid", x_waits.unsaid()}});
    if (too_long)
        x_state.raise(problem_source::consumer, failure, now());
    else
        x_state.flag(problem_source::consumer, failure, now());
}

}  // namespace nullworker::consumer
