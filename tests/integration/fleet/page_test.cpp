// The page of a fleet, and who may not ask the fleet for anything.

#include "fake_launcher.hpp"
#include "fetch.hpp"
#include "observer.hpp"
#include "support/drive.hpp"
#include "support/raw_connection.hpp"

#include <fleet/fleet.hpp>
#include <nullworker/net/http_server.hpp>
#include <nullworker/wire/control_messages.hpp>
#include <nullworker/wire/routing.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class page_test : public testing::Test {
protected:
    // Runs `body` against a fleet with scripted workers, then stops the fleet.
    template <class Body>
    void tell(fleet_options options, const Body& body) {
        options.port = 0;
        auto launcher = std::make_unique<fake_launcher>(x_context.get_executor());
        x_workers = launcher.get();
        x_fleet.emplace(x_context.get_executor(), std::move(options), std::move(launcher));
        x_fleet->on_event([this](const event&) { x_observer.look(); });
        x_fleet->start();
        test::drive(x_context, story(body), story_limit);
    }

    template <class Body>
    asio::awaitable<void> story(const Body& body) {
        co_await body();
        co_await x_fleet->stop();
    }

    [[nodiscard]] std::uint16_t port() const { return parse_url(x_fleet->url())->port; }

    // The status of a request with those headers, and what is said.
    asio::awaitable<std::pair<int, std::string>> send(std::string verb, std::string path,
                                                      std::string headers) {
        auto line = co_await test::connect_raw(port());
        std::string text = verb + ' ' + path + " HTTP/1.1\r\n" + headers + "Content-Length: 2\r\n\r\n{}";
        co_await line.send(std::move(text));
        const auto answer = co_await line.read_message();
        co_return std::pair(answer.status(), answer.body);
    }

    asio::awaitable<json> events(std::string query = "since=0") {
        auto address = x_fleet->url() + "/events?" + query;
        const auto answer = co_await fetch(net::verb::get, std::move(address));
        EXPECT_EQ(answer->status, 200U);
        co_return json::parse(answer->body);
    }

    asio::awaitable<std::int64_t> ask(std::int64_t idx = 0) {
        wire::route_request question;
        question.endpoint = x_fleet->endpoint_name();
        question.api_key = x_fleet->endpoint_key();
        question.request_idx = idx;
        auto address = x_fleet->url() + "/route/";
        auto body = wire::to_json(question);
        const auto answer = co_await fetch(net::verb::post, std::move(address), std::move(body));
        co_return wire::parse_route_reply(answer->body)->request_idx;
    }

    // One session, of that request or a new one, held by the worker that is returned with it.
    asio::awaitable<std::pair<std::int64_t, std::int64_t>> hold_one(std::int64_t request = 0) {
        if (request == 0)
            request = co_await ask();
        std::function<bool()> started = [this] { return !x_workers->specs.empty(); };
        EXPECT_TRUE(co_await x_observer.until(std::move(started)));
        const auto worker = x_workers->specs.begin()->first;
        co_await x_workers->report(worker);
        co_await ask(request);
        std::vector<std::int64_t> working{request};
        co_await x_workers->report(worker, 100, std::move(working));
        co_return std::pair(worker, request);
    }

    asio::io_context x_context;
    observer x_observer{x_context.get_executor()};
    fake_launcher* x_workers = nullptr;
    std::optional<fleet> x_fleet;
};

// ---- who may not ask
// ---------------------------------------------------------------------------------------

TEST_F(page_test, refuses_foreign_pages_on_every_route) {
    struct row {
        const char* headers;
        const char* named;
    };
    static constexpr row foreign[] = {
        {"Host: rebound.example\r\n", "Host"},
        {"Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n", "Origin"},
        {"Host: 127.0.0.1\r\nOrigin: null\r\n", "Origin"},
        {"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site"},
        {"Host: 127.0.0.1\r\nSec-Fetch-Site: same-site\r\n", "Sec-Fetch-Site"},
        {"Host: 127.0.0.1\r\nX-Forwarded-For: 10.0.0.1\r\n", "X-Forwarded-For"},
    };
    static constexpr std::pair<const char*, const char*> routes[] = {
        {"GET", "/"},
        {"GET", "/events"},
        {"POST", "/route/"},
        {"GET", "/pubkey/"},
        {"POST", "/worker_status/"},
        {"POST", "/delete_requests/"},
        {"POST", "/get_endpoint_workers/"},
        {"POST", "/get_endpoint_logs/"},
        {"GET", "/api/v0/endptjobs/"},
        {"PUT", "/api/v0/endptjobs/1/"},
        {"GET", "/api/v0/workergroups/"},
        {"PUT", "/api/v0/workergroups/1/"},
        {"GET", "/api/v0/users/current/"},
        {"POST", "/api/v0/sign_cert/"},
        {"GET", "/static/jvastai_root.cer"},
        {"GET", "/nowhere"},
        {"OPTIONS", "/route/"},
    };
    tell({}, [this]() -> asio::awaitable<void> {
        for (const auto& [verb, path] : routes) {
            for (const auto& row : foreign) {
                const auto [status, body] = co_await send(verb, path, row.headers);
                EXPECT_EQ(status, 403) << verb << path << row.headers;
                EXPECT_NE(json::parse(body).at("error").get<std::string>().find(row.named), std::string::npos)
                    << body;
            }
            for (const char* host : {"Host: 127.0.0.1:8080\r\n", "Host: localhost\r\n", "Host: [::1]\r\n"})
                EXPECT_NE((co_await send(verb, path, host)).first, 403) << verb << path;
        }
        EXPECT_TRUE(x_fleet->counts().empty());
    });
}

TEST_F(page_test, is_not_driven_by_a_page_whose_name_was_bound_to_this_machine) {
    tell({}, [this]() -> asio::awaitable<void> {
        wire::route_request question;
        question.endpoint = x_fleet->endpoint_name();
        question.api_key = x_fleet->endpoint_key();
        const auto body = wire::to_json(question);
        auto line = co_await test::connect_raw(port());
        std::string text =
            "POST /route/ HTTP/1.1\r\nHost: rebound.example:" + std::to_string(port()) +
            "\r\nOrigin: http://rebound.example\r\nSec-Fetch-Site: same-origin\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body;
        co_await line.send(std::move(text));
        const auto answer = co_await line.read_message();
        EXPECT_EQ(answer.status(), 403);
        EXPECT_EQ(x_fleet->decisions().requests(), 0U);
    });
}

// ---- what it shows
// -----------------------------------------------------------------------------------------

TEST_F(page_test, shows_the_page_and_what_happens) {
    tell({.price = 0.5}, [this]() -> asio::awaitable<void> {
        auto address = x_fleet->page();
        const auto page = co_await fetch(net::verb::get, std::move(address));
        EXPECT_EQ(page->status, 200U);
        EXPECT_TRUE(page->content_type.starts_with("text/html"));
        EXPECT_NE(page->find("Content-Security-Policy"), std::nullopt);

        const auto [worker, request] = co_await hold_one();
        auto said = co_await events();
        EXPECT_EQ(said["title"], "local fleet at " + x_fleet->url());
        EXPECT_EQ(said["overview"]["workers"], json({{"reserved", 1}}));
        EXPECT_EQ(said["overview"]["dollars_per_hour"], 0.5);
        EXPECT_EQ(said["workers"][0]["worker"], worker);
        EXPECT_EQ(said["sessions"][0]["request_idx"], request);
        EXPECT_EQ(said["sessions"][0]["worker"], worker);
        EXPECT_EQ(said.dump().find(x_fleet->endpoint_key()), std::string::npos);
        EXPECT_EQ(said.dump().find(x_workers->specs.at(worker).environment.at("MASTER_TOKEN")),
                  std::string::npos);

        co_await x_workers->complete(worker, request);
        said = co_await events();
        EXPECT_EQ(said["sessions"][0]["outcome"], "ended");
        EXPECT_EQ(said["overview"]["workers"], json({{"ready", 1}}));
    });
    // Also when the fleet has stopped: what is written about it comes from there.
    EXPECT_EQ(x_fleet->story().look(now()).running, 0);
    EXPECT_EQ(x_fleet->story().look(now()).peak_workers, 1);
}

TEST_F(page_test, tells_those_who_wait_what_changes) {
    tell({}, [this]() -> asio::awaitable<void> {
        auto said = co_await events();
        co_await ask();
        while (said["sessions"].empty())
            said = co_await events("wait=20&since=" + std::to_string(said["revision"].get<std::uint64_t>()));
        EXPECT_FALSE(said["reset"]);
    });
}

TEST_F(page_test, shows_parameters_that_are_changed_while_it_runs) {
    tell({}, [this]() -> asio::awaitable<void> {
        auto said = co_await events();
        auto address = x_fleet->url() + "/api/v0/endptjobs/1/";
        std::string body = R"({"max_workers": 3})";
        std::string key = "any";
        const auto changed =
            co_await fetch(net::verb::put, std::move(address), std::move(body), std::move(key));
        EXPECT_EQ(changed->status, 200U);
        while (said["overview"]["max_workers"] != 3)
            said = co_await events("wait=20&since=" + std::to_string(said["revision"].get<std::uint64_t>()));
        EXPECT_NE(said["parameters"].dump().find(R"(["max_workers","3"])"), std::string::npos);
    });
}

TEST_F(page_test, asks_a_worker_what_holds_its_slot_without_a_sign_of_its_consumer) {
    tell({}, [this]() -> asio::awaitable<void> {
        const auto request = co_await ask();
        std::function<bool()> started = [this] { return !x_workers->specs.empty(); };
        EXPECT_TRUE(co_await x_observer.until(std::move(started)));
        const auto& [worker, spec] = *x_workers->specs.begin();
        net::http_server control(x_context.get_executor(), "control");
        control.bind({asio::ip::address_v4::loopback(), spec.ports.control}, "control");
        std::vector<std::string> asked;
        control.start([&asked, request](const net::request& incoming) -> asio::awaitable<net::reaction> {
            asked.push_back(std::string(net::to_string(incoming.method)) + ' ' + incoming.path + '?' +
                            incoming.query);
            const wire::slot_session slot{.session_id = "ZW1G",
                                          .created_at = epoch_seconds(now().wall),
                                          .remaining = 60,
                                          .cost = 100,
                                          .request_idx = request,
                                          .retiring = true};
            co_return net::json_reply(200, wire::to_json(std::optional(slot)));
        });
        co_await hold_one(request);
        auto said = co_await events();
        while (said["sessions"].empty() || said["sessions"][0]["session_id"] != "ZW1G")
            said = co_await events("wait=20&since=" + std::to_string(said["revision"].get<std::uint64_t>()));
        EXPECT_EQ(said["sessions"][0]["cost"], 100.0);
        EXPECT_FALSE(said["sessions"][0]["planned_end"].is_null());
        EXPECT_EQ(said["overview"]["workers"], json({{"retiring", 1}}));
        EXPECT_EQ(asked, std::vector<std::string>{"GET /session?"});
        control.drain();
        co_await control.join(0s);
    });
}

TEST_F(page_test, shows_an_error_as_it_is_told_whatever_it_is) {
    const std::string hostile = "</script><img src=x onerror=alert(1)>";
    tell({}, [&]() -> asio::awaitable<void> {
        const auto [worker, request] = co_await hold_one();
        std::vector<std::int64_t> working{request};
        std::string error = hostile;
        co_await x_workers->report(worker, 100, std::move(working), std::move(error));
        const auto said = co_await events();
        EXPECT_EQ(said["overview"]["errors"][0]["reason"], hostile);
        EXPECT_EQ(said["overview"]["errors"][0]["worker"], worker);
    });
}

}  // namespace
}  // namespace nullworker::fleet
