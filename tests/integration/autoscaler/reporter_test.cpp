#include "support/drive.hpp"
#include "support/scripted_peer.hpp"

#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/autoscaler/reporter.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/wire/status_report.hpp>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

namespace nullworker::autoscaler {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using reservation::condition;
using reservation::problem_source;
using test::scripted_peer;

constexpr const char* report_path = "/worker_status/";

// A reporter, what it reports on, and the autoscaler that hears it.
struct reporter_scene {
    asio::io_context loop;
    scripted_peer peer{loop.get_executor()};
    std::function<void()> on_change;
    reservation::desk desk{{}, {[] { return std::string("id"); }, auth::fingerprint}, nullptr};
    reservation::readiness state{now(), [this] { on_change(); }};
    reporter reports;
    task_group tasks{loop.get_executor()};

    explicit reporter_scene(report_cadence cadence)
        : reports(loop.get_executor(),
                  uplink(loop.get_executor(), std::make_shared<net::tls_trust>(),
                         {.addresses = {peer.at("")}, .name = "report", .path = report_path}),
                  {.id = 1, .mtoken = "t", .version = "1.1.0", .url = "http://127.0.0.1:1"}, cadence, desk,
                  state) {
        on_change = [this] { reports.notify(); };
        peer.reply_always(report_path, net::json_reply(200, "{}"));
    }

    void become_ready() {
        state.meet(condition::listening, now());
        state.meet(condition::public_key, now());
        state.meet(condition::consumer, now());
    }

    awaitable<void> end() {
        reports.finish();
        co_await tasks.join();
        co_await peer.stop();
    }

    // Runs the reporter and, at the same time, `story`.
    void play(std::function<awaitable<void>()> story) {
        tasks.spawn(reports.run());
        const auto whole = [](reporter_scene& self,
                              std::function<awaitable<void>()> told) -> awaitable<void> {
            co_await told();
            co_await self.end();
        };
        test::drive(loop, whole(*this, std::move(story)));
    }

    awaitable<wire::status_report> report(std::size_t count) {
        const auto request = co_await peer.received(report_path, count);
        co_return wire::parse_status_report(request.body).value();
    }
};

TEST(reporter, the_first_report_of_a_worker_that_is_ready_soon_says_ready) {
    reporter_scene s({.closest = 10s});
    s.play([&s]() -> awaitable<void> {
        s.state.meet(condition::listening, now());
        co_await asio::post(s.loop, asio::use_awaitable);
        s.become_ready();
        const auto first = co_await s.report(1);
        EXPECT_EQ(first.max_perf, 100.0);
        EXPECT_EQ(s.peer.requests(report_path).size(), 1u);
    });
}

TEST(reporter, a_worker_that_is_not_ready_reports_all_the_same) {
    reporter_scene s({.closest = 20ms});
    s.play([&s]() -> awaitable<void> {
        const auto first = co_await s.report(1);
        EXPECT_EQ(first.max_perf, 0.0);
        s.become_ready();
        const auto second = co_await s.report(2);
        EXPECT_EQ(second.max_perf, 100.0);
    });
}

TEST(reporter, trouble_is_reported_before_the_worker_is_ready) {
    reporter_scene s({.closest = 10s});
    s.play([&s]() -> awaitable<void> {
        s.state.raise(problem_source::public_key, "no key", now());
        const auto first = co_await s.report(1);
        EXPECT_EQ(first.error_msg, "no key");
    });
}

TEST(reporter, a_worker_that_ends_before_it_was_ready_reports_once) {
    reporter_scene s({.closest = 10s});
    s.play([&s]() -> awaitable<void> {
        co_await asio::post(s.loop, asio::use_awaitable);
        s.reports.finish();
        co_await s.tasks.join();
        EXPECT_EQ(s.peer.requests(report_path).size(), 1u);
    });
}

TEST(reporter, has_no_more_to_say_at_the_end_where_nothing_has_changed) {
    reporter_scene s({.closest = 10s});
    s.play([&s]() -> awaitable<void> {
        s.become_ready();
        const auto first = co_await s.report(1);
        EXPECT_EQ(first.max_perf, 100.0);
        s.reports.finish();
        co_await s.tasks.join();
        EXPECT_EQ(s.peer.requests(report_path).size(), 1u);
    });
}

TEST(reporter, tells_once_of_a_change_that_comes_with_the_end) {
    reporter_scene s({.closest = 10s});
    s.play([&s]() -> awaitable<void> {
        s.become_ready();
        const auto first = co_await s.report(1);
        EXPECT_EQ(first.max_perf, 100.0);
        s.state.raise(problem_source::listener, "it ends", now());
        s.reports.finish();
        co_await s.tasks.join();
        EXPECT_EQ(s.peer.requests(report_path).size(), 2u);
        const auto last = co_await s.report(2);
        EXPECT_EQ(last.error_msg, "it ends");
    });
}

}  // namespace
}  // namespace nullworker::autoscaler
