#pragma once

#include "support/test_worker.hpp"

#include <fleet/fleet.hpp>
#include <fleet/worker_launcher.hpp>
#include <nullworker/app/daemon.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace nullworker::test {

// Workers that are daemons in this process. Each listens on free ports; the fleet's relay leads to it.
class daemon_launcher final : public fleet::worker_launcher {
public:
    explicit daemon_launcher(asio::io_context& loop) : x_loop(loop), x_running(loop.get_executor()) {}

    // To be called before the first start.
    void serve(fleet::fleet& owner) { x_owner = &owner; }

    void on_exit(exit_callback callback) override { x_on_exit = std::move(callback); }

    result<void> start(fleet::worker_spec spec) override {
        const auto& environment = spec.environment;
        auto config = loopback_settings(environment.at("REPORT_ADDR"));
        config.container_id = spec.id;
        config.master_token = environment.at("MASTER_TOKEN");
        auto* relay = x_owner->relay_of(spec.id);
        config.public_port = relay->port();
        auto& worker = x_workers[spec.id] = std::make_unique<app::daemon>(x_loop, config, now());
        relay->aim_at(worker->public_port());
        x_running.spawn(run(spec.id));
        return {};
    }

    void stop(std::int64_t id) override {
        if (const auto found = x_workers.find(id); found != x_workers.end())
            found->second->stop();
    }

    // There is no process to kill; the tests that need one start real ones.
    void kill(std::int64_t id) override { stop(id); }

    asio::awaitable<void> join() override { return x_running.join(); }

    [[nodiscard]] app::daemon& worker(std::int64_t id) { return *x_workers.at(id); }

private:
    asio::awaitable<void> run(std::int64_t id) {
        co_await x_workers.at(id)->run();
        x_workers.erase(id);
        x_on_exit(id, "exited with status 0");
    }

    asio::io_context& x_loop;
    fleet::fleet* x_owner = nullptr;
    exit_callback x_on_exit;
    std::map<std::int64_t, std::unique_ptr<app::daemon>> x_workers;
    task_group x_running;
};

}  // namespace nullworker::test
