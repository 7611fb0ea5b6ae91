#pragma once

#include <fleet/scaler.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::fleet {

// A scaler with a clock that a test turns, and workers that do what they are told at once.
class scripted_scaler : public testing::Test {
protected:
    void use(const parameters& values) { x_scaler.emplace(values); }

    scaler& it() {
        if (!x_scaler)
            x_scaler.emplace(parameters{});
        return *x_scaler;
    }

    void pass(std::chrono::steady_clock::duration span) { x_now = x_now.after(span); }

    // Carries out what is due; the ids of the workers started.
    std::vector<std::int64_t> plan() {
        std::vector<std::int64_t> started;
        for (const auto& due : it().plan(x_now)) {
            if (const auto* start = std::get_if<start_worker>(&due))
                started.push_back(start->worker);
            if (const auto* stop = std::get_if<stop_worker>(&due))
                x_stopped.push_back(stop->worker);
            if (const auto* kill = std::get_if<kill_worker>(&due))
                x_killed.push_back(kill->worker);
        }
        return started;
    }

    void report(std::int64_t id, double cur_load = 0, std::vector<std::int64_t> working = {},
                const std::string& error = {}, double max_perf = 100) {
        wire::status_report report;
        report.id = id;
        report.url = url_of(id);
        report.max_perf = max_perf;
        report.cur_load = cur_load;
        report.working_request_idxs = std::move(working);
        report.error_msg = error;
        EXPECT_TRUE(it().on_report(report, x_now));
    }

    void complete(std::int64_t worker, std::int64_t request_idx,
                  wire::completion_status status = wire::completion_status::success) {
        wire::completion_batch batch;
        batch.worker_id = worker;
        batch.requests.push_back({.request_idx = request_idx, .status = status});
        EXPECT_TRUE(it().on_completions(batch, x_now));
    }

    route_outcome ask(std::int64_t idx = 0, double cost = 100, seconds replay = seconds(60)) {
        return it().route(idx, cost, replay, x_now);
    }

    // The idx of a request that was told to wait.
    std::int64_t ask_and_wait(std::int64_t idx = 0) {
        const auto outcome = ask(idx);
        EXPECT_TRUE(std::holds_alternative<waiting>(outcome));
        return std::holds_alternative<waiting>(outcome) ? std::get<waiting>(outcome).request_idx : 0;
    }

    // The worker a request was given; 0 while it waits.
    std::int64_t worker_for(std::int64_t idx = 0) {
        const auto outcome = ask(idx);
        const auto* granted = std::get_if<ready>(&outcome);
        if (!granted)
            return 0;
        EXPECT_EQ(granted->url, url_of(granted->worker));
        return granted->worker;
    }

    // One request with one worker of its own that works on it: {request, worker}.
    std::pair<std::int64_t, std::int64_t> hold_one() {
        const auto request = ask_and_wait();
        const auto started = plan();
        EXPECT_EQ(started.size(), 1u);
        report(started.at(0));
        EXPECT_EQ(worker_for(request), started.at(0));
        report(started.at(0), 100, {request});
        return {request, started.at(0)};
    }

    static std::string url_of(std::int64_t id) { return "http://127.0.0.1:" + std::to_string(41000 + id); }

    std::size_t count(worker_state state) { return it().counts()[state]; }

    instant x_now = now();
    std::vector<std::int64_t> x_stopped;
    std::vector<std::int64_t> x_killed;
    std::optional<scaler> x_scaler;
};

}  // namespace nullworker::fleet
