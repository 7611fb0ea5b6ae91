#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// The figures of a running daemon.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

asio::awaitable<std::string> figures(test_worker& worker) {
    const auto answer = co_await control_get(worker, "/metrics");
    co_return answer.body;
}

void expect_lines(const std::string& page, const std::vector<std::string>& lines) {
    for (const auto& line : lines)
        EXPECT_NE(page.find('\n' + line + '\n'), std::string::npos) << line << " is not in\n" << page;
}

TEST(figures, tell_what_became_of_each_create) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const json grant = worker.grant(11);
        (void)co_await worker.create(grant);
        (void)co_await worker.create(grant);
        const json taken = worker.create_body(worker.grant(12));
        (void)co_await worker.post("/session/create", taken);
        (void)co_await control_post(worker, "/release");
        const json replayed = worker.create_body(grant);
        (void)co_await worker.post("/session/create", replayed);
        json forged = worker.create_body(worker.grant(13));
        forged["auth_data"]["signature"] = "bm90IGEgc2lnbmF0dXJl";
        (void)co_await worker.post("/session/create", forged);
        (void)co_await worker.post("/session/create", json::object());
        const auto page = co_await figures(worker);
        for (const auto& [result, count] : std::vector<std::pair<std::string, int>>{{"created", 1},
                                                                                    {"reissued", 1},
                                                                                    {"slot_taken", 1},
                                                                                    {"replayed", 1},
                                                                                    {"bad_signature", 1},
                                                                                    {"wrong_worker", 0},
                                                                                    {"not_ready", 0},
                                                                                    {"invalid", 1}})
            expect_lines(page,
                         {"nullworker_creates_total{result=\"" + result + "\"} " + std::to_string(count)});
    });
}

TEST(figures, tell_by_what_sessions_ended_how_long_they_were_held_and_when_their_jobs_began) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        (void)co_await worker.create(worker.grant(11));
        (void)co_await control_post(worker, "/protect", R"({"seconds": 60})");
        (void)co_await control_post(worker, "/release", R"({"outcome": "idle"})");
        (void)co_await worker.create(worker.grant(12));
        (void)co_await control_post(worker, "/release");
        const auto page = co_await figures(worker);
        expect_lines(page, {"nullworker_releases_total{cause=\"released\",outcome=\"idle\"} 1",
                            "nullworker_releases_total{cause=\"released\",outcome=\"done\"} 0",
                            "nullworker_releases_total{cause=\"released\",outcome=\"untold\"} 1",
                            "nullworker_releases_total{cause=\"ended\",outcome=\"untold\"} 0",
                            "nullworker_releases_total{cause=\"expired\",outcome=\"untold\"} 0",
                            "# TYPE nullworker_session_hold_seconds histogram",
                            "nullworker_session_hold_seconds_count 2",
                            "nullworker_session_hold_seconds_bucket{le=\"+Inf\"} 2",
                            "nullworker_session_wait_seconds_count 1"});
    });
}

TEST(figures, tell_the_latency_of_reports_and_the_failures_by_address) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            // A report is sent when the one before it was answered.
            (void)co_await worker.create(worker.grant(11));
            (void)co_await worker.report(is_busy);
            const auto page = co_await figures(worker);
            const auto address = worker.autoscaler().at("/");
            expect_lines(page,
                         {"nullworker_report_failures_total{address=\"" + address.text() + "\"} 1",
                          "nullworker_completion_failures_total{address=\"" + address.text() + "\"} 0"});
            EXPECT_EQ(page.find("nullworker_report_latency_seconds_count 0"), std::string::npos) << page;
        },
        [](app::settings& config) { config.delivery.pause = 5ms; },
        [](scripted_peer& peer) { peer.reply_once("/worker_status/", net::text_reply(500, "no")); });
}

TEST(figures, tell_how_long_ago_the_consumer_was_heard_once_it_was) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto before = co_await figures(worker);
        EXPECT_EQ(before.find("heartbeat_age"), std::string::npos) << before;
        (void)co_await control_post(worker, "/heartbeat");
        const auto page = co_await figures(worker);
        EXPECT_NE(page.find("\nnullworker_consumer_heartbeat_age_seconds 0."), std::string::npos) << page;
    });
}

TEST(figures, tell_what_runs_here_and_that_nothing_is_wrong) {
    with_worker([](test_worker& worker) -> asio::awaitable<void> {
        const auto page = co_await figures(worker);
        expect_lines(page,
                     {"nullworker_build_info{program=\"nullworkerd\",version=\"" NULLWORKER_VERSION "\"} 1",
                      "nullworker_error 0", "nullworker_healthy 1"});
    });
}

}  // namespace
}  // namespace nullworker::test
