#include "support/drive.hpp"
#include "support/program.hpp"
#include "support/scripted_peer.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_key.hpp"

#include <nullworker/base/deadline.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/net/http_client.hpp>
#include <nullworker/wire/route_grant.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

// A real daemon that is killed at random moments while a client reserves, asks, renews and ends without
// pause. The client knows what it was promised; the autoscaler knows what it was told; both must agree in the
// end.
namespace nullworker::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// The daemon must come back at the same ports: three below those that the system gives out, and others for
// each test process.
const std::uint16_t first_port = static_cast<std::uint16_t>(20000 + 3 * (::getpid() % 300));
constexpr std::chrono::seconds patience{280};

using clock = std::chrono::steady_clock;

// What a ping adds: so little that a second of them stays below the longest lifetime.
constexpr std::chrono::duration<double> renewal(5);

// NULLWORKER_KILLS and NULLWORKERD may choose another number, and another program: an optimised one, say.
int wanted_kills() {
    const char* text = std::getenv("NULLWORKER_KILLS");
    return text ? std::atoi(text) : 200;
}

std::string daemon_program() {
    const char* path = std::getenv("NULLWORKERD");
    return path ? path : NULLWORKERD_PROGRAM;
}

class crash_drill {
public:
    crash_drill(asio::io_context& loop, int kills)
        : x_kills(kills), x_autoscaler(loop.get_executor()), x_client(loop.get_executor(), x_trust) {
        x_autoscaler.reply_always("/pubkey/", net::text_reply(200, x_key.public_pem()));
        x_autoscaler.reply_always("/worker_status/", net::json_reply(200, "{}"));
        x_autoscaler.reply_always("/delete_requests/", net::json_reply(200, "{}"));
        json grant;
        grant["url"] = x_url;
        grant["endpoint"] = "drill";
        grant["cost"] = 100;
        grant["signature"] = x_key.sign(wire::signed_message(x_url));
        x_grant = std::move(grant);
    }

    asio::awaitable<void> run() {
        start_daemon();
        task_group killing(co_await asio::this_coro::executor);
        killing.spawn(kill_again_and_again());
        while (x_killed < x_kills)
            co_await one_session();
        co_await killing.join();
        co_await one_session();  // in a process that lives
        co_await until_all_is_delivered();
        co_await x_autoscaler.stop();
        x_daemon->signal(SIGKILL);
        x_daemon->wait();
    }

    // A client renews its session without pause for a second, and the daemon is killed then.
    asio::awaitable<void> run_with_renewals() {
        start_daemon();
        co_await until_it_answers();
        const json grant = numbered_grant();
        const json session = co_await create(grant, renewal.count());
        const json ping = ping_of(session);
        const std::string question = session.dump();
        const std::string renewing = ping.dump();
        const double before = co_await expiration(question);
        const auto until = clock::now() + 1s;
        while (clock::now() < until) {
            const auto answer = co_await persist("/ping", renewing);
            EXPECT_EQ(answer.first.status, 200U) << answer.first.body;
            x_renewals.push_back(clock::now());
        }
        x_daemon->signal(SIGKILL);
        x_killed_at = clock::now();
        x_daemon->wait();
        start_daemon();
        const double after = co_await expiration(question);
        x_kept_renewals = static_cast<std::size_t>(std::lround((after - before) / renewal.count()));
        co_await x_autoscaler.stop();
        x_daemon->signal(SIGKILL);
        x_daemon->wait();
    }

    [[nodiscard]] std::size_t renewals() const { return x_renewals.size(); }
    [[nodiscard]] std::size_t kept_renewals() const { return x_kept_renewals; }

    // How long before the kill the first of those was answered that are lost.
    [[nodiscard]] clock::duration lost_time() const {
        return x_kept_renewals < x_renewals.size() ? x_killed_at - x_renewals[x_kept_renewals]
                                                   : clock::duration::zero();
    }

    [[nodiscard]] int killed() const { return x_killed; }
    [[nodiscard]] int sessions() const { return x_request; }
    [[nodiscard]] int lost_sessions() const { return x_lost_sessions; }

    // Requests without a completion, and completions that were told in two ways.
    [[nodiscard]] int lost_completions() { return x_request - static_cast<int>(completions().size()); }
    [[nodiscard]] int contradictions() const { return x_contradictions; }

private:
    void start_daemon() {
        const auto port = [](int offset) { return std::to_string(first_port + offset); };
        const std::map<std::string, std::string> environment = {
            {"CONTAINER_ID", "4242"},
            {"PUBLIC_IPADDR", "127.0.0.1"},
            {"WORKER_PORT", port(0)},
            {"VAST_TCP_PORT_" + port(0), port(0)},
            {"NULL_CONTROL_PORT", port(2)},
            {"REPORT_ADDR", x_autoscaler.origin()},
            {"NULLWORKER_STATE_DIR", x_folder.file("state")},
            {"NULLWORKER_LOG_LEVEL", "error"},
        };
        const std::vector<std::string> command = {daemon_program()};
        x_daemon = std::make_unique<program>(command, environment);
    }

    // One in four dies before it is ready, the others while they work.
    asio::awaitable<void> kill_again_and_again() {
        std::uniform_int_distribution<int> youth(0, 150);
        std::uniform_int_distribution<int> work(0, 100);
        while (x_killed < x_kills) {
            const bool young = x_random() % 4 == 0;
            if (!young)
                co_await until_it_answers();
            const std::chrono::milliseconds lifetime(young ? youth(x_random) : work(x_random));
            co_await sleep_for(lifetime);
            x_daemon->signal(SIGKILL);
            const int code = x_daemon->wait();
            if (code != 128 + SIGKILL)
                throw std::runtime_error("the daemon ended by itself: " + x_daemon->err());
            ++x_killed;
            // Half of the processes die with what they owe: the first delivery of each fails, and the next is
            // 2 s off.
            if (x_random() % 2 == 0)
                x_autoscaler.reply_once("/delete_requests/", net::text_reply(500, "out"));
            start_daemon();
        }
    }

    asio::awaitable<void> until_it_answers() {
        net::http_client client(co_await asio::this_coro::executor, x_trust);
        for (;;) {
            net::call request{
                .target =
                    parse_url("http://127.0.0.1:" + std::to_string(first_port + 2) + "/health").value()};
            const auto answer = co_await client.send(std::move(request));
            if (answer && answer->status == 200)
                co_return;
            co_await sleep_for(1ms);
        }
    }

    // Sends until there is an answer that is not "later"; how often a reply may have been lost.
    asio::awaitable<std::pair<net::reply, int>> persist(std::string path, std::string body) {
        for (int lost = 0;; ++lost) {
            net::call request{.method = net::verb::post, .target = parse_url(x_url + path).value()};
            request.body = body;
            auto answer = co_await x_client.send(std::move(request));
            if (answer && answer->status != 503)
                co_return std::pair(std::move(*answer), lost);
            co_await sleep_for(1ms);
        }
    }

    json numbered_grant() {
        json grant = x_grant;
        grant["request_idx"] = grant["reqnum"] = ++x_request;
        return grant;
    }

    // What names the new session to the session routes; null where there is none.
    asio::awaitable<json> create(json grant, double lifetime) {
        json create;
        create["auth_data"] = grant;
        create["session_id"] = nullptr;
        create["payload"]["lifetime"] = lifetime;
        const std::string wanted = create.dump();
        const auto made = co_await persist("/session/create", wanted);
        EXPECT_EQ(made.first.status, 201U) << made.first.body;
        json session;
        if (made.first.status != 201)
            co_return session;
        session["session_id"] = json::parse(made.first.body)["session_id"];
        session["session_auth"] = std::move(grant);
        co_return session;
    }

    static json ping_of(const json& session) {
        json ping;
        ping["session_id"] = session["session_id"];
        ping["auth_data"] = session["session_auth"];
        ping["payload"] = json::object();
        return ping;
    }

    asio::awaitable<double> expiration(std::string question) {
        const auto answer = co_await persist("/session/get", question);
        EXPECT_EQ(answer.first.status, 200U) << answer.first.body;
        co_return json::parse(answer.first.body)["expiration"].get<double>();
    }

    asio::awaitable<void> one_session() {
        const json grant = numbered_grant();
        const json session = co_await create(grant, 3600);
        if (session.is_null()) {
            ++x_lost_sessions;
            co_return;
        }
        const json ping = ping_of(session);
        for (auto step = x_random() % 3; step > 0; --step) {
            const bool renew = x_random() % 2 == 0;
            const std::string path = renew ? "/ping" : "/session/get";
            const std::string body = renew ? ping.dump() : session.dump();
            const auto answer = co_await persist(path, body);
            EXPECT_EQ(answer.first.status, 200U) << answer.first.body;
            x_lost_sessions += answer.first.status == 200 ? 0 : 1;
        }
        const std::string over = session.dump();
        const auto ended = co_await persist("/session/end", over);
        const bool known = ended.first.status == 200 || (ended.first.status == 400 && ended.second > 0);
        EXPECT_TRUE(known) << ended.first.status << ' ' << ended.first.body;
        x_lost_sessions += known ? 0 : 1;
    }

    // Each request's completion, as it was told first.
    const std::map<std::int64_t, json>& completions() {
        const auto& deliveries = x_autoscaler.requests("/delete_requests/");
        for (; x_read < deliveries.size(); ++x_read) {
            const auto batch = json::parse(deliveries[x_read].body);
            for (const auto& entry : batch.at("requests")) {
                const auto [known, fresh] =
                    x_completions.emplace(entry.at("request_idx").get<std::int64_t>(), entry);
                if (!fresh && known->second != entry)
                    ++x_contradictions;
            }
        }
        return x_completions;
    }

    // They come in order: with that of the last session every other is here, or lost.
    asio::awaitable<void> until_all_is_delivered() {
        while (!completions().contains(x_request))
            (void)co_await x_autoscaler.received("/delete_requests/", x_read + 1);
    }

    int x_kills;
    temporary_directory x_folder;
    test_key x_key;
    scripted_peer x_autoscaler;
    std::shared_ptr<net::tls_trust> x_trust = std::make_shared<net::tls_trust>();
    net::http_client x_client;
    const std::string x_url = "http://127.0.0.1:" + std::to_string(first_port);
    json x_grant;
    std::unique_ptr<program> x_daemon;
    std::mt19937 x_random{20261124};
    int x_killed = 0;
    int x_request = 0;
    int x_lost_sessions = 0;
    int x_contradictions = 0;
    std::size_t x_read = 0;
    std::map<std::int64_t, json> x_completions;
    std::vector<clock::time_point> x_renewals;  // when each was answered
    std::size_t x_kept_renewals = 0;
    clock::time_point x_killed_at;
};

TEST(crash, killed_at_random_moments_the_daemon_loses_no_session_and_no_completion) {
    asio::io_context loop;
    const int kills = wanted_kills();
    crash_drill drill(loop, kills);
    drive(loop, drill.run(), patience);
    std::cout << drill.killed() << " kills, " << drill.sessions() << " sessions, " << drill.lost_sessions()
              << " sessions lost, " << drill.lost_completions() << " completions lost, "
              << drill.contradictions() << " told in two ways\n";
    EXPECT_GE(drill.killed(), kills);
    EXPECT_GT(drill.sessions(), kills);
    EXPECT_EQ(drill.lost_sessions(), 0);
    EXPECT_EQ(drill.lost_completions(), 0);
    EXPECT_EQ(drill.contradictions(), 0);
}

// A tenth of a second is what the daemon promises. The rest is for a machine that is busy with other things.
TEST(crash, at_most_the_renewals_of_the_last_moment_are_lost) {
    asio::io_context loop;
    crash_drill drill(loop, 0);
    drive(loop, drill.run_with_renewals(), patience);
    const auto lost = std::chrono::duration_cast<std::chrono::milliseconds>(drill.lost_time());
    std::cout << drill.renewals() << " renewals, " << drill.renewals() - drill.kept_renewals()
              << " lost, the first of them " << lost.count() << " ms before the kill\n";
    EXPECT_GT(drill.kept_renewals(), 0U);
    EXPECT_LE(drill.kept_renewals(), drill.renewals());
    EXPECT_LE(lost, 100ms + 400ms);
}

}  // namespace
}  // namespace nullworker::test
