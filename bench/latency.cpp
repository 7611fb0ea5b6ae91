#include "measurements.hpp"
#include "routine.hpp"

#include <nullworker/base/deadline.hpp>

#include <algorithm>
#include <functional>
#include <random>

namespace nullworker::bench {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr seconds short_lifetime{0.2};
constexpr auto patience = 30s;

// Changes come after a quiet time, so that no pacing of reports counts, and at a random moment of `spread`,
// so that no periodic work of the worker is met at the same phase each time.
constexpr auto quiet = 120ms;
constexpr auto spread = 50ms;

class listener {
public:
    listener(stage& on, subject& worker) : x_autoscaler(on.autoscaler()), x_worker(worker) {}

    // How long it takes until the autoscaler hears of a create, or of an end, in ms.
    asio::awaitable<std::vector<double>> changes(int count) {
        std::vector<double> out;
        for (int i = 0; i < count / 2; ++i) {
            co_await be_quiet();
            const auto asked = clock::now();
            const auto session = co_await x_worker.create(long_lifetime);
            const auto held = co_await load_reported(true);
            out.push_back(in_ms(held - asked));

            co_await be_quiet();
            const auto let_go = clock::now();
            co_await x_worker.end(session);
            const auto freed = co_await load_reported(false);
            out.push_back(in_ms(freed - let_go));
        }
        co_return out;
    }

    // How long after a session's end its completion comes.
    asio::awaitable<std::vector<double>> expiries(int count) {
        std::vector<double> out;
        for (int i = 0; i < count; ++i) {
            co_await be_quiet();
            const auto session = co_await x_worker.create(short_lifetime);
            const auto idx = x_worker.last_request();
            std::function<bool()> completed = [this, idx] { return x_autoscaler.completed_idx() == idx; };
            const bool came = co_await x_autoscaler.until(std::move(completed), patience);
            if (!came)
                throw bench_error("an expired session's completion was not delivered");
            out.push_back((epoch_seconds(x_autoscaler.completed_at()) - session.expiration) * 1000);
        }
        co_return out;
    }

private:
    asio::awaitable<void> be_quiet() {
        std::uniform_int_distribution<std::int64_t> phase(0, std::chrono::microseconds(spread).count());
        const auto wait = quiet + std::chrono::microseconds(phase(x_random));
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

    scripted_autoscaler& x_autoscaler;
    subject& x_worker;
    std::mt19937 x_random{1};
};

// How long a create on a new connection takes, in ms.
asio::awaitable<double> create_anew(subject& worker) {
    worker.hang_up();
    const auto asked = clock::now();
    const auto session = co_await worker.create(long_lifetime);
    const auto took = clock::now() - asked;
    co_await worker.end(session);
    co_return in_ms(took);
}

}  // namespace

asio::awaitable<void> latency(stage& on) {
    running_workers workers(on);
    co_await workers.start();
    for (int round = 0; round < on.rounds(); ++round)
        for (auto& [who, worker] : workers.all()) {
            const auto times = co_await cycle(*worker, on.amount(1000));
            on.book().add("create", who, quantile(times.creates, 0.99));
            on.book().add("end", who, quantile(times.ends, 0.99));
            on.book().add("cycles", who, times.per_s);
        }
    co_await workers.stop();
}

asio::awaitable<void> promptness(stage& on) {
    for (int round = 0; round < on.rounds(); ++round)
        for (const side who : on.workers()) {
            const auto worker = on.worker(who);
            const seconds ignored = co_await worker->start();
            static_cast<void>(ignored);
            listener ear(on, *worker);
            const auto changes = co_await ear.changes(on.amount(40));
            const auto expiries = co_await ear.expiries(on.amount(4));
            on.book().add("change", who, median(changes));
            on.book().add("change-p99", who, quantile(changes, 0.99));
            on.book().add("expiry", who, quantile(expiries, 1));
            const seconds stopped = co_await worker->stop();
            static_cast<void>(stopped);
        }
}

asio::awaitable<void> crowd(stage& on) {
    for (int round = 0; round < on.rounds(); ++round)
        for (const side who : {side::kept, side::bare}) {
            const auto worker = on.worker(who);
            const seconds ignored = co_await worker->start();
            static_cast<void>(ignored);
            std::vector<asio::ip::tcp::socket> halves;
            for (int i = 0; i < on.amount(2000); ++i) {
                auto half = co_await worker->begin_request();
                halves.push_back(std::move(half));
            }
            // Until this one is answered the worker is behind, by as much as they came fast.
            const double behind = co_await create_anew(*worker);
            static_cast<void>(behind);
            double worst = 0;
            for (int i = 0; i < on.amount(100); ++i) {
                const double took = co_await create_anew(*worker);
                worst = std::max(worst, took);
            }
            on.book().add("crowded", who, worst);
            const seconds stopped = co_await worker->stop();
            static_cast<void>(stopped);
        }
}

}  // namespace nullworker::bench
