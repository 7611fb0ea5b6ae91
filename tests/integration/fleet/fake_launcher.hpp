#pragma once

#include "fetch.hpp"

#include <fleet/worker_launcher.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/wire/completion.hpp>
#include <nullworker/wire/status_report.hpp>

#include <boost/asio/post.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {

// Workers that are nothing but a specification: the test says what they report and when they end.
class fake_launcher final : public worker_launcher {
public:
    explicit fake_launcher(asio::any_io_executor executor) : x_executor(executor), x_ended(executor) {}

    void on_exit(exit_callback callback) override { x_callback = std::move(callback); }

    result<void> start(worker_spec spec) override {
        if (x_failures > 0) {
            --x_failures;
            return error_code(ENOENT, boost::system::system_category());
        }
        const auto id = spec.id;
        specs[id] = std::move(spec);
        return {};
    }

    void stop(std::int64_t id) override {
        asio::post(x_executor, [this, id] { end(id, "exited with status 0"); });
    }

    void kill(std::int64_t id) override {
        asio::post(x_executor, [this, id] { end(id, "killed by signal 9"); });
    }

    asio::awaitable<void> join() override {
        while (!specs.empty())
            co_await x_ended.wait();
    }

    void end(std::int64_t id, const std::string& how) {
        if (specs.erase(id) == 0)
            return;
        x_callback(id, how);
        x_ended.ring();
    }

    void fail_next(unsigned count) { x_failures = count; }

    // What the worker says of itself, as the daemon would.
    [[nodiscard]] asio::awaitable<result<net::reply>> report(std::int64_t id, double cur_load = 0,
                                                             std::vector<std::int64_t> working = {},
                                                             std::string error = {}) {
        const auto environment = specs.at(id).environment;
        wire::status_report said;
        said.id = id;
        said.mtoken = environment.at("MASTER_TOKEN");
        said.max_perf = 100;
        said.cur_load = cur_load;
        said.working_request_idxs = std::move(working);
        said.error_msg = std::move(error);
        said.url = url_of(id);
        auto body = wire::to_json(said);
        auto address = environment.at("REPORT_ADDR") + "/worker_status/";
        co_return co_await fetch(net::verb::post, std::move(address), std::move(body));
    }

    [[nodiscard]] asio::awaitable<result<net::reply>> complete(
        std::int64_t id, std::int64_t request_idx,
        wire::completion_status status = wire::completion_status::success) {
        const auto environment = specs.at(id).environment;
        wire::completion_batch batch;
        batch.worker_id = id;
        batch.mtoken = environment.at("MASTER_TOKEN");
        wire::completion ended;
        ended.request_idx = request_idx;
        ended.status = status;
        batch.requests.push_back(ended);
        auto body = wire::to_json(batch);
        auto address = environment.at("REPORT_ADDR") + "/delete_requests/";
        co_return co_await fetch(net::verb::post, std::move(address), std::move(body));
    }

    [[nodiscard]] std::string url_of(std::int64_t id) const {
        const auto& environment = specs.at(id).environment;
        return "http://" + environment.at("PUBLIC_IPADDR") + ":" +
               environment.at("VAST_TCP_PORT_" + environment.at("WORKER_PORT"));
    }

    std::map<std::int64_t, worker_spec> specs;  // of those that run

private:
    asio::any_io_executor x_executor;
    exit_callback x_callback;
    wakeup x_ended;
    unsigned x_failures = 0;
};

}  // namespace nullworker::fleet
