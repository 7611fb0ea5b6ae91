#include "support/drive.hpp"
#include "support/raw_connection.hpp"
#include "support/test_worker.hpp"

#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

// An autoscaler that fails in every way it can, and what it knows of the worker once it is well again: all
// that happened, once, in order.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* reports = "/worker_status/";
constexpr const char* deliveries = "/delete_requests/";

void answer_always(scripted_peer& peer, const net::reply& answer) {
    peer.reply_always(reports, answer);
    peer.reply_always(deliveries, answer);
}

// ---- what happened ------------------------------------------------------------------------------------

struct ending {
    std::int64_t request_idx = 0;
    std::string status;

    friend bool operator==(const ending&, const ending&) = default;
    friend std::ostream& operator<<(std::ostream& out, const ending& each) {
        return out << each.request_idx << ' ' << each.status;
    }
};

struct sums {
    double new_load = 0;
    double cur_perf = 0;
    double rej_load = 0;

    friend bool operator==(const sums&, const sums&) = default;
    friend std::ostream& operator<<(std::ostream& out, const sums& all) {
        return out << "new " << all.new_load << ", completed " << all.cur_perf << ", rejected "
                   << all.rej_load;
    }
};

// Loads and endings: those that happened, or those that the autoscaler was told and took.
struct history {
    sums load;
    std::vector<ending> endings;
};

// ---- what the autoscaler took ---------------------------------------------------------------------------

// Which requests to one path failed, by their number.
struct failures {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// The next `count` requests to `path` fail, in the way that `fail` makes the peer fail once.
failures next_fail(scripted_peer& peer, const std::string& path, std::size_t count,
                   const std::function<void(scripted_peer&, const std::string&)>& fail) {
    const auto begin = peer.requests(path).size();
    for (std::size_t i = 0; i < count; ++i)
        fail(peer, path);
    return {begin, begin + count};
}

history taken_by(scripted_peer& peer, failures failed_reports = {}, failures failed_deliveries = {}) {
    const auto failed = [](const failures& all, std::size_t i) { return i >= all.begin && i < all.end; };
    history out;
    const auto& told = peer.requests(reports);
    for (std::size_t i = 0; i < told.size(); ++i) {
        if (failed(failed_reports, i))
            continue;
        const auto report = json::parse(told[i].body);
        out.load.new_load += report.at("new_load").get<double>();
        out.load.cur_perf += report.at("cur_perf").get<double>();
        out.load.rej_load += report.at("rej_load").get<double>();
    }
    const auto& delivered = peer.requests(deliveries);
    for (std::size_t i = 0; i < delivered.size(); ++i) {
        if (failed(failed_deliveries, i))
            continue;
        const auto batch = json::parse(delivered[i].body);
        for (const auto& each : batch.at("requests"))
            out.endings.push_back(
                {each.at("request_idx").get<std::int64_t>(), each.at("status").get<std::string>()});
    }
    return out;
}

void expect_same(const history& taken, const history& happened) {
    EXPECT_EQ(taken.load, happened.load);
    EXPECT_EQ(taken.endings, happened.endings);
}

// ---- what the clients do --------------------------------------------------------------------------------

// A session, and in it a create that is rejected. Costs are integral, so that sums are exact.
asio::awaitable<void> one_session(test_worker& worker, std::int64_t request_idx, history& happened) {
    const double cost = 10.0 + static_cast<double>(request_idx);
    const json grant = worker.grant(request_idx, cost);
    const auto id = co_await worker.create(grant);
    happened.load.new_load += cost;

    const std::int64_t second = request_idx + 1000;
    json other = worker.create_body(worker.grant(second, 3));
    const auto rejected = co_await worker.post("/session/create", other);
    EXPECT_EQ(rejected.status, 429u);
    happened.load.rej_load += 3;
    happened.endings.push_back({second, "Rejected"});

    const auto ended = co_await worker.post("/session/end", reference(id, grant));
    EXPECT_EQ(ended.status, 200u);
    happened.load.cur_perf += cost;
    happened.endings.push_back({request_idx, "Success"});
}

asio::awaitable<void> sessions(test_worker& worker, std::int64_t first, std::int64_t last,
                               history& happened) {
    for (std::int64_t i = first; i <= last; ++i)
        co_await one_session(worker, i, happened);
}

// Waits no longer than it must between tries.
void impatient(app::settings& config) {
    config.delivery.pause = config.delivery.round_pause = 1ms;
}

void run(asio::io_context& loop, test_worker& worker, asio::awaitable<void> told) {
    const auto whole = [](test_worker& subject, asio::awaitable<void> inner) -> asio::awaitable<void> {
        co_await std::move(inner);
        co_await subject.stop();
    };
    worker.start();
    drive(loop, whole(worker, std::move(told)));
}

// ---- one address that fails -----------------------------------------------------------------------------

struct failing_way {
    const char* name;
    std::function<void(scripted_peer&, const std::string&)> once;
};

TEST(autoscaler_trouble, a_few_failures_in_a_row_lose_and_repeat_nothing) {
    const std::vector<failing_way> ways = {
        {"a 500",
         [](scripted_peer& peer, const std::string& path) { peer.reply_once(path, net::status_reply(500)); }},
        {"a 404",
         [](scripted_peer& peer, const std::string& path) { peer.reply_once(path, net::status_reply(404)); }},
        {"a redirection",
         [](scripted_peer& peer, const std::string& path) { peer.reply_once(path, net::status_reply(302)); }},
        {"no reply", [](scripted_peer& peer, const std::string& path) { peer.drop_once(path); }},
    };
    for (const auto& way : ways) {
        SCOPED_TRACE(way.name);
        asio::io_context loop;
        test_worker worker(loop, impatient);
        history happened;
        failures failed_reports;
        failures failed_deliveries;
        const auto told = [&]() -> asio::awaitable<void> {
            co_await worker.until_ready();
            failed_reports = next_fail(worker.autoscaler(), reports, 7, way.once);
            failed_deliveries = next_fail(worker.autoscaler(), deliveries, 7, way.once);
            co_await sessions(worker, 1, 3, happened);
            (void)co_await worker.autoscaler().received(reports, failed_reports.end + 1);
            (void)co_await worker.autoscaler().received(deliveries, failed_deliveries.end + 1);
        };
        run(loop, worker, told());
        expect_same(taken_by(worker.autoscaler(), failed_reports, failed_deliveries), happened);
    }
}

TEST(autoscaler_trouble, an_outage_of_many_rounds_loses_and_repeats_nothing) {
    asio::io_context loop;
    test_worker worker(loop, impatient);
    history happened;
    failures failed_reports;
    failures failed_deliveries;
    const auto told = [&]() -> asio::awaitable<void> {
        auto& autoscaler = worker.autoscaler();
        co_await worker.until_ready();
        answer_always(autoscaler, net::status_reply(503));
        failed_reports.begin = autoscaler.requests(reports).size();
        failed_deliveries.begin = autoscaler.requests(deliveries).size();
        for (int i = 0; i < 10; ++i) {
            co_await sessions(worker, 2 * i + 1, 2 * i + 2, happened);
            (void)co_await autoscaler.received(deliveries, autoscaler.requests(deliveries).size() + 4);
            (void)co_await autoscaler.received(reports, autoscaler.requests(reports).size() + 4);
        }
        failed_reports.end = autoscaler.requests(reports).size();
        failed_deliveries.end = autoscaler.requests(deliveries).size();
        answer_always(autoscaler, net::json_reply(200, "{}"));
        co_await sessions(worker, 21, 22, happened);
    };
    run(loop, worker, told());
    expect_same(taken_by(worker.autoscaler(), failed_reports, failed_deliveries), happened);
}

TEST(autoscaler_trouble, a_reply_that_comes_too_late_counts_as_none) {
    asio::io_context loop;
    test_worker worker(loop, [](app::settings& config) {
        impatient(config);
        config.delivery.try_limit = 1s;
    });
    history happened;
    failures failed_reports;
    failures failed_deliveries;
    const auto told = [&]() -> asio::awaitable<void> {
        const auto hold = [](scripted_peer& peer, const std::string& path) { peer.hold_once(path); };
        co_await worker.until_ready();
        failed_reports = next_fail(worker.autoscaler(), reports, 1, hold);
        failed_deliveries = next_fail(worker.autoscaler(), deliveries, 1, hold);
        co_await sessions(worker, 1, 2, happened);
        (void)co_await worker.autoscaler().received(reports, failed_reports.end + 1);
        (void)co_await worker.autoscaler().received(deliveries, failed_deliveries.end + 1);
        worker.autoscaler().let_go();
    };
    run(loop, worker, told());
    expect_same(taken_by(worker.autoscaler(), failed_reports, failed_deliveries), happened);
}

TEST(autoscaler_trouble, no_client_waits_for_the_autoscaler) {
    asio::io_context loop;
    test_worker worker(loop);
    history happened;
    const auto told = [&]() -> asio::awaitable<void> {
        auto& autoscaler = worker.autoscaler();
        co_await worker.until_ready();
        autoscaler.hold_once(reports);
        autoscaler.hold_once(deliveries);
        const auto so_far = autoscaler.requests(reports).size();
        co_await sessions(worker, 1, 1, happened);
        (void)co_await autoscaler.received(reports, so_far + 1);
        (void)co_await autoscaler.received(deliveries, 1);
        co_await sessions(worker, 2, 5, happened);
        // Both are still unanswered, so neither was waited for.
        EXPECT_EQ(autoscaler.requests(reports).size(), so_far + 1);
        EXPECT_EQ(autoscaler.requests(deliveries).size(), 1u);
        autoscaler.let_go();
    };
    run(loop, worker, told());
    expect_same(taken_by(worker.autoscaler()), happened);
}

// ---- more than one address ------------------------------------------------------------------------------

void ask_first(app::settings& config, const url& address) {
    config.report_addresses.insert(config.report_addresses.begin(), address);
    config.unsecured = true;  // no key is fetched: that has a patience of its own
}

// The worker's first address is `first`; whatever that does, the second one hears everything.
void expect_the_second_takes_all(asio::io_context& loop, const url& first,
                                 const std::function<void(app::settings&)>& adjust,
                                 const std::function<void()>& at_the_end) {
    test_worker worker(loop, [&](app::settings& config) {
        impatient(config);
        ask_first(config, first);
        adjust(config);
    });
    history happened;
    const auto told = [&]() -> asio::awaitable<void> {
        co_await worker.until_ready();
        co_await sessions(worker, 1, 3, happened);
        (void)co_await worker.completion(1);
        co_await sessions(worker, 4, 6, happened);
        (void)co_await worker.completion(12);
        at_the_end();
    };
    run(loop, worker, told());
    expect_same(taken_by(worker.autoscaler()), happened);
}

TEST(autoscaler_trouble, a_first_address_where_nobody_listens_is_passed_over) {
    asio::io_context loop;
    const auto nobody =
        parse_url("http://127.0.0.1:" + std::to_string(closed_port(loop.get_executor()))).value();
    expect_the_second_takes_all(
        loop, nobody, [](app::settings&) {}, [] {});
}

TEST(autoscaler_trouble, a_first_address_that_never_answers_is_passed_over) {
    asio::io_context loop;
    const raw_listener silent(loop.get_executor());  // the kernel connects, and nobody reads
    expect_the_second_takes_all(
        loop, parse_url(silent.origin()).value(),
        [](app::settings& config) {
            config.delivery.tries_per_address = 1;
            config.delivery.try_limit = 1s;
        },
        [] {});
}

// Half a reply to each request, then a reset.
asio::awaitable<void> cut_replies(raw_listener& from, int& cut) {
    const std::string half =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"a\":";
    try {
        for (;;) {
            auto peer = co_await from.accept();
            (void)co_await peer.read_message();
            co_await peer.send(half);
            peer.reset();
            ++cut;
        }
    } catch (const boost::system::system_error&) {
        // The test closed the listener.
    }
}

TEST(autoscaler_trouble, half_a_reply_is_no_acceptance) {
    asio::io_context loop;
    raw_listener cutting(loop.get_executor());
    int cut = 0;
    task_group tasks(loop.get_executor());
    tasks.spawn(cut_replies(cutting, cut));
    expect_the_second_takes_all(
        loop, parse_url(cutting.origin()).value(), [](app::settings&) {}, [&] { cutting.close(); });
    EXPECT_GE(cut, 1);
    EXPECT_LE(cut, 4);  // the key and three tries of the first report; the first parcel knows better
}

// A worker with two addresses, of which the test plays both.
struct two_addresses {
    asio::io_context loop;
    scripted_peer first{loop.get_executor()};
    std::optional<test_worker> worker;
    history happened;

    explicit two_addresses(std::chrono::steady_clock::duration return_after) {
        answer_always(first, net::status_reply(503));
        worker.emplace(loop, [&](app::settings& config) {
            impatient(config);
            ask_first(config, first.at(""));
            config.delivery.return_after = return_after;
        });
    }

    // The first address outlives the worker, which may have its last words for it.
    void play(asio::awaitable<void> told) {
        const auto whole = [](two_addresses& self, asio::awaitable<void> inner) -> asio::awaitable<void> {
            co_await std::move(inner);
            co_await self.worker->stop();
            co_await self.first.stop();
        };
        worker->start();
        drive(loop, whole(*this, std::move(told)));
    }
};

TEST(autoscaler_trouble, a_first_address_that_fails_is_tried_for_one_message_and_then_left_alone) {
    two_addresses s(1h);
    const auto told = [&]() -> asio::awaitable<void> {
        co_await s.worker->until_ready();
        co_await sessions(*s.worker, 1, 3, s.happened);
        (void)co_await s.worker->completion(6);
        co_await sessions(*s.worker, 4, 6, s.happened);
        (void)co_await s.worker->completion(12);
    };
    s.play(told());
    EXPECT_EQ(s.first.requests(reports).size(), 3u);
    EXPECT_EQ(s.first.requests(deliveries).size(), 0u) << "the reports had found out";
    expect_same(taken_by(s.worker->autoscaler()), s.happened);
}

TEST(autoscaler_trouble, a_first_address_that_is_back_is_found_again_and_preferred) {
    two_addresses s(0s);
    failures failed_reports;
    failures failed_deliveries;
    std::size_t at_the_second = 0;
    const auto told = [&]() -> asio::awaitable<void> {
        co_await s.worker->until_ready();
        co_await sessions(*s.worker, 1, 3, s.happened);
        (void)co_await s.worker->completion(6);
        failed_reports.end = s.first.requests(reports).size();
        failed_deliveries.end = s.first.requests(deliveries).size();
        answer_always(s.first, net::json_reply(200, "{}"));
        co_await sessions(*s.worker, 4, 4, s.happened);
        (void)co_await s.first.received(deliveries, failed_deliveries.end + 1);
        at_the_second = s.worker->autoscaler().requests(deliveries).size();
        co_await sessions(*s.worker, 5, 6, s.happened);
    };
    s.play(told());
    EXPECT_EQ(s.worker->autoscaler().requests(deliveries).size(), at_the_second);
    auto taken = taken_by(s.worker->autoscaler());
    const auto back = taken_by(s.first, failed_reports, failed_deliveries);
    taken.load.new_load += back.load.new_load;
    taken.load.cur_perf += back.load.cur_perf;
    taken.load.rej_load += back.load.rej_load;
    taken.endings.insert(taken.endings.end(), back.endings.begin(), back.endings.end());
    expect_same(taken, s.happened);
}

// ---- what the operator hears ----------------------------------------------------------------------------

asio::awaitable<std::string> until_health_is(test_worker& worker, unsigned status) {
    for (;;) {
        const auto answer = co_await control_get(worker, "/health");
        if (answer.status == status)
            co_return answer.body;
    }
}

TEST(unreachable_autoscaler, is_a_reason_and_a_gauge_until_a_report_is_accepted) {
    asio::io_context loop;
    test_worker worker(
        loop,
        [](app::settings& config) {
            config.unreachable_after = seconds(0.05);
            config.delivery.pause = config.delivery.round_pause = 5ms;
        },
        [](scripted_peer& peer) { answer_always(peer, net::text_reply(401, "no")); });
    worker.start();
    const auto story = [](test_worker& subject) -> asio::awaitable<void> {
        (void)co_await subject.autoscaler().received(reports, 2);
        std::string reasons;
        do
            reasons = co_await until_health_is(subject, 503);
        while (reasons.find("the autoscaler has accepted no report for more than 0.05 s") ==
               std::string::npos);
        EXPECT_NE(reasons.find("HTTP status 401"), std::string::npos) << reasons;
        const auto lost = co_await control_get(subject, "/metrics");
        EXPECT_NE(lost.body.find("\nnullworker_autoscaler_unreachable 1\n"), std::string::npos);
        const auto tried = subject.reports();
        answer_always(subject.autoscaler(), net::json_reply(200, "{}"));
        const auto report = co_await subject.report(is_ready, tried);
        EXPECT_EQ(report["error_msg"], "");
        (void)co_await until_health_is(subject, 200);
        const auto found = co_await control_get(subject, "/metrics");
        EXPECT_NE(found.body.find("\nnullworker_autoscaler_unreachable 0\n"), std::string::npos);
        co_await subject.stop();
    };
    drive(loop, story(worker));
}

TEST(unreachable_autoscaler, reports_far_apart_are_no_outage) {
    with_worker(
        [](test_worker& worker) -> asio::awaitable<void> {
            const auto much_later = std::chrono::steady_clock::now() + 100ms;
            while (std::chrono::steady_clock::now() < much_later) {
                const auto answer = co_await control_get(worker, "/health");
                EXPECT_EQ(answer.status, 200u) << answer.body;
            }
        },
        [](app::settings& config) {
            config.unreachable_after = seconds(0.05);
            config.report_interval = seconds(3600);
        });
}

}  // namespace
}  // namespace nullworker::test
