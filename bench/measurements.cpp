#include "measurements.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <utility>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr seconds long_lifetime{3600};
constexpr seconds short_lifetime{0.2};
constexpr auto patience = 30s;
constexpr int crowded_creates = 100;

class bench_run {
public:
    bench_run(asio::any_io_executor executor, subject& worker, scripted_autoscaler& autoscaler, effort amount)
        : x_executor(std::move(executor)), x_worker(worker), x_autoscaler(autoscaler), x_amount(amount) {}

    asio::awaitable<void> starts() {
        for (int i = 0; i < x_amount.starts; ++i) {
            const seconds took = co_await x_worker.start(x_amount.start_limit);
            x_out.start_up.add(took);
            co_await x_worker.stop();
        }
    }

    asio::awaitable<void> idleness() {
        co_await sleep_for(1s);
        const auto before = x_worker.measure();
        co_await sleep_for(x_amount.idle);
        const auto after = x_worker.measure();
        const double span = seconds(after.at - before.at).count();
        x_out.idle_mib = after.resident_mib;
        x_out.idle_processor = (after.processor - before.processor).count() / span;
        x_out.idle_switches = static_cast<double>(after.context_switches - before.context_switches) / span;
    }

    asio::awaitable<void> changes() {
        for (int i = 0; i < x_amount.changes / 2; ++i) {
            co_await be_quiet();
            const auto asked = clock::now();
            const auto session = co_await x_worker.create(long_lifetime);
            const auto held = co_await load_reported(true);
            x_out.change.add(held - asked);

            co_await be_quiet();
            const auto let_go = clock::now();
            co_await x_worker.end(session);
            const auto freed = co_await load_reported(false);
            x_out.change.add(freed - let_go);
        }
    }

    asio::awaitable<void> expiries() {
        for (int i = 0; i < x_amount.expiries; ++i) {
            co_await be_quiet();
            const auto session = co_await x_worker.create(short_lifetime);
            const auto idx = x_worker.last_request();
            std::function<bool()> completed = [this, idx] { return x_autoscaler.completed_idx() == idx; };
            const bool came = co_await x_autoscaler.until(std::move(completed), patience);
            if (!came)
                throw bench_error("an expired session's completion was not delivered");
            x_out.lateness.add(seconds(epoch_seconds(x_autoscaler.completed_at()) - session.expiration));
        }
    }

    asio::awaitable<void> cycles() {
        x_out.cycles_per_s = co_await cycle(x_amount.cycles);
        co_await all_delivered();
        co_await sleep_for(1s);
        x_out.worked_mib = x_worker.measure().resident_mib;
    }

    asio::awaitable<void> kept_cycles() {
        x_out.kept_per_s = co_await cycle(x_amount.cycles);
        co_await all_delivered();
    }

    // More of them than the worker lets in, so that it must choose.
    asio::awaitable<void> crowd() {
        std::vector<asio::ip::tcp::socket> crowd;
        for (int i = 0; i < x_amount.crowd; ++i) {
            auto half = co_await x_worker.begin_request();
            crowd.push_back(std::move(half));
        }
        // How long this takes tells how far the worker was behind, which depends on how fast they came.
        x_out.behind_crowd = co_await create_anew();
        for (int i = 0; i < crowded_creates; ++i)
            x_out.crowded.add(co_await create_anew());
    }

    // How long a create on a new connection takes.
    asio::awaitable<clock::duration> create_anew() {
        x_worker.hang_up();
        const auto asked = clock::now();
        const auto session = co_await x_worker.create(long_lifetime);
        const auto took = clock::now() - asked;
        co_await x_worker.end(session);
        co_return took;
    }

    // Creates and ends on one connection; how many of both in a second.
    asio::awaitable<double> cycle(int count) {
        const auto began = clock::now();
        for (int i = 0; i < count; ++i) {
            const auto session = co_await x_worker.create(long_lifetime);
            co_await x_worker.end(session);
        }
        co_return count / seconds(clock::now() - began).count();
    }

    asio::awaitable<void> all_delivered() {
        const auto idx = x_worker.last_request();
        std::function<bool()> completed = [this, idx] { return x_autoscaler.completed_idx() == idx; };
        const bool came = co_await x_autoscaler.until(std::move(completed), patience);
        if (!came)
            throw bench_error("not every completion was delivered");
    }

    asio::awaitable<void> health() {
        const auto session = co_await x_worker.create(long_lifetime);
        x_out.health_per_s = co_await health_rate(session, 1);
        x_out.health_8_per_s = co_await health_rate(session, 8);
        co_await x_worker.end(session);
    }

    [[nodiscard]] figures result() const { return x_out; }

private:
    asio::awaitable<void> be_quiet() {
        const auto spread = std::chrono::duration_cast<std::chrono::microseconds>(x_amount.spread).count();
        std::uniform_int_distribution<std::int64_t> phase(0, spread);
        const auto wait = x_amount.quiet + std::chrono::microseconds(phase(x_random));
        co_await sleep_for(wait);
    }

    // When the report arrived that says whether there is load.
    asio::awaitable<clock::time_point> load_reported(bool wanted) {
        std::function<bool()> told = [this, wanted] {
            return (x_autoscaler.report()->cur_load > 0) == wanted;
        };
        const bool came = co_await x_autoscaler.until(std::move(told), patience);
        if (!came)
            throw bench_error("a change was not reported");
        co_return x_autoscaler.reported_at();
    }

    asio::awaitable<double> health_rate(const open_session& session, int connections) {
        const int each = std::max(1, x_amount.health_requests / connections);
        int open = 0;
        task_group clients(x_executor);
        const auto began = clock::now();
        for (int i = 0; i < connections; ++i)
            clients.spawn(x_worker.ask_health(session, each, open));
        co_await clients.join();
        if (open != each * connections)
            throw bench_error("/session/health did not always say that the session is open");
        co_return each* connections / seconds(clock::now() - began).count();
    }

    asio::any_io_executor x_executor;
    subject& x_worker;
    scripted_autoscaler& x_autoscaler;
    effort x_amount;
    figures x_out;
    std::mt19937 x_random{1};
};

}  // namespace

double samples::quantile(double rank) const {
    if (x_values.empty())
        return 0;
    auto sorted = x_values;
    std::sort(sorted.begin(), sorted.end());
    const auto place = std::ceil(rank * static_cast<double>(sorted.size())) - 1;
    return sorted[static_cast<std::size_t>(std::max(0.0, place))];
}

asio::awaitable<figures> measure_all(asio::any_io_executor executor, subject& worker,
                                     scripted_autoscaler& autoscaler, effort amount,
                                     std::function<void(const std::string&)> say) {
    bench_run run(std::move(executor), worker, autoscaler, amount);
    say(std::to_string(amount.starts) + " starts");
    co_await run.starts();
    say("idle");
    const auto limit = amount.start_limit;
    const seconds ignored = co_await worker.start(limit);
    static_cast<void>(ignored);
    co_await run.idleness();
    say(std::to_string(amount.changes) + " changes");
    co_await run.changes();
    say(std::to_string(amount.expiries) + " expiries");
    co_await run.expiries();
    say(std::to_string(amount.cycles) + " create/end cycles");
    co_await run.cycles();
    say(std::to_string(amount.health_requests) + " health requests, twice");
    co_await run.health();
    if (amount.crowd > 0) {
        say("a crowd of " + std::to_string(amount.crowd) + " half requests");
        co_await run.crowd();
    }
    co_await worker.stop();
    if (!amount.state_dir.empty()) {
        say(std::to_string(amount.cycles) + " create/end cycles with a state file");
        worker.keep_state_in(amount.state_dir);
        const seconds restarted = co_await worker.start(limit);
        static_cast<void>(restarted);
        co_await run.kept_cycles();
        co_await worker.stop();
    }
    co_return run.result();
}

asio::awaitable<soak_figures> soak(subject& worker, scripted_autoscaler& autoscaler, int cycles,
                                   effort amount, std::function<void(const std::string&)> say) {
    constexpr int parts = 20;
    bench_run run({}, worker, autoscaler, amount);
    soak_figures out{.warm_up = std::min(cycles, 10000)};
    worker.keep_state_in(amount.state_dir);
    const auto limit = amount.start_limit;
    const seconds ignored = co_await worker.start(limit);
    static_cast<void>(ignored);
    (void)co_await run.cycle(out.warm_up);
    co_await run.all_delivered();
    out.warm = worker.measure();
    const auto began = clock::now();
    for (int part = 1; part <= parts; ++part) {
        const int begun = static_cast<int>(std::int64_t{cycles - out.warm_up} * (part - 1) / parts);
        const int end = static_cast<int>(std::int64_t{cycles - out.warm_up} * part / parts);
        const double rate = co_await run.cycle(end - begun);
        const auto now = worker.measure();
        char line[128];
        std::snprintf(line, sizeof line, "%9d cycles, %.0f /s, %.1f MiB, %d descriptors", out.warm_up + end,
                      rate, now.resident_mib, static_cast<int>(now.descriptors));
        say(line);
    }
    out.cycles_per_s = (cycles - out.warm_up) / seconds(clock::now() - began).count();
    co_await run.all_delivered();
    out.last = worker.measure();
    co_await worker.stop();
    co_return out;
}

}  // namespace nullworker::bench
