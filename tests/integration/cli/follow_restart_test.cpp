#include "elsewhere.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/stat.h>

// A `follow` that ends in whatever way, and the next one, which goes on with its sessions.
namespace nullworker::test {
namespace {

// Whole or not at all, as a queue would tell it.
void set_depth(const temporary_directory& files, const std::string& depth) {
    std::ofstream(files.file("new")) << depth;
    std::filesystem::rename(files.file("new"), files.file("depth"));
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

// With a fleet that outlives it. Worker k has its control port at 23502 + 10 k.
class follow_restart : public testing::Test {
protected:
    explicit follow_restart(const std::string& start_delay = "0")
        : x_fleet({NULLWORKER_PROGRAM, "fleet", "--port", "0", "--worker-port", "23500", "--max-workers", "6",
                   "--start-delay", start_delay}) {}

    void SetUp() override {
        constexpr const char* before = "autoscaler and console at ";
        x_fleet.wait_for(before);
        x_fleet.wait_for(", endpoint");
        const auto& told = x_fleet.out();
        const auto begin = told.find(before) + std::string(before).size();
        x_url = told.substr(begin, told.find(',', begin) - begin);
    }

    void queue(const std::string& depth) { set_depth(x_files, depth); }

    [[nodiscard]] std::vector<std::string> follow(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> out = {NULLWORKER_PROGRAM,
                                        "follow",
                                        "--depth",
                                        "cat " + x_files.file("depth"),
                                        "--max",
                                        "3",
                                        "--interval",
                                        "0.05",
                                        "--hysteresis",
                                        "0.2",
                                        "--instance",
                                        "local",
                                        "--autoscaler-url",
                                        x_url,
                                        "--console-url",
                                        x_url,
                                        "--state",
                                        x_files.file("state/follow")};
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }

    // What the consumer of worker `number` says.
    static void say(int number, const std::vector<std::string>& words) {
        std::vector<std::string> whole = {NULLWORKER_PROGRAM};
        whole.insert(whole.end(), words.begin(), words.end());
        whole.insert(whole.end(), {"--control-port", std::to_string(23502 + 10 * (number - 1))});
        program said(whole);
        EXPECT_EQ(said.wait(), 0) << said.err();
    }

    [[nodiscard]] std::size_t requests() {
        x_fleet.signal(SIGTERM);
        EXPECT_EQ(x_fleet.wait(), 0);
        return count_of(x_fleet.out(), ": queued");
    }

    temporary_directory x_files;
    program x_fleet;
    std::string x_url;
};

TEST_F(follow_restart, after_a_kill_the_next_one_holds_the_same_sessions_and_no_machine_more) {
    queue("2");
    program first(follow());
    first.wait_for("session 1  held");
    first.wait_for("session 2  held");
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    program second(follow());
    second.wait_for("going on with 2 sessions");
    second.wait_for("work: 2");
    queue("1");
    second.wait_for("session 2  released");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_TRUE(contains(second.out(), "session 1  released")) << second.out();
    EXPECT_FALSE(contains(second.out(), "asking")) << second.out();
    EXPECT_EQ(requests(), 2U) << x_fleet.out();
}

// Where no machine comes.
class follow_restart_in_the_queue : public follow_restart {
protected:
    follow_restart_in_the_queue() : follow_restart("600") {}
};

TEST_F(follow_restart, after_a_kill_in_the_queue_the_next_one_asks_on_with_the_same_request) {
    queue("1");
    program first(follow());
    first.wait_for("queued    request 1");
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    program second(follow());
    second.wait_for("session 1  held");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_EQ(requests(), 1U) << x_fleet.out();
}

TEST_F(follow_restart_in_the_queue, a_request_that_nobody_wants_any_more_is_taken_back) {
    queue("1");
    program first(follow());
    first.wait_for("queued    request 1");
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    queue("0");
    program second(follow());
    second.wait_for("going on with 1 session");
    x_fleet.wait_for("request 1: dropped");  // a minute later, where nobody takes it back
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
}

TEST_F(follow_restart_in_the_queue, a_stop_takes_requests_back) {
    queue("1");
    program it(follow());
    it.wait_for("queued    request 1");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    x_fleet.wait_for("request 1: dropped");
}

TEST_F(follow_restart_in_the_queue, who_leaves_leaves_requests_too) {
    queue("1");
    program first(follow({"--on-stop", "leave"}));
    first.wait_for("queued    request 1");
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait(), 0) << first.out();
    program second(follow());
    second.wait_for("queued    request 1");
    EXPECT_FALSE(contains(x_fleet.out(), "dropped")) << x_fleet.out();
}

TEST_F(follow_restart, a_job_outlives_less_work_and_a_stop_and_a_start) {
    queue("2");
    program first(follow());
    first.wait_for("session 1  held");
    first.wait_for("session 2  held");
    const int youngest =
        contains(first.out(), "session 2  routed    request 2 to http://127.0.0.1:23500") ||
                contains(first.out(), "session 2  routed    request 1 to http://127.0.0.1:23500")
            ? 1
            : 2;
    say(youngest, {"protect", "60"});
    queue("0");
    first.wait_for("session 1  released");
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait(), 0) << first.out();
    EXPECT_TRUE(contains(first.out(), "session 2  retiring")) << first.out();
    EXPECT_FALSE(contains(first.out(), "session 2  released")) << first.out();
    queue("1");
    program second(follow());
    second.wait_for("is kept after all");
    say(youngest, {"protect", "0"});
    say(youngest, {"session"});  // it is there still
    queue("0");
    second.wait_for("session 2  released");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_EQ(requests(), 2U) << x_fleet.out();
}

TEST_F(follow_restart, a_second_one_stands_by_and_takes_over) {
    queue("1");
    program first(follow());
    first.wait_for("session 1  held");
    program second(follow());
    second.wait_for("standing by: process " + std::to_string(first.pid()) + " on ");
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    second.wait_for("going on with 1 session");
    program third(follow());
    third.wait_for("standing by: process " + std::to_string(second.pid()) + " on ");
    third.signal(SIGTERM);
    EXPECT_EQ(third.wait(), 0);
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_EQ(requests(), 1U) << x_fleet.out();
}

TEST_F(follow_restart, one_that_follows_another_queue_needs_a_file_of_its_own) {
    queue("0");
    program first(follow());
    first.wait_for("work: 0");
    auto words = follow();
    words[3] = "echo 1";
    program second(words);
    EXPECT_EQ(second.wait(), 2);
    EXPECT_TRUE(contains(second.out(), "for another --depth: give each its own --state FILE"))
        << second.out();
    EXPECT_TRUE(contains(second.out(), "process " + std::to_string(first.pid()) + " on ")) << second.out();
}

TEST_F(follow_restart, what_is_left_is_gone_on_with) {
    queue("1");
    program first(follow({"--on-stop", "leave"}));
    first.wait_for("session 1  held");
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait(), 0) << first.out();
    EXPECT_TRUE(contains(first.out(), "session 1  left")) << first.out();
    say(1, {"session"});
    program second(follow());
    second.wait_for("going on with 1 session");
    second.wait_for("work: 1");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_TRUE(contains(second.out(), "session 1  released")) << second.out();
    EXPECT_EQ(requests(), 1U) << x_fleet.out();
}

TEST_F(follow_restart, an_end_ends_under_a_job_too) {
    queue("1");
    program it(follow({"--on-stop", "end"}));
    it.wait_for("session 1  held");
    say(1, {"protect", "60"});
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_TRUE(contains(it.out(), "session 1  released")) << it.out();
}

TEST_F(follow_restart, where_nothing_can_be_written_nothing_is_opened) {
    queue("1");
    std::string line = "ulimit -f 0; exec";
    for (const auto& word : follow())
        line += " '" + word + "'";
    program it({"/bin/sh", "-c", line});
    it.wait_for("cannot write " + x_files.file("state/follow") + ": File too large");
    it.wait_for("work: 1");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 1) << it.out();
    EXPECT_FALSE(contains(it.out(), "asking")) << it.out();
}

TEST_F(follow_restart, what_is_kept_is_for_its_owner_alone) {
    queue("1");
    program it(follow());
    it.wait_for("session 1  held");
    for (const auto* name : {"state/follow", "state/follow.lock"}) {
        struct stat found {};
        ASSERT_EQ(::stat(x_files.file(name).c_str(), &found), 0) << name;
        EXPECT_EQ(found.st_mode & 0777U, 0600U) << name;
    }
}

TEST_F(follow_restart, a_file_that_is_none_of_ours_is_not_taken_for_an_empty_one) {
    std::filesystem::create_directories(x_files.path() / "state");
    std::ofstream(x_files.file("state/follow")) << "something else\n";
    program it(follow());
    EXPECT_EQ(it.wait(), 2);
    EXPECT_TRUE(contains(it.out(), "cannot read " + x_files.file("state/follow") + ": line 1")) << it.out();
}

TEST_F(follow_restart, the_file_of_another_endpoint_is_refused_and_says_whose_it_is) {
    std::filesystem::create_directories(x_files.path() / "state");
    std::ofstream(x_files.file("state/follow"))
        << R"({"nullworker_follow":1,"boot_id":"x","autoscaler":"https://run.example","endpoint_id":77})"
        << "\n";
    program it(follow());
    EXPECT_EQ(it.wait(), 2);
    EXPECT_TRUE(contains(it.out(), "the sessions of endpoint 77 at https://run.example")) << it.out();
    EXPECT_TRUE(contains(it.out(), "say another --state FILE")) << it.out();
}

// With workers that this program plays.
class follow_elsewhere_restart : public elsewhere {
protected:
    static constexpr const char* status_path = "/session/status";

    void SetUp() override {
        elsewhere::SetUp();
        x_lifetime = "60";
        set_depth(x_files, "1");
        x_peer.script().reply_always(status_path, standing(50));
        x_peer.script().reply_always("/session/retire",
                                     net::json_reply(200, R"({"ended": true, "removed_session": "Ab3"})"));
    }

    static net::reply standing(double remaining, bool retiring = false) {
        return net::json_reply(200, R"({"session_id": "Ab3", "remaining": )" + std::to_string(remaining) +
                                        R"(, "protected": 0, "retiring": )" + (retiring ? "true" : "false") +
                                        "}");
    }

    program& follow(const std::vector<std::string>& more = {}) {
        std::vector<std::string> words = {"follow",
                                          "--depth",
                                          "cat " + x_files.file("depth"),
                                          "--max",
                                          "2",
                                          "--interval",
                                          "0.05",
                                          "--hysteresis",
                                          "0.2",
                                          "--patience",
                                          "0.2",
                                          "--state",
                                          x_files.file("state")};
        words.insert(words.end(), more.begin(), more.end());
        return run(at_it(words));
    }
};

TEST_F(follow_elsewhere_restart, a_session_is_not_renewed_because_follow_began) {
    auto& first = follow();
    x_peer.await_requests(status_path, 5);
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    auto& second = follow();
    second.wait_for("going on with 1 session");
    x_peer.await_requests(status_path, 10);
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_EQ(x_peer.asked("/ping"), 0U);
    EXPECT_EQ(x_peer.asked("/session/create"), 1U);
}

TEST_F(follow_elsewhere_restart, a_session_is_renewed_below_half_its_lifetime_unless_it_is_retiring) {
    x_peer.script().reply_once(status_path, standing(31));
    x_peer.script().reply_once(status_path, standing(29));
    auto& it = follow();
    x_peer.await_requests("/ping", 1);
    x_peer.await_requests(status_path, 5);
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_EQ(x_peer.asked("/ping"), 1U);
}

TEST_F(follow_elsewhere_restart, a_worker_out_of_reach_is_neither_lost_nor_replaced_while_its_session_lasts) {
    for (int i = 0; i < 20; ++i)
        x_peer.script().reply_once(status_path, net::status_reply(i % 2 == 0 ? 503 : 500));
    auto& it = follow();
    it.wait_for("session 1  retrying");
    it.wait_for("Ab3 answers again");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_FALSE(contains(it.out(), "session 2")) << it.out();
}

TEST_F(follow_elsewhere_restart, a_worker_that_knows_no_retirement_is_ended_and_that_is_told_once) {
    for (const auto* path : {status_path, "/session/retire"})
        x_peer.script().reply_always(path, net::status_reply(404));
    auto& it = follow();
    it.wait_for("workers that cannot retire sessions");
    set_depth(x_files, "0");
    it.wait_for("session 1  released");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    EXPECT_EQ(x_peer.asked("/session/end"), 1U);
    EXPECT_EQ(count_of(it.out(), "cannot retire sessions"), 1U) << it.out();
}

TEST_F(follow_elsewhere_restart, a_create_that_was_under_way_is_sent_again_with_its_claim) {
    x_peer.script().hold_once("/session/create");
    auto& first = follow();
    x_peer.await_requests("/session/create", 1);
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    set_depth(x_files, "0");  // nobody wants it any more
    auto& second = follow();
    x_peer.await_requests("/session/create", 2);
    second.wait_for("session 1  released");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    EXPECT_EQ(x_peer.bodies_of("/session/create")[0], x_peer.bodies_of("/session/create")[1]);
    x_peer.let_go();
}

TEST_F(follow_elsewhere_restart, a_create_of_which_nobody_heard_is_asked_for_until_that_is_known) {
    for (int i = 0; i < 3; ++i)
        x_peer.script().drop_once("/session/create");
    auto& it = follow();
    x_peer.await_requests("/session/create", 2);
    x_peer.then_reply("/route/", net::json_reply(200, R"({"status": "none is free", "request_idx": 7})"));
    set_depth(x_files, "0");
    it.wait_for("nobody knows whether ");
    it.wait_for("session 1  released");
    it.signal(SIGTERM);
    EXPECT_EQ(it.wait(), 0) << it.out();
    const auto sent = x_peer.bodies_of("/session/create");
    ASSERT_EQ(sent.size(), 4U);
    EXPECT_EQ(sent[0], sent[3]);
}

TEST_F(follow_elsewhere_restart, a_request_is_taken_back_even_where_its_number_comes_after_the_signal) {
    const auto queued = net::json_reply(200, R"({"status": "none is free", "request_idx": 7})");
    x_peer.script().hold_once("/route/", queued);
    x_peer.script().reply_always("/route/", queued);
    auto& it = follow();
    x_peer.await_requests("/route/", 1);
    it.signal(SIGTERM);
    it.wait_for("retiring 0 sessions");
    x_peer.let_go();
    EXPECT_EQ(it.wait(), 0) << it.out();
    const auto asked = x_peer.bodies_of("/route/");
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_TRUE(contains(asked[1], R"("request_idx":7)")) << asked[1];
    EXPECT_TRUE(contains(asked[1], R"("replay_timeout":1.0)")) << asked[1];
}

TEST_F(follow_elsewhere_restart, a_create_whose_session_came_and_went_is_over) {
    x_peer.script().hold_once("/session/create");
    auto& first = follow();
    x_peer.await_requests("/session/create", 1);
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait(), 128 + SIGKILL);
    x_peer.then_reply("/session/create", net::status_reply(401));
    set_depth(x_files, "0");
    auto& second = follow();
    second.wait_for("came and went");
    second.signal(SIGTERM);
    EXPECT_EQ(second.wait(), 0) << second.out();
    x_peer.let_go();
}

}  // namespace
}  // namespace nullworker::test
