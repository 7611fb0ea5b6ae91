#include "support/drive.hpp"
#include "support/raw_connection.hpp"

#include <nullworker/base/asio.hpp>
#include <nullworker/base/url.hpp>
#include <watch/page.hpp>
#include <watch/watch_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using nlohmann::json;
using test::raw_connection;
using test::raw_message;

// A server of its own with a timeline in which something happened.
class watch_server_test : public testing::Test {
protected:
    watch_server_test() {
        x_server.bind({asio::ip::address_v4::loopback(), 0}, "--serve");
        x_server.start();
        told.worker(1, lane_state::loading, "", now());
    }

    template <class Scenario>
    void drive(const Scenario& scenario) {
        test::drive(x_loop, [&]() -> awaitable<void> {
            co_await scenario();
            co_await x_server.stop(0s);
        });
    }

    [[nodiscard]] std::uint16_t port() const { return parse_url(x_server.url())->port; }

    // A request as a browser here makes it, but for the headers of it.
    [[nodiscard]] std::string request(const std::string& target, const std::string& headers = {},
                                      const std::string& verb = "GET") const {
        const bool names_host = headers.find("Host:") != std::string::npos;
        return verb + ' ' + target + " HTTP/1.1\r\n" +
               (names_host ? "" : "Host: 127.0.0.1:" + std::to_string(port()) + "\r\n") + headers + "\r\n";
    }

    awaitable<raw_message> ask(std::string target, std::string headers = {}, std::string verb = "GET") {
        auto line = co_await test::connect_raw(port());
        auto text = request(target, headers, verb);
        co_await line.send(std::move(text));
        auto answer = co_await line.read_message();
        co_return answer;
    }

    // Sends a request that waits; returns once it does.
    awaitable<raw_connection> begin_to_wait(std::string target) {
        const auto before = x_server.waiting();
        auto line = co_await test::connect_raw(port());
        auto text = request(target);
        co_await line.send(std::move(text));
        while (x_server.waiting() == before)
            co_await asio::post(asio::use_awaitable);
        co_return line;
    }

    [[nodiscard]] std::string waiting_query() const {
        return "/events?since=" + std::to_string(told.revision()) + "&run=abc&wait=30";
    }

    timeline told{{.run = "abc", .title = "a test"}};
    asio::io_context x_loop;
    watch_server x_server{x_loop.get_executor(), told};
};

TEST_F(watch_server_test, serves_the_page_with_what_keeps_it_to_itself) {
    drive([&]() -> awaitable<void> {
        const auto page = co_await ask("/");
        EXPECT_EQ(page.status(), 200);
        EXPECT_EQ(page.body, served_page());
        EXPECT_EQ(page.find("Content-Type"), "text/html; charset=utf-8");
        EXPECT_EQ(page.find("Content-Security-Policy"), served_page_policy());
        EXPECT_NE(served_page_policy().find("frame-ancestors 'none'"), std::string::npos);
        EXPECT_EQ(page.find("Cache-Control"), "no-store");
        EXPECT_EQ(page.find("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(page.find("Referrer-Policy"), "no-referrer");
        EXPECT_EQ(page.find("X-Frame-Options"), "DENY");
        EXPECT_FALSE(page.find("Access-Control-Allow-Origin"));
    });
}

TEST_F(watch_server_test, answers_at_once_where_there_is_news) {
    drive([&]() -> awaitable<void> {
        const auto all = co_await ask("/events?since=0&run=&wait=30");
        EXPECT_EQ(all.status(), 200);
        EXPECT_EQ(all.find("Content-Type"), "application/json");
        EXPECT_EQ(all.find("Cache-Control"), "no-store");
        const auto said = json::parse(all.body);
        EXPECT_TRUE(said["reset"]);
        EXPECT_EQ(said["workers"].size(), 1U);
        const auto since = std::to_string(said["revision"].get<std::uint64_t>());
        told.worker(2, lane_state::loading, "", now());
        const auto news = co_await ask("/events?run=abc&wait=30&since=" + since);
        EXPECT_EQ(json::parse(news.body)["workers"].size(), 1U);
        EXPECT_FALSE(json::parse(news.body)["reset"]);
    });
}

TEST_F(watch_server_test, has_whoever_knows_all_wait_for_news) {
    drive([&]() -> awaitable<void> {
        auto line = co_await begin_to_wait(waiting_query());
        told.worker(2, lane_state::loading, "", now());
        x_server.look_again();
        const auto news = co_await line.read_message();
        EXPECT_EQ(json::parse(news.body)["workers"][0]["worker"], 2);
    });
}

TEST_F(watch_server_test, answers_without_news_when_the_time_is_up) {
    drive([&]() -> awaitable<void> {
        const auto since = std::to_string(told.revision());
        for (const char* wait : {"", "&wait=0", "&wait=0.01"}) {
            const auto none = co_await ask("/events?since=" + since + wait);
            const auto said = json::parse(none.body);
            EXPECT_FALSE(said["reset"]);
            EXPECT_TRUE(said["workers"].empty());
            EXPECT_EQ(said["revision"], told.revision());
            EXPECT_TRUE(said.contains("overview"));
        }
    });
}

TEST_F(watch_server_test, tells_everything_to_whoever_comes_from_another_run) {
    drive([&]() -> awaitable<void> {
        const auto since = std::to_string(told.revision());
        for (const auto& query :
             {"since=" + since + "&run=other&wait=30", std::string("since=99999&run=abc&wait=30")}) {
            const auto all = co_await ask("/events?" + query);
            EXPECT_TRUE(json::parse(all.body)["reset"]) << query;
            EXPECT_EQ(json::parse(all.body)["workers"].size(), 1U);
        }
    });
}

TEST_F(watch_server_test, lets_sixteen_watch_and_answers_the_oldest_early) {
    drive([&]() -> awaitable<void> {
        std::vector<raw_connection> lines;
        for (std::size_t i = 0; i < most_watchers; ++i)
            lines.push_back(co_await begin_to_wait(waiting_query()));
        auto one_more = co_await test::connect_raw(port());
        auto text = request(waiting_query());
        co_await one_more.send(std::move(text));
        const auto early = co_await lines.front().read_message();
        EXPECT_EQ(early.status(), 200);
        EXPECT_TRUE(json::parse(early.body)["workers"].empty());
        while (x_server.waiting() != most_watchers)
            co_await asio::post(asio::use_awaitable);
        told.worker(2, lane_state::loading, "", now());
        x_server.look_again();
        for (std::size_t i = 1; i < lines.size(); ++i) {
            const auto news = co_await lines[i].read_message();
            EXPECT_EQ(json::parse(news.body)["workers"].size(), 1U);
        }
        const auto news = co_await one_more.read_message();
        EXPECT_EQ(json::parse(news.body)["workers"].size(), 1U);
    });
}

TEST_F(watch_server_test, refuses_a_parameter_that_makes_no_sense_by_its_name) {
    const std::vector<std::pair<std::string, std::string>> table = {
        {"since=-1", "since"},
        {"since=1.5", "since"},
        {"since=", "since"},
        {"since", "since"},
        {"since=99999999999999999999", "since"},
        {"wait=31", "wait"},
        {"wait=-1", "wait"},
        {"wait=nan", "wait"},
        {"wait=inf", "wait"},
        {"wait=", "wait"},
        {"wait=x", "wait"},
        {"run=%3Cscript%3E", "run"},
        {"run=A", "run"},
        {"run=" + std::string(65, 'a'), "run"},
        {"sinse=1", "sinse"},
    };
    drive([&]() -> awaitable<void> {
        for (const auto& [query, name] : table) {
            std::string target = "/events?" + query;
            const auto refused = co_await ask(std::move(target));
            EXPECT_EQ(refused.status(), 422) << query;
            EXPECT_TRUE(json::parse(refused.body)["error"].get<std::string>().starts_with(name + ": "))
                << query;
        }
    });
}

TEST_F(watch_server_test, knows_two_paths_and_one_verb) {
    drive([&]() -> awaitable<void> {
        EXPECT_EQ((co_await ask("/else")).status(), 404);
        EXPECT_EQ((co_await ask("/events/")).status(), 404);
        for (const char* path : {"/", "/events"}) {
            const auto refused = co_await ask(path, "Content-Length: 0\r\n", "POST");
            EXPECT_EQ(refused.status(), 405);
            EXPECT_EQ(refused.find("Allow"), "GET, HEAD");
        }
    });
}

TEST_F(watch_server_test, lets_no_foreign_page_read) {
    struct row {
        const char* headers;
        const char* named;
    };
    const row table[] = {
        {"Host: rebound.example:8090\r\n", "Host"},
        {"Host: 10.0.0.1\r\n", "Host"},
        {"Origin: http://evil.example\r\n", "Origin"},
        {"Origin: null\r\n", "Origin"},
        {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site"},
        {"Sec-Fetch-Site: same-site\r\n", "Sec-Fetch-Site"},
        {"Referer: http://evil.example/\r\n", "Referer"},
        {"X-Forwarded-For: 10.0.0.1\r\n", "X-Forwarded-For"},
    };
    drive([&]() -> awaitable<void> {
        for (const char* path : {"/", "/events", "/else"}) {
            for (const auto& row : table) {
                const auto refused = co_await ask(path, row.headers);
                EXPECT_EQ(refused.status(), 403) << path << row.headers;
                EXPECT_NE(refused.body.find(row.named), std::string::npos) << refused.body;
            }
            std::string own = "Sec-Fetch-Site: same-origin\r\n";
            EXPECT_NE((co_await ask(path, std::move(own))).status(), 403);
        }
    });
}

TEST_F(watch_server_test, says_where_a_browser_finds_it) {
    EXPECT_TRUE(x_server.url().starts_with("http://127.0.0.1:"));
    EXPECT_TRUE(x_server.url().ends_with("/"));
    drive([]() -> awaitable<void> { co_return; });
}

}  // namespace
}  // namespace nullworker::client::watch
