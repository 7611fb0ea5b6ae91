#include "support/fake_redis.hpp"
#include "support/program.hpp"

#include <depth/redis_talk.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nullworker::client {
namespace {

using test::contains;
using test::fake_redis;

constexpr std::uint16_t first_port = 6379;

redis_place at_first_port(credentials who = {}, std::int64_t database = 0) {
    return {.server = {.host = "127.0.0.1", .port = first_port}, .who = std::move(who), .database = database};
}

// One or several servers, by their ports, and what a client makes of them.
class redis_talk_test : public testing::Test {
protected:
    outcome<figure> ask(redis_inquiry what, redis_place where = at_first_port()) {
        redis_talk talk(std::move(where), std::move(what));
        auto* server = &x_servers[first_port];
        next_step next = say{talk.begin()};
        for (int steps = 0; steps < 200; ++steps) {
            if (auto* told = std::get_if<outcome<figure>>(&next))
                return *told;
            if (const auto* there = std::get_if<turn_to>(&next)) {
                server = &x_servers[there->server.port];
                server->reconnect();
                next = say{talk.begin()};
            }
            const auto* more = std::get_if<say>(&next);
            if (!more)
                return failure{"it waits for ever"};
            next = talk.hear((*server)(more->bytes));
        }
        return failure{"it asks for ever"};
    }

    outcome<figure> ask_keys(const std::vector<std::string>& keys) { return ask(ask_for_keys(keys)); }

    std::string error_of(const std::vector<std::string>& keys) {
        const auto told = ask_keys(keys);
        return told ? "it is " + std::to_string(told->jobs) : told.error().message;
    }

    fake_redis& server() { return x_servers[first_port]; }

    std::map<std::uint16_t, fake_redis> x_servers;
};

std::string groups(const std::string& lag) {
    return "*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:2\r\n"
           "$17\r\nlast-delivered-id\r\n$3\r\n5-7\r\n$12\r\nentries-read\r\n:2\r\n$3\r\nlag\r\n" +
           lag;
}

TEST_F(redis_talk_test, every_type_is_counted_by_its_own_command) {
    server().keys = {{"l", {"list", 3}}, {"s", {"set", 20}}, {"h", {"hash", 100}}, {"z", {"zset", 4000}}};
    const auto told = ask_keys({"l", "s", "h", "z"});
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->jobs, 4123);
    EXPECT_TRUE(told->remarks.empty());
}

TEST_F(redis_talk_test, all_keys_are_counted_in_one_transaction) {
    server().keys = {{"jobs", {"list", 3}}, {"working", {"set", 2}}};
    (void)ask_keys({"jobs", "working"});
    EXPECT_EQ(server().heard,
              (std::vector<std::string>{"TYPE jobs", "TYPE working", "MULTI", "TYPE jobs", "LLEN jobs",
                                        "TYPE working", "SCARD working", "EXEC"}));
}

TEST_F(redis_talk_test, a_missing_key_is_0_and_its_name_is_told) {
    server().keys = {{"jobs", {"list", 3}}};
    const auto told = ask_keys({"jobs", "jbos"});
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->jobs, 3);
    ASSERT_EQ(told->remarks.size(), 1U);
    EXPECT_TRUE(contains(told->remarks[0], "no key 'jbos'")) << told->remarks[0];
}

// Answers as another one would that changed between the two rounds.
class changing_redis {
public:
    fake_redis before;
    fake_redis after;

    std::string operator()(const std::string& bytes) {
        return x_rounds++ == 0 ? before(bytes) : after(bytes);
    }

private:
    int x_rounds = 0;
};

TEST_F(redis_talk_test, a_key_that_gets_another_type_meanwhile_is_asked_for_once_more) {
    changing_redis server;
    server.before.keys = {{"jobs", {"list", 3}}};
    server.after.keys = {{"jobs", {"zset", 5}}, {"working", {"hash", 1}}};
    redis_talk talk(at_first_port(), ask_for_keys({"jobs", "working"}));
    next_step next = say{talk.begin()};
    while (const auto* more = std::get_if<say>(&next))
        next = talk.hear(server(more->bytes));
    EXPECT_EQ(std::get<outcome<figure>>(next)->jobs, 6);
}

TEST_F(redis_talk_test, keys_whose_types_change_all_the_time_are_given_up) {
    redis_talk talk(at_first_port(), ask_for_keys({"jobs"}));
    next_step next = say{talk.begin()};
    for (int round = 0; std::holds_alternative<say>(next); ++round) {
        ASSERT_LT(round, 100);
        fake_redis server;
        server.keys = {{"jobs", {round % 2 == 0 ? "list" : "set", 1}}};
        next = talk.hear(server(std::get<say>(next).bytes));
    }
    EXPECT_TRUE(contains(std::get<outcome<figure>>(next).error().message, "types change all the time"));
}

TEST_F(redis_talk_test, a_key_without_jobs_is_an_error) {
    server().keys = {{"name", {"string", 3}}};
    EXPECT_TRUE(contains(error_of({"name"}), "'name' is of the type string"));
}

TEST_F(redis_talk_test, a_stream_wants_a_group_and_nothing_else_has_one) {
    server().keys = {{"st", {"stream", 9}}};
    EXPECT_TRUE(contains(error_of({"st"}), "'st' is a stream: name the group")) << error_of({"st"});
    server().keys["jobs"] = {"list", 1};
    EXPECT_TRUE(contains(error_of({"jobs@g"}), "'jobs' is a list and no stream")) << error_of({"jobs@g"});
    const auto missing = ask_keys({"nothing@g"});
    ASSERT_TRUE(missing.has_value());
    EXPECT_EQ(missing->jobs, 0);
    EXPECT_EQ(missing->remarks.size(), 1U);
}

TEST_F(redis_talk_test, a_key_whose_name_has_an_at_in_it_is_that_key) {
    server().keys = {{"jobs@eu", {"list", 4}}, {"jobs", {"list", 1}}};
    EXPECT_EQ(ask_keys({"jobs@eu"}).value().jobs, 4);
}

// The replies of a stream, each round as the question wants them.
outcome<figure> ask_stream(const std::string& groups_told, const std::string& entries) {
    redis_asking asking({.key = "st", .group = "g"});
    for (int round = 0; round < 5; ++round) {
        std::vector<resp_value> replies;
        resp_reader reader;
        for (const auto& command : asking.commands())
            reader.feed(command[0] == "TYPE" ? "+stream\r\n" : command[0] == "XINFO" ? groups_told : entries);
        while (auto one = reader.next())
            replies.push_back(std::move(*one));
        const auto taken = asking.take(replies);
        if (taken == redis_asking::outcome::again)
            continue;
        if (taken != redis_asking::outcome::settled || !asking.answer().wrong.empty())
            return failure{taken == redis_asking::outcome::settled ? asking.answer().wrong
                                                                   : "unclear " + asking.refusal()};
        const auto& remark = asking.answer().remark;
        return figure{asking.answer().amount,
                      remark.empty() ? std::vector<std::string>() : std::vector{remark}};
    }
    return failure{"it asks for ever"};
}

TEST(redis_stream, is_lag_and_pending) {
    EXPECT_EQ(ask_stream(groups(":40\r\n"), "").value().jobs, 42);
}

TEST(redis_stream, without_a_lag_its_entries_are_counted) {
    const std::string entry = "*2\r\n$3\r\n5-8\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n";
    EXPECT_EQ(ask_stream(groups("$-1\r\n"), "*3\r\n" + entry + entry + entry).value().jobs, 5);
    std::string many = "*1000\r\n";
    for (int i = 0; i < 1000; ++i)
        many += entry;
    const auto told = ask_stream(groups("$-1\r\n"), many);
    EXPECT_EQ(told.value().jobs, 1002);
    EXPECT_EQ(told->remarks.size(), 1U);
}

TEST(redis_stream, its_entries_are_counted_behind_the_last_one_that_was_delivered) {
    redis_asking asking({.key = "st", .group = "g"});
    resp_reader reader;
    reader.feed("+stream\r\n+stream\r\n" + groups("$-1\r\n"));
    std::vector<resp_value> first = {*reader.next()};
    EXPECT_EQ(asking.take(first), redis_asking::outcome::again);
    std::vector<resp_value> second = {*reader.next(), *reader.next()};
    EXPECT_EQ(asking.take(second), redis_asking::outcome::again);
    EXPECT_EQ(asking.commands().back(), (redis_command{"XRANGE", "st", "5-8", "+", "COUNT", "1000"}));
}

TEST(redis_stream, that_has_no_such_group_is_an_error_that_names_those_it_has) {
    const std::string other = "*1\r\n*4\r\n$4\r\nname\r\n$1\r\nh\r\n$7\r\npending\r\n:2\r\n";
    EXPECT_TRUE(contains(ask_stream(other, "").error().message, "has no group 'g'; its groups are h"));
    EXPECT_TRUE(contains(ask_stream("*0\r\n", "").error().message, "XGROUP CREATE"));
    EXPECT_TRUE(contains(ask_stream(groups("+x\r\n"), "").error().message, "unclear"));
}

TEST_F(redis_talk_test, user_password_and_database_come_first) {
    server().password = "pa ss";
    server().keys = {{"jobs", {"list", 3}}};
    EXPECT_EQ(ask(ask_for_keys({"jobs"}), at_first_port({"bob", "pa ss"}, 4)).value().jobs, 3);
    ASSERT_GE(server().heard.size(), 2U);
    EXPECT_EQ(server().heard[0], "AUTH bob pa ss");
    EXPECT_EQ(server().heard[1], "SELECT 4");
    server().heard.clear();
    server().reconnect();
    EXPECT_EQ(ask(ask_for_keys({"jobs"}), at_first_port({"", "pa ss"})).value().jobs, 3);
    EXPECT_EQ(server().heard[0], "AUTH pa ss");
}

TEST_F(redis_talk_test, a_refusal_says_what_to_do_and_no_password) {
    server().password = "right";
    EXPECT_TRUE(contains(error_of({"jobs"}), "wants a password")) << error_of({"jobs"});
    server().reconnect();
    const auto wrong = ask(ask_for_keys({"jobs"}), at_first_port({"", "s3cret"}));
    EXPECT_TRUE(contains(wrong.error().message, "(WRONGPASS)")) << wrong.error().message;
    server().reconnect();
    server().replies["AUTH s3cret"] = "-ERR unknown command 'AUTH' with args 's3cret'\r\n";
    const auto unknown = ask(ask_for_keys({"jobs"}), at_first_port({"", "s3cret"}));
    ASSERT_TRUE(unknown.has_error());
    EXPECT_FALSE(contains(unknown.error().message, "s3cret")) << unknown.error().message;
    server() = {};
    server().replies["TYPE jobs"] = "-ERR s3cret is no good\r\n";
    const auto echo = ask(ask_for_keys({"jobs"}), at_first_port({"", "s3cret"}));
    ASSERT_TRUE(echo.has_error());
    EXPECT_FALSE(contains(echo.error().message, "s3cret")) << echo.error().message;
}

TEST_F(redis_talk_test, every_error_of_the_server_is_one_of_ours) {
    const std::map<std::string, std::string> errors = {
        {"-NOPERM this user has no permissions to run the 'llen' command\r\n", "does not allow that"},
        {"-LOADING Redis is loading the dataset in memory\r\n", "still loads its data"},
        {"-CLUSTERDOWN The cluster is down\r\n", "cluster that does not work"},
        {"-ASK 1 127.0.0.1:7000\r\n", "moves these keys"},
        {"-ODD \x1b[31m\r\n", "refuses: ODD \\u001b[31m"}};
    for (const auto& [said, told] : errors)
        for (const auto* command : {"TYPE jobs", "LLEN jobs"}) {
            server() = {};
            server().keys = {{"jobs", {"list", 3}}};
            server().replies[command] = said;
            EXPECT_TRUE(contains(error_of({"jobs"}), told)) << error_of({"jobs"});
        }
}

TEST_F(redis_talk_test, what_cannot_be_read_is_an_error) {
    for (const auto* said :
         {"HTTP/1.1 400 Bad Request\r\n", "+list\r\n+too\r\n", ":5\r\n", "$-1\r\n", "+\r\n"}) {
        server() = {};
        server().replies["TYPE jobs"] = said;
        EXPECT_TRUE(contains(error_of({"jobs"}), "cannot be read")) << said;
    }
    for (const auto* said : {"+OK\r\n", "*-1\r\n", "*1\r\n:1\r\n", "*3\r\n+list\r\n:1\r\n:1\r\n",
                             "*2\r\n+list\r\n+three\r\n", "*2\r\n+list\r\n:-1\r\n"}) {
        server() = {};
        server().keys = {{"jobs", {"list", 3}}};
        server().replies["EXEC"] = said;
        EXPECT_TRUE(contains(error_of({"jobs"}), "cannot be read")) << said;
    }
}

TEST_F(redis_talk_test, a_server_that_serves_nobody_is_heard_before_it_closes) {
    redis_talk talk(at_first_port(), ask_for_keys({"a", "b"}));
    (void)talk.begin();
    const auto next = talk.hear("-DENIED Redis is running in protected mode\r\n");
    const auto* told = std::get_if<outcome<figure>>(&next);
    ASSERT_NE(told, nullptr);
    EXPECT_TRUE(contains(told->error().message, "protected mode"));
}

TEST_F(redis_talk_test, without_transactions_what_waits_is_counted_before_what_runs) {
    server().keys = {{"jobs", {"list", 3}}, {"working", {"hash", 2}}};
    server().replies["MULTI"] = "-ERR unknown command 'MULTI'\r\n";
    EXPECT_EQ(ask_keys({"jobs", "working"}).value().jobs, 5);
    const auto& heard = server().heard;
    const auto waiting = std::ranges::find(heard.rbegin(), heard.rend(), "LLEN jobs");
    const auto running = std::ranges::find(heard.rbegin(), heard.rend(), "HLEN working");
    EXPECT_LT(running - heard.rbegin(), waiting - heard.rbegin());
}

TEST_F(redis_talk_test, the_keys_of_a_cluster_are_asked_for_where_they_are) {
    auto& other = x_servers[6380];
    server().keys = {{"jobs", {"list", 3}}};
    server().replies = {{"TYPE working", "-MOVED 7 127.0.0.1:6380\r\n"},
                        {"HLEN working", "-MOVED 7 127.0.0.1:6380\r\n"}};
    other.keys = {{"working", {"hash", 2}}};
    other.replies = {{"TYPE jobs", "-MOVED 3 :6379\r\n"}};
    EXPECT_EQ(ask_keys({"jobs", "working"}).value().jobs, 5);
    EXPECT_NE(std::ranges::find(server().heard, "LLEN jobs"), server().heard.end());
    EXPECT_EQ(other.heard.back(), "HLEN working");
}

TEST_F(redis_talk_test, keys_that_are_on_another_node_together_are_asked_for_in_one_transaction) {
    auto& other = x_servers[6380];
    for (const auto* key : {"{q}:jobs", "{q}:working"})
        server().replies["TYPE " + std::string(key)] = "-MOVED 7 127.0.0.1:6380\r\n";
    other.keys = {{"{q}:jobs", {"list", 3}}, {"{q}:working", {"hash", 2}}};
    EXPECT_EQ(ask_keys({"{q}:jobs", "{q}:working"}).value().jobs, 5);
    EXPECT_EQ(other.heard.back(), "EXEC");
}

TEST_F(redis_talk_test, keys_in_several_slots_of_a_node_are_asked_for_one_by_one) {
    server().keys = {{"jobs", {"list", 3}}, {"working", {"hash", 2}}};
    server().replies["EXEC"] = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    EXPECT_EQ(ask_keys({"jobs", "working"}).value().jobs, 5);
}

TEST_F(redis_talk_test, nodes_that_send_us_round_are_given_up) {
    server().replies["TYPE jobs"] = "-MOVED 7 127.0.0.1:6380\r\n";
    x_servers[6380].replies["TYPE jobs"] = "-MOVED 7 127.0.0.1:6379\r\n";
    EXPECT_TRUE(contains(error_of({"jobs"}), "from one to the next")) << error_of({"jobs"});
}

// ---- Celery and BullMQ ----

TEST_F(redis_talk_test, celery_is_its_queues_with_all_priorities_and_what_is_not_acknowledged) {
    server().keys = {{"celery", {"list", 1}},
                     {"celery\x06\x16"
                      "3",
                      {"list", 20}},
                     {"celery\x06\x16"
                      "9",
                      {"list", 300}},
                     {"unacked", {"hash", 4000}},
                     {"other", {"list", 50000}}};
    const auto told = ask(ask_for_celery({"celery"}, {}));
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->jobs, 4321);
    EXPECT_TRUE(told->remarks.empty());
    EXPECT_EQ(ask(ask_for_celery({"celery", "other"}, {})).value().jobs, 54321);
}

TEST_F(redis_talk_test, celery_may_have_another_prefix_and_separator) {
    server().keys = {
        {"app:celery", {"list", 1}}, {"app:celery:6", {"list", 2}}, {"app:unacked", {"hash", 4}}};
    EXPECT_EQ(ask(ask_for_celery({"celery"}, {.prefix = "app:", .separator = ":"})).value().jobs, 7);
}

TEST_F(redis_talk_test, a_queue_that_no_celery_has_declared_is_told) {
    EXPECT_EQ(ask(ask_for_celery({"vdieo"}, {})).value().remarks.size(), 1U);
    server().keys = {{"_kombu.binding.video", {"set", 1}}};
    EXPECT_TRUE(ask(ask_for_celery({"video"}, {})).value().remarks.empty());
    EXPECT_EQ(ask(ask_for_celery({"video", "vdieo"}, {})).value().remarks.size(), 1U);
}

redis_inquiry bullmq(const std::string& queue) {
    return ask_for_bullmq(queue, "bull",
                          std::chrono::system_clock::time_point(std::chrono::milliseconds(1000)));
}

TEST_F(redis_talk_test, bullmq_is_what_waits_by_priority_and_runs_and_what_is_due) {
    server().keys = {{"bull:video:wait", {"list", 1}},
                     {"bull:video:prioritized", {"zset", 20}},
                     {"bull:video:active", {"list", 300}},
                     {"bull:video:paused", {"list", 70000}}};
    EXPECT_EQ(ask(bullmq("video")).value().jobs, 321);
    server().keys["bull:video:delayed"] = {"zset", 4000};
    EXPECT_EQ(ask(bullmq("video")).value().jobs, 4321);
    const std::string due = "ZCOUNT bull:video:delayed -inf 4100095";  // of which the last ends with 1000 ms
    EXPECT_NE(std::ranges::find(server().heard, due), server().heard.end());
}

TEST_F(redis_talk_test, of_a_paused_queue_of_bullmq_counts_what_runs) {
    server().keys = {{"bull:video:prioritized", {"zset", 20}},
                     {"bull:video:active", {"list", 300}},
                     {"bull:video:meta", {"hash", 1}}};
    const auto told = ask(bullmq("video"));
    EXPECT_EQ(told.value().jobs, 300);
    EXPECT_EQ(told->remarks.size(), 1U);
}

TEST_F(redis_talk_test, a_queue_that_nobody_has_used_by_bullmq_is_told) {
    const auto told = ask(bullmq("vdieo"));
    EXPECT_EQ(told.value().jobs, 0);
    EXPECT_EQ(told->remarks.size(), 1U);
}

}  // namespace
}  // namespace nullworker::client
