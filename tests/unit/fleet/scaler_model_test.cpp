#include "plain_scaler.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t most_modelled_requests = 12;
constexpr std::size_t most_modelled_workers = 8;

std::string text_of(const route_outcome& outcome) {
    std::ostringstream out;
    if (const auto* granted = std::get_if<ready>(&outcome))
        out << "ready " << granted->worker << ' ' << granted->url << ' ' << granted->request_idx << ' '
            << granted->cost;
    else
        out << "waiting " << std::get<waiting>(outcome).request_idx << ' ' << std::get<waiting>(outcome).text;
    return out.str();
}

std::string text_of(const action& due) {
    return std::to_string(due.index()) + ' ' +
           std::to_string(std::visit([](const auto& one) { return one.worker; }, due));
}

std::string text_of(const event& happened) {
    if (const auto* of_worker = std::get_if<worker_event>(&happened))
        return "worker " + std::to_string(of_worker->worker) + ' ' + to_string(of_worker->to) + ' ' +
               of_worker->why;
    const auto& of_request = std::get<request_event>(happened);
    return "request " + std::to_string(of_request.request_idx) + ' ' + to_string(of_request.what) + ' ' +
           std::to_string(of_request.worker);
}

template <class Item>
std::vector<std::string> texts_of(const std::vector<Item>& items) {
    std::vector<std::string> out;
    for (const auto& item : items)
        out.push_back(text_of(item));
    return out;
}

// What a run may have: from one cost for all to costs that leave something behind when they are added.
struct terrain {
    std::vector<double> costs;
    std::vector<double> perfs;
    double max_queue_time;
};

const std::vector<terrain> terrains = {
    {{100}, {100}, 1},
    {{100}, {100}, 3},
    {{100}, {90, 100, 130, 250}, 1},
    {{0.1}, {0.3, 1, 1.7}, 0.4},
    {{50, 100}, {100}, 2},
    {{0.1, 0.2, 0.7, 100}, {1, 90, 100, 250}, 1.5},
    {{1, 10, 100}, {100, 150}, 0},
};

// One run: the scaler and its plain twin hear the same, and must say the same.
class twin_run {
public:
    explicit twin_run(unsigned seed)
        : x_dice(seed),
          x_terrain(terrains[seed % terrains.size()]),
          x_values{.target_util = roll(4) == 0 ? 0.9 : 1.0,
                   .min_load = roll(4) == 0 ? 150.0 : 0.0,
                   .cold_workers = roll(3),
                   .max_workers = 1 + roll(most_modelled_workers),
                   .max_queue_time = seconds(x_terrain.max_queue_time),
                   .inactivity_timeout = seconds(roll(4) == 0 ? -1.0 : 3.0),
                   .start_delay = seconds(roll(3) == 0 ? 4.0 : 0.0),
                   .report_timeout = seconds(12.0),
                   .error_timeout = seconds(5.0),
                   .max_requests = 12},
          x_fast(x_values),
          x_plain(x_values) {}

    void step() {
        switch (roll(12)) {
            case 0:
                return pass();
            case 1:
            case 2:
                return plan();
            case 3:
                return ask_all();
            case 4:
            case 5:
                return report();
            case 6:
                return complete();
            case 7:
                return roll(4) == 0 ? lose_worker() : report();
            case 8:
                return roll(8) == 0 ? forgive() : ask();
            default:
                return ask();
        }
    }

    void compare() {
        EXPECT_EQ(texts_of(x_fast.take_events()), texts_of(x_plain.take_events()));
        EXPECT_EQ(x_fast.counts(), x_plain.count_states());
        // Of the same figures, added up in another order.
        EXPECT_DOUBLE_EQ(x_fast.load(), x_plain.load());
        EXPECT_EQ(x_fast.requests(), x_plain.requests());
        EXPECT_EQ(x_fast.next_wake(x_now), x_plain.next_wake(x_now));
    }

    std::size_t x_granted = 0;
    std::size_t x_waited_behind = 0;

private:
    std::size_t roll(std::size_t sides) { return x_dice() % sides; }
    double one_of(const std::vector<double>& all) { return all[roll(all.size())]; }

    void pass() {
        constexpr std::array spans = {200ms, 1000ms, 2500ms, 6000ms, 6500ms, 11000ms};
        x_now = x_now.after(spans[roll(spans.size())]);
    }

    void ask() { ask(roll(4) == 0 ? 0 : 1 + static_cast<std::int64_t>(roll(most_modelled_requests))); }

    void ask(std::int64_t idx) {
        const double cost = one_of(x_terrain.costs);
        const seconds patience(roll(3) == 0 ? 2.0 : 60.0);
        const auto outcome = x_fast.route(idx, cost, patience, x_now);
        EXPECT_EQ(text_of(outcome), text_of(x_plain.route(idx, cost, patience, x_now))) << "of " << idx;
        if (const auto* granted = std::get_if<ready>(&outcome)) {
            ++x_granted;
            x_given.emplace(granted->worker, granted->request_idx);
        } else if (!x_running.empty()) {
            ++x_waited_behind;
        }
    }

    // The last come first: their rank decides.
    void ask_all() {
        for (auto idx = most_modelled_requests; idx > 0; --idx)
            ask(idx);
    }

    void plan() {
        const auto due = x_fast.plan(x_now);
        EXPECT_EQ(texts_of(due), texts_of(x_plain.plan(x_now)));
        for (const auto& one : due) {
            if (const auto* start = std::get_if<start_worker>(&one))
                x_running.insert(start->worker);
            else
                end(std::visit([](const auto& stopped) { return stopped.worker; }, one), "ended");
        }
    }

    std::int64_t some_worker_id() {
        if (x_running.empty() || roll(20) == 0)
            return 99;
        return *std::next(x_running.begin(), static_cast<std::ptrdiff_t>(roll(x_running.size())));
    }

    void report() {
        wire::status_report said;
        said.id = some_worker_id();
        said.url = "http://127.0.0.1:" + std::to_string(41000 + said.id);
        said.max_perf = roll(10) == 0 ? 0 : one_of(x_terrain.perfs);
        said.error_msg = roll(10) == 0 ? "ill" : "";
        for (const auto& [worker, request_idx] : x_given)
            if (worker == said.id && roll(3) != 0) {
                said.working_request_idxs.push_back(request_idx);
                said.cur_load += one_of(x_terrain.costs);
            }
        EXPECT_EQ(x_fast.on_report(said, x_now), x_plain.on_report(said, x_now));
    }

    void complete() {
        wire::completion_batch batch;
        batch.worker_id = some_worker_id();
        const auto status =
            roll(3) == 0 ? wire::completion_status::rejected : wire::completion_status::success;
        for (auto place = x_given.begin(); place != x_given.end();) {
            const bool ends = place->first == batch.worker_id && roll(2) == 0;
            if (ends)
                batch.requests.push_back({.request_idx = place->second, .status = status});
            place = ends && roll(4) != 0 ? x_given.erase(place) : std::next(place);
        }
        EXPECT_EQ(x_fast.on_completions(batch, x_now), x_plain.on_completions(batch, x_now));
    }

    void lose_worker() { end(some_worker_id(), "killed by signal 9"); }

    void end(std::int64_t worker, const std::string& how) {
        x_fast.on_exit(worker, how, x_now);
        x_plain.on_exit(worker, how, x_now);
        x_running.erase(worker);
    }

    void forgive() {
        x_fast.forgive_silence(x_now);
        x_plain.forgive_silence(x_now);
    }

    std::mt19937 x_dice;
    const terrain& x_terrain;
    parameters x_values;
    scaler x_fast;
    plain::plain_scaler x_plain;
    instant x_now = now();
    std::set<std::int64_t> x_running;
    std::set<std::pair<std::int64_t, std::int64_t>> x_given;  // worker and request
};

TEST(scaler_model_test, says_in_every_random_run_what_the_plain_one_says) {
    constexpr unsigned runs = 105;
    constexpr int steps = 200;
    std::size_t granted = 0;
    std::size_t waited = 0;
    for (unsigned seed = 0; seed < runs; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        twin_run run(seed);
        for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
            run.step();
            run.compare();
        }
        granted += run.x_granted;
        waited += run.x_waited_behind;
        if (testing::Test::HasFailure())
            return;
    }
    EXPECT_GT(granted, runs * 10u) << "runs in which nothing happens prove nothing";
    EXPECT_GT(waited, runs * 10u);
}

}  // namespace
}  // namespace nullworker::fleet
