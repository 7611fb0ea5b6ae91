#include "beside_a_worker.hpp"
#include "elsewhere.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/base/clock.hpp>
#include <nullworker/base/url.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// `nullworker watch` as users run it: at a fleet of this machine, and at an endpoint that this program plays.
namespace nullworker::test {
namespace {

using nlohmann::json;

std::vector<json> documents_in(const std::string& text) {
    std::vector<json> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        out.push_back(json::parse(line));
    return out;
}

// The text between the last `before` and the next `behind`.
std::string between(const std::string& text, const std::string& before, char behind) {
    const auto begin = text.rfind(before) + before.size();
    return text.substr(begin, text.find(behind, begin) - begin);
}

// What a document says is so now, put together from all that came.
class shown_timeline {
public:
    explicit shown_timeline(const std::vector<json>& documents) {
        for (const auto& one : documents)
            put(one);
    }

    // The states of the worker's lane so far, in order.
    [[nodiscard]] std::vector<std::string> states_of(std::int64_t worker) const {
        std::vector<std::string> out;
        for (const auto& [lane, spans] : x_spans)
            if (x_workers.at(lane) == worker)
                for (const auto& [index, span] : spans)
                    out.push_back(span.at("state"));
        return out;
    }

    [[nodiscard]] bool was_ever(const std::string& state) const {
        for (const auto& [lane, spans] : x_spans)
            for (const auto& [index, span] : spans)
                if (span.at("state") == state)
                    return true;
        return false;
    }

    // Lanes that are those of sessions alone.
    [[nodiscard]] std::size_t lanes_without_worker() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(x_workers, [](const auto& one) { return one.second.is_null(); }));
    }

    [[nodiscard]] std::vector<json> sessions() const {
        std::vector<json> out;
        for (const auto& [key, session] : x_sessions)
            out.push_back(session);
        return out;
    }

    [[nodiscard]] const json& last() const { return x_last; }

private:
    void put(const json& document) {
        if (document.at("reset") == true) {
            x_spans.clear();
            x_workers.clear();
            x_sessions.clear();
        }
        for (const auto& lane : document.at("workers")) {
            const int number = lane.at("lane");
            x_workers[number] = lane.at("worker");
            for (const auto& span : lane.at("spans"))
                x_spans[number][span.at("index")] = span;
        }
        for (const auto& session : document.at("sessions"))
            x_sessions[session.at("key")] = session;
        x_last = document;
    }

    std::map<int, std::map<int, json>> x_spans;
    std::map<int, json> x_workers;
    std::map<std::string, json> x_sessions;
    json x_last;
};

// With a fleet that a `follow` has sessions on.
class watch_at_a_fleet : public testing::Test {
protected:
    void start(std::vector<std::string> more = {}) {
        std::vector<std::string> words = {
            NULLWORKER_PROGRAM,     "fleet", "--port", "0", "--worker-port", "23100",
            "--inactivity-timeout", "600"};
        words.insert(words.end(), more.begin(), more.end());
        x_fleet.emplace(words);
        x_fleet->wait_for("autoscaler and console at ");
        x_fleet->wait_for(", endpoint");
        x_url = between(x_fleet->out(), "autoscaler and console at ", ',');
    }

    [[nodiscard]] std::vector<std::string> at_it(std::vector<std::string> words) const {
        words.insert(words.begin(), NULLWORKER_PROGRAM);
        for (const auto& word :
             {std::string("--instance"), std::string("local"), std::string("--autoscaler-url"), x_url,
              std::string("--console-url"), x_url, std::string("--state"), x_files.file("follow")})
            words.push_back(word);
        return words;
    }

    void queue(const std::string& depth) {
        std::ofstream(x_files.file("new")) << depth;
        std::filesystem::rename(x_files.file("new"), x_files.file("depth"));
    }

    [[nodiscard]] std::vector<std::string> follow() const {
        return at_it({"follow", "--depth", "cat " + x_files.file("depth"), "--max", "3", "--interval", "0.05",
                      "--hysteresis", "0.2"});
    }

    temporary_directory x_files;
    std::optional<program> x_fleet;
    std::string x_url;
};

TEST_F(watch_at_a_fleet, lines_tell_of_workers_and_of_the_sessions_of_a_follow) {
    start();
    queue("1");
    program it(at_it({"watch", "--every", "1"}));
    it.wait_for("watching endpoint local at " + x_url);
    program sessions(follow());
    sessions.wait_for("session 1  held");
    const auto id = between(sessions.out(), "session 1  held      ", ' ');
    it.wait_for("session " + id + " is held on worker 1");
    it.wait_for("1 reserved");
    sessions.signal(SIGTERM);
    EXPECT_EQ(sessions.wait(), 0) << sessions.out();
    it.wait_for("session " + id + " ended");
    it.wait_for("1 ready");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    EXPECT_EQ(it.err(), "");
    EXPECT_FALSE(contains(it.out(), "taken")) << it.out();
    EXPECT_FALSE(contains(it.out(), "\x1b")) << "a pipe gets plain lines";
}

TEST_F(watch_at_a_fleet, documents_have_the_same_and_no_grant) {
    start({"--price", "0.25"});
    queue("2");
    program it(at_it({"watch", "--every", "1", "--json"}));
    program sessions(follow());
    sessions.wait_for("session 2  held");
    program stranger(at_it({"hold"}));
    it.wait_for(R"("reserved")");
    it.wait_for(R"("dollars_per_hour":0.5)");
    sessions.signal(SIGTERM);
    EXPECT_EQ(sessions.wait(), 0);
    it.wait_for(R"("outcome":")");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 128 + SIGTERM);
    for (const auto* secret : {"signature", "reqnum", "claim", "grant"})
        EXPECT_FALSE(contains(it.out(), secret)) << secret;
    const auto documents = documents_in(it.out());
    EXPECT_EQ(documents.front().at("reset"), true);
    const shown_timeline shown(documents);
    EXPECT_EQ(shown.last().at("source"), "endpoint");
    EXPECT_GT(shown.last().at("overview").at("seconds").at("used"), 0.0);
    ASSERT_EQ(shown.sessions().size(), 2U);
    for (const auto& session : shown.sessions()) {
        EXPECT_TRUE(session.at("worker").is_number()) << session;
        EXPECT_EQ(session.at("cost"), 100.0);
    }
}

TEST_F(watch_at_a_fleet, a_worker_with_a_session_of_somebody_else_is_taken) {
    start();
    program stranger({NULLWORKER_PROGRAM, "hold", "--instance", "local", "--autoscaler-url", x_url,
                      "--console-url", x_url});
    stranger.wait_for("held");
    program it(at_it({"watch", "--every", "1"}));
    it.wait_for("(1 taken)");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    stranger.signal(SIGTERM);
    EXPECT_EQ(stranger.wait(), 128 + SIGTERM);
}

TEST_F(watch_at_a_fleet, a_page_is_served_to_this_machine) {
    start();
    program it(at_it({"watch", "--serve", "127.0.0.1:0"}));
    it.wait_for("the page is at http://127.0.0.1:");
    it.wait_for("watching");
    const auto page = between(it.out(), "the page is at ", '\n');
    const auto shown = send({.target = parse_url(page).value()});
    EXPECT_EQ(shown.status, 200U);
    EXPECT_TRUE(contains(shown.body, "<html"));
    const auto told = send({.target = parse_url(page + "events?since=0").value()});
    EXPECT_EQ(told.status, 200U);
    EXPECT_EQ(json::parse(told.body).at("title"), "endpoint local at " + x_url);
    const auto foreign = send({.target = parse_url(page + "events?since=0").value(),
                               .headers = {{"Sec-Fetch-Site", "cross-site"}}});
    EXPECT_EQ(foreign.status, 403U);
    program second(at_it({"watch", "--serve", page.substr(7, page.size() - 8)}));
    EXPECT_EQ(second.wait(), 2);
    EXPECT_TRUE(contains(second.err(), "--serve")) << second.err();
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
}

TEST_F(watch_at_a_fleet, a_fleet_that_ends_is_told_and_waited_for) {
    start();
    program it(at_it({"watch", "--every", "1"}));
    it.wait_for("watching");
    x_fleet->signal(SIGTERM);
    EXPECT_EQ(x_fleet->wait(), 0);
    it.wait_for("; trying again");
    it.wait_for("what is told is old: nothing was heard for");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
}

TEST_F(watch_at_a_fleet, tells_why_a_worker_is_in_error) {
    const auto consumer = x_files.file("consumer");
    std::ofstream(consumer) << "well";
    start({"--min-load", "100", "--error-timeout", "600", "--worker",
           "BACKEND_HEALTH_URL='exec:test -e " + consumer +
               "' NULLWORKER_UNHEALTHY_AFTER=1 NULLWORKER_HEALTH_INTERVAL=0.2 " + NULLWORKERD_PROGRAM});
    program it(at_it({"watch", "--every", "1"}));
    it.wait_for("(1 ready)");
    std::filesystem::remove(consumer);
    it.wait_for("worker 1 is in error: ");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
}

// ---- an endpoint that this program plays ----

class watch_elsewhere : public elsewhere {
protected:
    static constexpr const char* workers_path = "/get_endpoint_workers/";
    static constexpr const char* endpoints_path = "/api/v0/endptjobs/";
    static constexpr const char* status_path = "/session/status";

    program& watch(const std::vector<std::string>& more = {}) {
        std::vector<std::string> words = {NULLWORKER_PROGRAM, "watch",
                                          "--endpoint",       "local",
                                          "--api-key",        "account-key",
                                          "--autoscaler-url", x_peer.origin(),
                                          "--console-url",    x_peer.origin(),
                                          "--state",          x_files.file("follow"),
                                          "--every",          "1"};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }

    // What a `follow` would have written of one session, which this program is the worker of.
    void note_session() {
        const auto until = epoch_seconds(now().wall) + 600;
        const json grant = {{"url", x_peer.origin()}, {"cost", 100}, {"signature", "a-signature"}};
        std::ofstream file(x_files.file("follow"));
        file << json{{"nullworker_follow", 1},
                     {"boot_id", "of another machine"},
                     {"autoscaler", x_peer.origin()},
                     {"endpoint_id", 1}}
             << '\n'
             << json{{"n", 1},
                     {"order", 1},
                     {"request_idx", 7},
                     {"until", {1.0, until}},
                     {"worker_url", x_peer.origin()},
                     {"grant", grant.dump()},
                     {"claim", "a-claim"},
                     {"session_id", "Ab3"}}
             << '\n';
    }

    static net::reply standing(const std::string& more = "") {
        return net::json_reply(200, R"({"remaining": 300, "protected": 0, "retiring": false)" + more + "}");
    }

    static net::reply one_worker(const std::string& status, double load) {
        wire::worker_info one;
        one.id = 17;
        one.status = status;
        one.cur_load = load;
        one.perf = 100;
        return net::json_reply(200, wire::to_json(std::vector{one}));
    }
};

TEST_F(watch_elsewhere, a_session_is_drawn_on_the_worker_that_tells_its_id_and_no_secret_is_shown) {
    note_session();
    x_peer.script().reply_always(workers_path, one_worker("IDLE", 100));
    x_peer.script().reply_always(status_path, standing(R"(, "worker_id": 17)"));
    auto& it = watch({"--json"});
    it.wait_for(R"("reserved")");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    for (const auto* secret : {"a-signature", "a-claim", "account-key", "endpoint-key"})
        EXPECT_FALSE(contains(it.out() + it.err(), secret)) << secret;
    const shown_timeline shown(documents_in(it.out()));
    EXPECT_EQ(shown.states_of(17), std::vector<std::string>{"reserved"}) << "never taken by others";
    ASSERT_EQ(shown.sessions().size(), 1U);
    EXPECT_EQ(shown.sessions()[0].at("session_id"), "Ab3");
    EXPECT_EQ(shown.sessions()[0].at("worker"), 17);
    EXPECT_EQ(shown.sessions()[0].at("wait"), nullptr) << "nobody here knows when it was asked for";
    EXPECT_NEAR(shown.sessions()[0].at("planned_end").get<double>(), epoch_seconds(now().wall) + 300, 20);
}

TEST_F(watch_elsewhere, a_session_of_a_worker_that_tells_no_id_has_a_lane_of_its_own) {
    note_session();
    x_peer.script().reply_always(workers_path, one_worker("IDLE", 100));
    x_peer.script().reply_always(status_path, standing());
    auto& it = watch({"--json"});
    it.wait_for(R"("taken")");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    const shown_timeline shown(documents_in(it.out()));
    EXPECT_EQ(shown.states_of(17), std::vector<std::string>{"taken"});
    EXPECT_EQ(shown.lanes_without_worker(), 1U);
}

TEST_F(watch_elsewhere, no_question_is_asked_again_before_the_time_that_a_refusal_names) {
    auto refusal = net::text_reply(429, "API requests too frequent");
    refusal.headers.emplace_back("Retry-After", "3600");
    x_peer.script().reply_always(workers_path, refusal);
    auto& it = watch();
    it.wait_for("cannot list the workers: HTTP status 429");
    x_peer.await_requests(endpoints_path, 5);
    EXPECT_EQ(x_peer.asked(workers_path), 1U);
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
}

TEST_F(watch_elsewhere, prices_that_the_key_may_not_read_are_asked_for_once_and_not_missed) {
    x_peer.script().reply_always("/api/v0/instances/", net::json_reply(403, R"({"msg": "no"})"));
    x_peer.script().reply_always(workers_path, one_worker("idle", 0));
    auto& it = watch({"--price", "0.5"});
    x_peer.await_requests(workers_path, 4);
    EXPECT_EQ(x_peer.asked("/api/v0/instances/"), 1U);
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
    EXPECT_FALSE(contains(it.out() + it.err(), "403")) << it.out();
}

TEST_F(watch_elsewhere, prices_of_instances_count_before_the_price_of_the_command_line) {
    x_peer.script().reply_always("/api/v0/instances/",
                                 net::json_reply(200, R"({"instances": [{"id": 17, "dph_total": 0.25}]})"));
    x_peer.script().reply_always(workers_path, one_worker("idle", 0));
    auto& it = watch({"--price", "0.5", "--json"});
    it.wait_for(R"("dollars_per_hour":0.25)");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
}

TEST_F(watch_elsewhere, a_key_of_the_endpoint_that_was_changed_is_found_out) {
    x_peer.script().reply_by(workers_path, [](const net::request& asked) {
        const bool knows = asked.body.find("second-key") != std::string::npos;
        return knows ? one_worker("idle", 0) : net::json_reply(401, "{}");
    });
    auto& it = watch();
    it.wait_for("cannot list the workers: HTTP status 401");
    x_peer.then_reply(endpoints_path, endpoint_with("second-key"));
    it.wait_for("heard again");
    it.wait_for("(1 ready)");
    it.signal(SIGINT);
    EXPECT_EQ(it.wait(), 128 + SIGINT);
}

TEST_F(watch_elsewhere, an_endpoint_that_vanishes_ends_it) {
    auto& it = watch();
    x_peer.await_requests(workers_path, 1);
    x_peer.then_reply(endpoints_path, net::json_reply(200, R"({"results": []})"));
    EXPECT_EQ(it.wait(), 1);
    EXPECT_EQ(it.err(), "nullworker: the account has no endpoint 'local' any more\n");
}

TEST_F(watch_elsewhere, a_key_of_the_account_that_is_refused_ends_it) {
    auto& it = watch();
    x_peer.await_requests(workers_path, 1);
    x_peer.then_reply(endpoints_path, net::json_reply(401, R"({"msg": "bad account-key"})"));
    EXPECT_EQ(it.wait(), 1);
    EXPECT_TRUE(contains(it.err(), "(is VAST_API_KEY right?)")) << it.err();
    EXPECT_FALSE(contains(it.err(), "account-key")) << it.err();
}

TEST_F(watch_elsewhere, a_key_that_is_wrong_at_the_start_and_an_endpoint_that_is_not_there_end_it_at_once) {
    x_peer.script().reply_once(endpoints_path, net::json_reply(401, "{}"));
    x_peer.script().reply_once(endpoints_path, net::json_reply(200, R"({"results": []})"));
    auto& refused = watch();
    EXPECT_EQ(refused.wait(), 1);
    EXPECT_TRUE(contains(refused.err(), "(is VAST_API_KEY right?)")) << refused.err();
    auto& missing = watch();
    EXPECT_EQ(missing.wait(), 1);
    EXPECT_TRUE(contains(missing.err(), "there is no endpoint 'local'; this account has none"))
        << missing.err();
}

TEST_F(watch_elsewhere, a_state_file_of_another_endpoint_is_refused) {
    std::ofstream(x_files.file("follow"))
        << R"({"nullworker_follow":1,"boot_id":"x","autoscaler":"https://run.example","endpoint_id":77})"
        << "\n";
    auto& it = watch();
    EXPECT_EQ(it.wait(), 2);
    EXPECT_TRUE(contains(it.err(), "the sessions of endpoint 77 at https://run.example")) << it.err();
}

TEST(watch, is_refused_where_it_makes_no_sense) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> refusals = {
        {{}, "--endpoint is missing"},
        {{"--endpoint", "x", "--api-key", "k", "--serve", "0.0.0.0:8090"}, "--serve"},
        {{"--endpoint", "x", "--api-key", "k", "--serve", "192.0.2.1:8090"}, "--serve"},
        {{"--endpoint", "x", "--api-key", "k", "--serve", "8090"}, "--serve"},
        {{"--endpoint", "x", "--api-key", "k", "--tls"}, "--tls is for --instance local"},
        {{"--endpoint", "x", "--api-key", "k", "--every", "0.5"}, "--every"},
        {{"--endpoint", "x", "--api-key", "k", "--price", "-1"}, "--price"},
        {{"--endpoint", "x"}, "VAST_API_KEY is not set"},
    };
    for (const auto& [words, why] : refusals) {
        std::vector<std::string> whole = {NULLWORKER_PROGRAM, "watch"};
        whole.insert(whole.end(), words.begin(), words.end());
        program it(whole);
        EXPECT_EQ(it.wait(), 2) << why;
        EXPECT_TRUE(contains(it.err(), why)) << it.err();
    }
}

TEST(watch, where_no_fleet_answers_it_says_how_to_start_one) {
    program it({NULLWORKER_PROGRAM, "watch", "--instance", "local", "--autoscaler-url", "http://127.0.0.1:1",
                "--console-url", "http://127.0.0.1:1"});
    EXPECT_EQ(it.wait(), 1);
    EXPECT_TRUE(
        contains(it.err(), "no fleet answers at http://127.0.0.1:1; start one with `nullworker fleet`"))
        << it.err();
}

}  // namespace
}  // namespace nullworker::test
