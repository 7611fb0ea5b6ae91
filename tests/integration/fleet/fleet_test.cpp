#include "fake_launcher.hpp"
#include "fetch.hpp"
#include "observer.hpp"
#include "support/drive.hpp"

#include <fleet/fleet.hpp>
#include <nullworker/auth/public_key.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/certificates/signing_request.hpp>
#include <nullworker/net/http_date.hpp>
#include <nullworker/net/tls.hpp>
#include <nullworker/wire/account.hpp>
#include <nullworker/wire/route_grant.hpp>
#include <nullworker/wire/routing.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class fleet_test : public testing::Test {
protected:
    // Runs `body` against a fleet with scripted workers, then stops the fleet.
    void tell(fleet_options options, std::function<asio::awaitable<void>()> body) {
        options.port = 0;
        auto launcher = std::make_unique<fake_launcher>(x_context.get_executor());
        x_workers = launcher.get();
        x_fleet.emplace(x_context.get_executor(), std::move(options), std::move(launcher));
        x_fleet->on_event([this](const event&) { x_observer.look(); });
        x_fleet->start();
        test::drive(x_context, story(std::move(body)), story_limit);
        x_fleet.reset();
    }

    asio::awaitable<void> story(std::function<asio::awaitable<void>()> body) {
        std::exception_ptr failure;
        try {
            co_await body();
        } catch (...) {
            failure = std::current_exception();
        }
        co_await x_fleet->stop();
        EXPECT_TRUE(x_fleet->counts().empty());
        if (failure)
            std::rethrow_exception(failure);
    }

    asio::awaitable<net::reply> post(std::string path, std::string body) {
        auto address = x_fleet->url() + path;
        auto sent = co_await fetch(net::verb::post, std::move(address), std::move(body));
        co_return std::move(sent).value();
    }

    asio::awaitable<net::reply> get(std::string path, std::string bearer = {}) {
        auto address = x_fleet->url() + path;
        auto sent = co_await fetch(net::verb::get, std::move(address), std::string(), std::move(bearer));
        co_return std::move(sent).value();
    }

    // As the official command line asks: what it says in JSON, the key in the header.
    asio::awaitable<net::reply> say(net::verb how, std::string path, std::string body,
                                    std::string bearer = "account") {
        auto address = x_fleet->url() + path;
        auto sent = co_await fetch(how, std::move(address), std::move(body), std::move(bearer));
        co_return std::move(sent).value();
    }

    [[nodiscard]] wire::route_request question(std::int64_t idx = 0) const {
        wire::route_request out;
        out.endpoint = x_fleet->endpoint_name();
        out.api_key = x_fleet->endpoint_key();
        out.request_idx = idx;
        return out;
    }

    asio::awaitable<wire::route_reply> ask(std::int64_t idx = 0) {
        std::string body = wire::to_json(question(idx));
        const auto answered = co_await post("/route/", std::move(body));
        EXPECT_EQ(answered.status, 200u);
        co_return wire::parse_route_reply(answered.body).value();
    }

    // Waits until the worker's process has been started.
    asio::awaitable<bool> started(std::size_t count) {
        std::function<bool()> enough = [this, count] { return x_workers->specs.size() == count; };
        co_return co_await x_observer.until(std::move(enough));
    }

    // Has a worker started and makes its first report; which one it is.
    asio::awaitable<std::int64_t> first_to_report() {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto id = x_workers->specs.begin()->first;
        co_await x_workers->report(id);
        co_return id;
    }

    asio::io_context x_context;
    observer x_observer{x_context.get_executor()};
    fake_launcher* x_workers = nullptr;
    std::optional<fleet> x_fleet;
};

TEST_F(fleet_test, a_reservation_starts_a_worker_and_gets_a_signed_grant_for_it) {
    tell({}, [this]() -> asio::awaitable<void> {
        const auto first = co_await ask();
        EXPECT_FALSE(first.worker);
        EXPECT_EQ(first.request_idx, 1);
        EXPECT_TRUE(co_await started(1));
        const auto id = x_workers->specs.begin()->first;
        const auto accepted = co_await x_workers->report(id);
        EXPECT_EQ(accepted->status, 200u);

        const auto granted = co_await ask(first.request_idx);
        if (!granted.worker)
            throw std::runtime_error("no worker: " + granted.status);
        EXPECT_EQ(granted.worker->url, x_workers->url_of(id));
        const auto& grant = granted.worker->grant.document();
        EXPECT_EQ(grant.at("endpoint"), "local");
        EXPECT_EQ(grant.at("cost"), 100.0);
        EXPECT_EQ(grant.at("request_idx"), 1);
        EXPECT_EQ(grant.at("reqnum"), 1);
        const auto pem = co_await get("/pubkey/");
        const auto key = auth::public_key::from_pem(pem.body).value();
        EXPECT_TRUE(key.verifies(wire::signed_message(granted.worker->url),
                                 grant.at("signature").get<std::string>()));
    });
}

TEST_F(fleet_test, scales_to_three_workers_and_back_to_zero) {
    fleet_options options;
    options.scaling.inactivity_timeout = seconds(0.02);
    tell(options, [this]() -> asio::awaitable<void> {
        std::map<std::int64_t, std::int64_t> held;  // worker, request
        for (std::size_t n = 1; n <= 3; ++n) {
            const auto queued = co_await ask();
            EXPECT_TRUE(co_await started(n));
            const auto id = x_workers->specs.rbegin()->first;
            co_await x_workers->report(id);
            const auto granted = co_await ask(queued.request_idx);
            EXPECT_TRUE(granted.worker);
            std::vector<std::int64_t> working{queued.request_idx};
            co_await x_workers->report(id, 100, std::move(working));
            held[id] = queued.request_idx;
            EXPECT_EQ(x_fleet->counts()[worker_state::busy], n);
        }
        for (const auto& [id, request] : held) {
            co_await x_workers->complete(id, request);
            std::function<bool()> gone = [this, worker = id] { return !x_workers->specs.contains(worker); };
            EXPECT_TRUE(co_await x_observer.until(std::move(gone)));
        }
        EXPECT_TRUE(x_fleet->counts().empty());
    });
}

TEST_F(fleet_test, a_workers_environment_is_the_contracts) {
    tell({.scaling = {}, .port = 0, .worker_base_port = 25000}, [this]() -> asio::awaitable<void> {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto& [id, spec] = *x_workers->specs.begin();
        auto environment = spec.environment;
        EXPECT_EQ(environment["WORKER_PORT"], "25000");
        EXPECT_EQ(environment["WORKER_HTTP_PORT"], "25001");
        EXPECT_EQ(environment["NULL_CONTROL_PORT"], "25002");
        EXPECT_EQ(environment["VAST_TCP_PORT_25000"], "25000");
        EXPECT_EQ(environment["PUBLIC_IPADDR"], "127.0.0.1");
        EXPECT_EQ(environment["CONTAINER_ID"], std::to_string(id));
        EXPECT_EQ(environment["REPORT_ADDR"], x_fleet->url());
        EXPECT_EQ(environment["MASTER_TOKEN"].size(), 48u);
        EXPECT_EQ(environment["USE_SSL"], "false");
        EXPECT_EQ(environment["UNSECURED"], "false");
        EXPECT_EQ(spec.ports.control, 25002);
    });
}

TEST_F(fleet_test, a_worker_that_ends_before_it_is_ready_is_replaced_on_other_ports) {
    tell({}, [this]() -> asio::awaitable<void> {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto first = x_workers->specs.begin()->second;
        x_workers->end(first.id, "exited with status 2");
        EXPECT_TRUE(co_await started(1));
        const auto second = x_workers->specs.begin()->second;
        EXPECT_NE(second.id, first.id);
        EXPECT_EQ(second.ports.listen, first.ports.listen + 10);
    });
}

TEST_F(fleet_test, a_worker_that_cannot_be_started_is_tried_again) {
    tell({}, [this]() -> asio::awaitable<void> {
        x_workers->fail_next(2);
        co_await ask();
        EXPECT_TRUE(co_await started(1));
    });
}

TEST_F(fleet_test, a_dead_worker_is_replaced_and_its_request_routed_to_the_new_one) {
    tell({}, [this]() -> asio::awaitable<void> {
        const auto queued = co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto first = x_workers->specs.begin()->first;
        co_await x_workers->report(first);
        EXPECT_TRUE((co_await ask(queued.request_idx)).worker);
        x_workers->end(first, "killed by signal 9");
        EXPECT_FALSE((co_await ask(queued.request_idx)).worker);
        EXPECT_TRUE(co_await started(1));
        const auto second = x_workers->specs.begin()->first;
        EXPECT_NE(first, second);
        co_await x_workers->report(second);
        const auto granted = co_await ask(queued.request_idx);
        EXPECT_EQ(granted.request_idx, queued.request_idx);
        EXPECT_TRUE(granted.worker && granted.worker->url == x_workers->url_of(second));
    });
}

TEST_F(fleet_test, relayed_workers_are_reached_through_a_port_forward) {
    tell({.scaling = {}, .port = 0, .reach = wiring::relayed}, [this]() -> asio::awaitable<void> {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto& [id, spec] = *x_workers->specs.begin();
        const relay* forward = x_fleet->relay_of(id);
        if (!forward)
            throw std::runtime_error("no relay");
        EXPECT_EQ(x_workers->url_of(id), "http://127.0.0.1:" + std::to_string(forward->port()));
        EXPECT_EQ(x_fleet->relay_of(id + 1), nullptr);
    });
}

TEST_F(fleet_test, route_refuses_wrong_keys_and_unknown_endpoints) {
    tell({}, [this]() -> asio::awaitable<void> {
        auto wrong = question();
        wrong.api_key = "guess";
        std::string body = wire::to_json(wrong);
        const auto unauthorized = co_await post("/route/", std::move(body));
        EXPECT_EQ(unauthorized.status, 401u);
        EXPECT_EQ(wire::parse_error(unauthorized.body), "api_key is not the endpoint's");

        wrong = question();
        wrong.endpoint = "elsewhere";
        body = wire::to_json(wrong);
        EXPECT_EQ((co_await post("/route/", std::move(body))).status, 404u);
        wrong = question(-1);
        body = wire::to_json(wrong);
        EXPECT_EQ((co_await post("/route/", std::move(body))).status, 422u);
        EXPECT_EQ((co_await post("/route/", "{")).status, 400u);
        EXPECT_EQ((co_await post("/route/", R"({"cost": "much"})")).status, 422u);
        EXPECT_EQ((co_await post("/route/", R"({"cost": -1})")).status, 422u);
        EXPECT_EQ((co_await post("/route/", R"({"cost": 1e308})")).status, 422u);
        EXPECT_EQ(x_fleet->decisions().requests(), 0u);
    });
}

TEST_F(fleet_test, reports_need_the_workers_own_token) {
    tell({}, [this]() -> asio::awaitable<void> {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto id = x_workers->specs.begin()->first;
        wire::status_report forged;
        forged.id = id;
        forged.mtoken = "guess";
        forged.url = "http://127.0.0.1:1";
        forged.max_perf = 100;
        std::string body = wire::to_json(forged);
        EXPECT_EQ((co_await post("/worker_status/", std::move(body))).status, 401u);
        wire::completion_batch batch;
        batch.worker_id = id;
        body = wire::to_json(batch);
        EXPECT_EQ((co_await post("/delete_requests/", std::move(body))).status, 401u);
        EXPECT_EQ((co_await post("/worker_status/", "{}")).status, 422u);
        EXPECT_EQ((co_await post("/delete_requests/", "[")).status, 400u);
        EXPECT_EQ(x_fleet->counts()[worker_state::loading], 1u);
    });
}

TEST_F(fleet_test, a_report_names_a_url_of_this_machine_and_figures_that_can_be_added_up) {
    tell({}, [this]() -> asio::awaitable<void> {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto& [id, spec] = *x_workers->specs.begin();
        wire::status_report honest;
        honest.id = id;
        honest.mtoken = spec.environment.at("MASTER_TOKEN");
        honest.url = x_workers->url_of(id);
        honest.max_perf = 100;
        std::vector<wire::status_report> odd(5, honest);
        odd[0].url = "http://203.0.113.7:40001";
        odd[1].url = "http://127.0.0.1.example.com/";
        odd[2].url = "here";
        odd[3].additional_disk_usage = 1e308;
        odd[4].cur_load = -1e308;
        for (const auto& said : odd) {
            std::string body = wire::to_json(said);
            EXPECT_EQ((co_await post("/worker_status/", std::move(body))).status, 422u) << said.url;
        }
        auto helpless = odd[2];
        helpless.max_perf = 0;
        helpless.error_msg = "PUBLIC_IPADDR is not set";
        std::string told = wire::to_json(helpless);
        const auto taken = co_await post("/worker_status/", std::move(told));
        EXPECT_EQ(taken.status, 200u) << "what cannot start has no URL, and must be heard";
        std::string body = wire::to_json(honest);
        EXPECT_EQ((co_await post("/worker_status/", std::move(body))).status, 200u);
    });
}

TEST_F(fleet_test, unknown_paths_are404_and_other_verbs405) {
    tell({}, [this]() -> asio::awaitable<void> {
        EXPECT_EQ((co_await get("/nowhere/")).status, 404u);
        EXPECT_EQ((co_await get("/api/v0/endptjobs/1/2/", "key")).status, 404u);
        const auto refused = co_await get("/route/");
        EXPECT_EQ(refused.status, 405u);
        bool allows_post = false;
        for (const auto& [name, value] : refused.headers)
            allows_post = allows_post || (name == "Allow" && value == "POST");
        EXPECT_TRUE(allows_post);
        EXPECT_EQ((co_await post("/pubkey/", "{}")).status, 405u);
    });
}

TEST_F(fleet_test, endpoints_are_listed_for_the_account) {
    tell({.scaling = {}, .account_key = "account", .port = 0}, [this]() -> asio::awaitable<void> {
        EXPECT_EQ((co_await get("/api/v0/endptjobs/?client_id=me")).status, 401u);
        EXPECT_EQ((co_await get("/api/v0/endptjobs/?client_id=me", "other")).status, 401u);
        const auto listed = co_await get("/api/v0/endptjobs/?client_id=me&api_key=acc%6Funt");
        EXPECT_EQ(listed.status, 200u);
        const auto endpoints = wire::parse_endpoint_list(listed.body).value();
        EXPECT_EQ(endpoints.size(), 1u);
        EXPECT_EQ(endpoints.at(0).endpoint_name, "local");
        EXPECT_EQ(endpoints.at(0).api_key, x_fleet->endpoint_key());
        EXPECT_EQ(endpoints.at(0).target_util, 1.0);

        const auto single = co_await get("/api/v0/endptjobs/1/", "account");
        EXPECT_EQ(json::parse(single.body).at("result").at("endpoint_name"), "local");
        EXPECT_EQ((co_await get("/api/v0/endptjobs/2/", "account")).status, 404u);
    });
}

TEST_F(fleet_test, workers_are_listed_for_the_endpoints_key_and_the_accounts) {
    tell({.scaling = {}, .account_key = "account", .port = 0}, [this]() -> asio::awaitable<void> {
        co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto id = x_workers->specs.begin()->first;
        co_await x_workers->report(id);
        for (const std::string& key : {x_fleet->endpoint_key(), std::string("account")}) {
            std::string body = wire::to_json(wire::workers_request{1, key});
            const auto listed = co_await post("/get_endpoint_workers/", std::move(body));
            EXPECT_EQ(listed.status, 200u);
            const auto workers = wire::parse_workers(listed.body).value();
            EXPECT_EQ(workers.size(), 1u);
            EXPECT_EQ(workers.at(0).id, id);
            EXPECT_EQ(workers.at(0).status, "idle");
            EXPECT_EQ(workers.at(0).perf, 100);
        }
        std::string body = wire::to_json(wire::workers_request{1, "guess"});
        EXPECT_EQ((co_await post("/get_endpoint_workers/", std::move(body))).status, 401u);
        body = wire::to_json(wire::workers_request{2, "account"});
        EXPECT_EQ((co_await post("/get_endpoint_workers/", std::move(body))).status, 404u);
    });
}

TEST_F(fleet_test, workers_are_listed_for_a_key_in_the_header_alone) {
    tell({.scaling = {}, .account_key = "account", .port = 0}, [this]() -> asio::awaitable<void> {
        std::string path = "/get_endpoint_workers/";
        std::string body = R"({"id": 1})";
        const auto listed = co_await say(net::verb::post, path, body);
        EXPECT_EQ(listed.status, 200u);
        EXPECT_EQ(listed.body, "[]");
        const auto keyless = co_await post(path, body);
        EXPECT_EQ(keyless.status, 401u);
        std::string other = "guess";
        const auto refused = co_await say(net::verb::post, path, body, std::move(other));
        EXPECT_EQ(refused.status, 401u);
        EXPECT_EQ(json::parse(refused.body).at("msg"), json::parse(refused.body).at("error"));
    });
}

// What the official command line sends for `update endpoint 1`, but for what is to be changed.
std::string update(const std::string& name = {}, const json& value = {}) {
    json out = {{"client_id", "me"}, {"endptjob_id", 1}, {"autoscaler_instance", "prod"}};
    for (const auto* unset :
         {"min_load", "min_cold_load", "target_util", "cold_mult", "cold_workers", "max_workers",
          "endpoint_name", "endpoint_state", "max_queue_time", "target_queue_time", "inactivity_timeout"})
        out[unset] = nullptr;
    if (!name.empty())
        out[name] = value;
    return out.dump();
}

TEST_F(fleet_test, parameters_can_be_changed_while_it_runs) {
    tell({.scaling = {}, .account_key = "account", .port = 0}, [this]() -> asio::awaitable<void> {
        std::string path = "/api/v0/endptjobs/1/";
        std::string nothing = update();
        const auto same = co_await say(net::verb::put, path, std::move(nothing));
        EXPECT_EQ(same.status, 200u);
        EXPECT_EQ(json::parse(same.body), json({{"success", true}}));

        co_await ask();
        EXPECT_TRUE(co_await started(1));
        std::string halved = update("target_util", 0.5);
        const auto changed = co_await say(net::verb::put, path, std::move(halved));
        EXPECT_EQ(changed.status, 200u);
        EXPECT_TRUE(co_await started(2)) << "the change leads to something at once";

        for (const auto& [name, value] : std::map<std::string, json>{{"min_load", 50.0},
                                                                     {"cold_workers", 3},
                                                                     {"max_workers", 20},
                                                                     {"min_cold_load", 300.0},
                                                                     {"cold_mult", 2.5},
                                                                     {"endpoint_state", "suspended"},
                                                                     {"max_queue_time", 7.5},
                                                                     {"target_queue_time", 2.5},
                                                                     {"inactivity_timeout", 99}}) {
            std::string body = update(name, value);
            EXPECT_EQ((co_await say(net::verb::put, path, std::move(body))).status, 200u) << name;
            const auto single = co_await get(path, "account");
            EXPECT_EQ(json::parse(single.body).at("result").at(name), value);
        }
    });
}

TEST_F(fleet_test, parameters_that_make_no_sense_change_nothing) {
    tell({.scaling = {}, .account_key = "account", .port = 0}, [this]() -> asio::awaitable<void> {
        std::string path = "/api/v0/endptjobs/1/";
        const auto before = (co_await get(path, "account")).body;
        const std::vector<std::pair<std::string, json>> wrong = {
            {"target_util", 0},      {"target_util", "x"},         {"min_load", -1},
            {"max_workers", -1},     {"max_workers", 501},         {"cold_workers", 1e30},
            {"cold_mult", -1},       {"endpoint_name", "other"},   {"endpoint_state", "stopped"},
            {"max_queue_time", 1e9}, {"inactivity_timeout", -1e9},
        };
        for (const auto& [name, value] : wrong) {
            std::string body = update(name, value);
            const auto refused = co_await say(net::verb::put, path, std::move(body));
            EXPECT_EQ(refused.status, 422u) << name << value;
            EXPECT_TRUE(json::parse(refused.body).at("msg").is_string());
        }
        std::string body = update("min_load", 1);
        std::string stranger = "guess";
        EXPECT_EQ((co_await say(net::verb::put, path, body, std::move(stranger))).status, 401u);
        std::string elsewhere = "/api/v0/endptjobs/2/";
        EXPECT_EQ((co_await say(net::verb::put, std::move(elsewhere), std::move(body))).status, 404u);
        EXPECT_EQ((co_await get(path, "account")).body, before);
    });
}

TEST_F(fleet_test, what_was_never_set_is_told_as_null) {
    fleet_options options{.scaling = command_line_defaults(), .account_key = "account", .port = 0};
    tell(std::move(options), [this]() -> asio::awaitable<void> {
        const auto told = co_await get("/api/v0/endptjobs/", "account");
        const auto endpoint = json::parse(told.body).at("results").at(0);
        EXPECT_TRUE(endpoint.at("inactivity_timeout").is_null());
        EXPECT_EQ(endpoint.at("cold_workers"), 5);
        EXPECT_EQ(endpoint.at("cold_mult"), 2.5);
        EXPECT_EQ(endpoint.at("min_load"), 0);
        EXPECT_EQ(endpoint.at("max_workers"), 20);
    });
}

TEST_F(fleet_test, the_account_and_its_workergroups_are_told_to_its_owner_alone) {
    fleet_options options{.scaling = {}, .account_key = "account", .port = 0};
    options.account = {.credit = 3.5, .workergroups = 2, .test_workers = 3};
    tell(std::move(options), [this]() -> asio::awaitable<void> {
        for (const auto* path : {"/api/v0/workergroups/", "/api/v0/autojobs/"}) {
            const auto groups = wire::parse_workergroups((co_await get(path, "account")).body).value();
            EXPECT_EQ(groups.size(), 2U);
            EXPECT_EQ(groups.back().id, 2);
            EXPECT_EQ(groups.back().endpoint_id, 1);
            EXPECT_EQ(groups.back().test_workers, 3);
            EXPECT_EQ((co_await get(path, "guess")).status, 401U);
        }
        const auto account =
            wire::parse_account((co_await get("/api/v0/users/current/", "account")).body).value();
        EXPECT_EQ(account.credit, 3.5);
        EXPECT_EQ((co_await get("/api/v0/users/current/")).status, 401U);
    });
}

TEST_F(fleet_test, what_each_worker_costs_is_told_to_its_owner_alone_where_a_price_is_set) {
    for (const auto price : {std::optional<double>(), std::optional<double>(0.25)}) {
        fleet_options options{.scaling = {}, .account_key = "account", .port = 0, .price = price};
        options.scaling.min_load = 200;
        tell(std::move(options), [this, price]() -> asio::awaitable<void> {
            EXPECT_TRUE(co_await started(2));
            const auto told =
                wire::parse_instances((co_await get("/api/v0/instances/", "account")).body).value();
            EXPECT_EQ(told.size(), 2U);
            for (const auto& one : told)
                EXPECT_EQ(one.dph_total, price);
            EXPECT_EQ((co_await get("/api/v0/instances/")).status, 401U);
        });
    }
}

TEST_F(fleet_test, a_workergroup_can_be_changed_as_the_command_line_does_it) {
    fleet_options options{.scaling = {}, .account_key = "account", .port = 0};
    options.account = {.test_workers = 3};
    tell(std::move(options), [this]() -> asio::awaitable<void> {
        std::string path = "/api/v0/autojobs/1/";
        std::string body = R"({"client_id": "me", "autojob_id": 1, "test_workers": 1, "cold_workers": null})";
        EXPECT_EQ((co_await say(net::verb::put, path, body)).status, 200U);
        const auto groups =
            wire::parse_workergroups((co_await get("/api/v0/workergroups/", "account")).body).value();
        EXPECT_EQ(groups.front().test_workers, 1);
        EXPECT_EQ(groups.front().cold_workers, std::nullopt);
        std::string negative = R"({"test_workers": -1})";
        EXPECT_EQ((co_await say(net::verb::put, path, std::move(negative))).status, 422U);
        std::string other = "/api/v0/workergroups/2/";
        EXPECT_EQ((co_await say(net::verb::put, std::move(other), body)).status, 404U);
        std::string stranger = "guess";
        EXPECT_EQ(
            (co_await say(net::verb::put, std::move(path), std::move(body), std::move(stranger))).status,
            401U);
    });
}

TEST_F(fleet_test, its_log_tells_of_a_worker_in_error) {
    tell({.scaling = {}, .account_key = "account", .port = 0}, [this]() -> asio::awaitable<void> {
        const auto id = co_await first_to_report();
        std::string trouble = "no\nCUDA";
        std::vector<std::int64_t> nothing;
        (void)co_await x_workers->report(id, 0, std::move(nothing), std::move(trouble));
        std::string path = "/get_endpoint_logs/";
        std::string question = wire::to_json(wire::logs_request{.id = 1});
        const auto told = co_await say(net::verb::post, path, question);
        const auto logs = wire::parse_endpoint_logs(told.body).value();
        EXPECT_TRUE(wire::error_of(logs, id).ends_with("worker 1 error: no\\nCUDA")) << told.body;
        std::string short_one = wire::to_json(wire::logs_request{.id = 1, .tail = 5});
        const auto cut = co_await say(net::verb::post, path, std::move(short_one));
        EXPECT_EQ(wire::parse_endpoint_logs(cut.body)->info0.size(), 5U);
        std::string other = "guess";
        EXPECT_EQ((co_await say(net::verb::post, path, std::move(question), std::move(other))).status, 401U);
        std::string elsewhere = wire::to_json(wire::logs_request{.id = 2});
        EXPECT_EQ((co_await say(net::verb::post, path, std::move(elsewhere))).status, 404U);
    });
}

TEST_F(fleet_test, every_answer_has_a_date) {
    tell({}, [this]() -> asio::awaitable<void> {
        const auto served = co_await get("/pubkey/");
        const auto date = served.find("Date");
        if (!date)
            throw std::runtime_error("no Date");
        const auto told = net::parse_http_date(*date);
        EXPECT_TRUE(told && std::chrono::abs(*told - now().wall) < 60s) << *date;
    });
}

TEST_F(fleet_test, a_suspended_endpoint_starts_nobody) {
    fleet_options options{
        .scaling = {.state = endpoint_state::suspended}, .account_key = "account", .port = 0};
    tell(std::move(options), [this]() -> asio::awaitable<void> {
        EXPECT_EQ((co_await ask()).status,
                  "no worker is free, and none is started: the endpoint is suspended");
        EXPECT_TRUE(x_workers->specs.empty());
        std::string path = "/api/v0/endptjobs/1/";
        std::string body = update("endpoint_state", "active");
        EXPECT_EQ((co_await say(net::verb::put, path, std::move(body))).status, 200U);
        EXPECT_TRUE(co_await started(1));
    });
}

TEST_F(fleet_test, the_root_certificate_is_served) {
    tell({}, [this]() -> asio::awaitable<void> {
        const auto served = co_await get("/static/jvastai_root.cer");
        EXPECT_EQ(served.status, 200u);
        EXPECT_EQ(served.body, x_fleet->face().authority().root_pem());
        EXPECT_TRUE(served.body.starts_with("-----BEGIN CERTIFICATE-----"));
    });
}

TEST_F(fleet_test, a_signing_request_of_a_running_worker_is_certified_for_its_address) {
    tell({}, [this]() -> asio::awaitable<void> {
        (void)co_await ask();
        EXPECT_TRUE(co_await started(1));
        const auto path = "/api/v0/sign_cert/?instance_id=" + std::to_string(x_workers->specs.begin()->first);
        const auto key = certificates::make_ec_key();
        const auto signed_reply = co_await post(path, certificates::make_signing_request(key));
        EXPECT_EQ(signed_reply.status, 200u);
        const net::tls_pair pair{signed_reply.body, certificates::to_pem(key)};
        const auto server = net::make_server_tls(pair, "certificate", "key");
        EXPECT_EQ(net::reason_for_distrust(server, "127.0.0.1"), "");
        EXPECT_EQ((co_await post(path, "nonsense")).status, 400u);
        EXPECT_EQ((co_await post(path, "")).status, 400u);
    });
}

TEST_F(fleet_test, nobody_but_a_running_worker_is_certified) {
    tell({}, [this]() -> asio::awaitable<void> {
        for (const std::string query : {"?instance_id=1", "?instance_id=", "?instance=1", ""}) {
            const auto request = certificates::make_signing_request(certificates::make_ec_key());
            EXPECT_EQ((co_await post("/api/v0/sign_cert/" + query, request)).status, 404u) << query;
        }
    });
}

TEST_F(fleet_test, with_https_workers_find_all_they_need_for_it) {
    fleet_options options;
    options.over = transport::https;
    std::string folder;
    tell(options, [this, &folder]() -> asio::awaitable<void> {
        net::http_client client(x_context.get_executor(),
                                std::make_shared<net::tls_trust>(x_fleet->face().authority().root_pem()));
        EXPECT_TRUE(x_fleet->url().starts_with("https://127.0.0.1:")) << x_fleet->url();
        net::call call{.method = net::verb::post, .target = parse_url(x_fleet->url() + "/route/").value()};
        call.body = wire::to_json(question());
        const auto answered = co_await client.send(std::move(call));
        EXPECT_EQ(answered.value().status, 200u);
        client.close();
        EXPECT_TRUE(co_await started(1));
        auto found = x_workers->specs.begin()->second.environment;
        EXPECT_EQ(found["USE_SSL"], "true");
        EXPECT_EQ(found["REPORT_ADDR"], x_fleet->url());
        EXPECT_EQ(found["NULLWORKER_CONSOLE_URL"], x_fleet->url());
        EXPECT_EQ(found["SSL_CERT_FILE"], x_fleet->roots_file());
        const auto roots = read_file(x_fleet->roots_file(), 16 * 1024 * 1024).value();
        EXPECT_TRUE(roots.starts_with(x_fleet->face().authority().root_pem()));
        folder = std::filesystem::path(x_fleet->roots_file()).parent_path();
        EXPECT_EQ(std::filesystem::path(found["NULLWORKER_TLS_KEY"]).parent_path(), folder);
    });
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(fleet_test, ordered_faults_hit_their_path_alone) {
    tell({}, [this]() -> asio::awaitable<void> {
        x_fleet->faults().answer_next("/pubkey/", 1, 500);
        x_fleet->faults().drop_next("/pubkey/", 1);
        x_fleet->faults().delay_next("/pubkey/", 1, 20ms);
        EXPECT_EQ((co_await get("/static/jvastai_root.cer")).status, 200u);
        EXPECT_EQ((co_await get("/pubkey/")).status, 500u);
        std::string address = x_fleet->url() + "/pubkey/";
        const auto dropped = co_await fetch(net::verb::get, std::move(address));
        EXPECT_FALSE(dropped);
        const auto before = std::chrono::steady_clock::now();
        EXPECT_EQ((co_await get("/pubkey/")).status, 200u);
        EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
    });
}

TEST_F(fleet_test, a_lost_reply_is_a_request_that_was_carried_out) {
    tell({}, [this]() -> asio::awaitable<void> {
        x_fleet->faults().lose_reply_next("/route/", 1);
        std::string address = x_fleet->url() + "/route/";
        std::string body = wire::to_json(question());
        const auto lost = co_await fetch(net::verb::post, std::move(address), std::move(body));
        EXPECT_FALSE(lost);
        EXPECT_EQ(x_fleet->decisions().requests(), 1u);
        EXPECT_TRUE(co_await started(1));
    });
}

TEST_F(fleet_test, an_outage_is_not_held_against_the_workers) {
    fleet_options options;
    options.scaling.report_timeout = seconds(1);
    tell(options, [this]() -> asio::awaitable<void> {
        const auto id = co_await first_to_report();
        const auto end = now().after(1200ms);
        x_fleet->faults().outage_until(end);
        const auto refused = co_await x_workers->report(id);
        EXPECT_FALSE(refused);
        // Through the outage and past the moment at which the silence would have been too long.
        asio::steady_timer clock(x_context, end.monotonic);
        co_await clock.async_wait(nothrow);
        const auto accepted = co_await x_workers->report(id);
        EXPECT_EQ(accepted->status, 200u);
        EXPECT_TRUE(x_workers->specs.contains(id));
        EXPECT_NE(x_fleet->decisions().state_of(id), worker_state::dead);
    });
}

TEST_F(fleet_test, a_time_in_which_nothing_ran_is_not_held_against_the_workers) {
    fleet_options options;
    options.scaling.report_timeout = seconds(1);
    tell(options, [this]() -> asio::awaitable<void> {
        const auto id = co_await first_to_report();
        // Stands for a machine that was frozen, and its workers with it.
        for (const auto end = now().after(1600ms).monotonic; std::chrono::steady_clock::now() < end;) {
        }
        EXPECT_EQ((co_await get("/pubkey/")).status, 200u);
        EXPECT_TRUE(x_workers->specs.contains(id));
        EXPECT_NE(x_fleet->decisions().state_of(id), worker_state::dead);
    });
}

TEST_F(fleet_test, an_outage_can_be_answered503) {
    tell({}, [this]() -> asio::awaitable<void> {
        x_fleet->faults().outage_until(now().after(1h), 503);
        EXPECT_EQ((co_await get("/pubkey/")).status, 503u);
        x_fleet->faults().clear();
        EXPECT_EQ((co_await get("/pubkey/")).status, 200u);
    });
}

TEST_F(fleet_test, a_port_that_is_taken_is_one_clear_error) {
    tell({}, [this]() -> asio::awaitable<void> {
        fleet_options options;
        options.port = x_fleet->face().port();
        EXPECT_THROW(fleet(x_context.get_executor(), options,
                           std::make_unique<fake_launcher>(x_context.get_executor())),
                     startup_error);
        co_return;
    });
}

TEST_F(fleet_test, options_that_make_no_sense_are_refused) {
    const auto make = [this](const fleet_options& options) {
        fleet made(x_context.get_executor(), options,
                   std::make_unique<fake_launcher>(x_context.get_executor()));
    };
    fleet_options options;
    options.port = 0;
    options.scaling.target_util = 0;
    EXPECT_THROW(make(options), startup_error);
    options.scaling = {};
    options.scaling.max_workers = 501;
    EXPECT_THROW(make(options), startup_error);
    options.scaling = {};
    options.worker_base_port = 65000;
    EXPECT_THROW(make(options), startup_error);
}

}  // namespace
}  // namespace nullworker::fleet
