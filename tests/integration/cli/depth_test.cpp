#include "peer_in_a_thread.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

// `nullworker depth` as users run it.
namespace nullworker::test {
namespace {

struct told {
    int code;
    std::string out;
    std::string err;
};

told depth(std::vector<std::string> words, const std::map<std::string, std::string>& environment = {}) {
    words.insert(words.begin(), {NULLWORKER_PROGRAM, "depth"});
    program it(words, environment);
    const int code = it.wait();
    return {code, it.out(), it.err()};
}

TEST(depth_command, prints_a_number_and_nothing_else) {
    peer_in_a_thread peer;
    peer.script().reply_always("/stats", net::json_reply(200, R"({"waiting": 40, "busy": 2})"));
    peer.start();
    const auto good = depth({"http", peer.origin() + "/stats", "/waiting", "/busy"});
    EXPECT_EQ(good.code, 0) << good.err;
    EXPECT_EQ(good.out, "42\n");
    EXPECT_EQ(good.err, "");
}

TEST(depth_command, prints_no_number_where_there_is_none) {
    peer_in_a_thread peer;
    peer.script().reply_always("/stats", net::json_reply(200, R"({"waiting": null})"));
    peer.start();
    const std::vector<std::pair<std::vector<std::string>, std::string>> all = {
        {{"http", peer.origin() + "/stats", "/waiting"}, "tells null for /waiting"},
        {{"http", peer.origin() + "/none", "/waiting"}, "answers 404"},
        {{"rabbitmq", peer.origin(), "jobs"}, "knows no queue 'jobs'"},
        {{"nats", peer.origin(), "jobs", "w"}, "knows nothing of JetStream"},
        {{"redis", "redis://127.0.0.1:" + peer.port(), "jobs"}, "cannot be read"},
        {{"celery", "redis://127.0.0.1:1"}, "Connection refused"},
        {{"bullmq", "rediss://127.0.0.1:1", "jobs"}, "Connection refused"},
        {{"beanstalkd", "127.0.0.1:" + peer.port(), "jobs"},
         "beanstalkd at 127.0.0.1:" + peer.port() + " says what cannot be read. Is it a beanstalkd"},
    };
    for (const auto& [words, part] : all) {
        const auto bad = depth(words);
        EXPECT_EQ(bad.code, 1) << bad.err;
        EXPECT_EQ(bad.out, "");
        EXPECT_TRUE(contains(bad.err, part)) << bad.err;
        EXPECT_EQ(bad.err.find('\n'), bad.err.size() - 1) << bad.err;
    }
}

TEST(depth_command, words_that_make_no_sense_are_refused_before_anybody_is_asked) {
    const std::string url = "redis://127.0.0.1:1";
    const std::vector<std::pair<std::vector<std::string>, std::string>> all = {
        {{}, "KIND is required"},
        {{"redis"}, "WORD is required"},
        {{"postgres", url}, "postgres is none of redis, celery, bullmq, beanstalkd, rabbitmq, nats, http"},
        {{"redis", url}, "it is nullworker depth redis URL KEY…; a word is missing"},
        {{"bullmq", url, "a", "b"}, "it is nullworker depth bullmq URL QUEUE; there are more words"},
        {{"redis", url, "jobs", "jobs"}, "'jobs' is named twice"},
        {{"redis", url, "jobs", ""}, "an empty value means nothing"},
        {{"redis", url, "jobs", "--prefix", "x"}, "--prefix means nothing to redis"},
        {{"redis", url, "jobs", "--cafile", "/dev/null"}, "--cafile is for URLs with TLS"},
        {{"redis", "rediss://127.0.0.1:1", "jobs", "--cafile", "/nowhere"}, "cannot read /nowhere"},
        {{"beanstalkd", "127.0.0.1:1", "a b"}, "is no name of a tube"},
        {{"http", "http://127.0.0.1:1", "waiting"}, "is no JSON pointer"},
        {{"redis", "env:NOT_SET_ANYWHERE", "jobs"}, "the variable NOT_SET_ANYWHERE is not set"},
        {{"redis", url, "jobs", "--", "x"}, "a command behind -- is for"},
    };
    for (const auto& [words, part] : all) {
        const auto bad = depth(words);
        EXPECT_EQ(bad.code, 2) << bad.err;
        EXPECT_EQ(bad.out, "");
        EXPECT_TRUE(contains(bad.err, part)) << bad.err;
    }
}

TEST(depth_command, a_password_comes_from_a_variable_and_is_shown_nowhere) {
    peer_in_a_thread peer;
    peer.script().reply_by("/api/queues/%2F/jobs", [](const net::request& asked) {
        return asked.find("Authorization") == "Basic Ym9iOnMzY3JldA=="
                   ? net::json_reply(200, R"({"messages": 7})")
                   : net::json_reply(401, R"({"error": "not_authorised"})");
    });
    peer.start();
    const auto at = "@127.0.0.1:" + peer.port();
    const auto good = depth({"rabbitmq", "env:API", "jobs"}, {{"API", "http://bob:s3cret" + at}});
    EXPECT_EQ(good.out, "7\n") << good.err;
    const std::vector<std::vector<std::string>> wrong = {
        {"rabbitmq", "http://bob:s3cret" + at, "jobs"},
        {"redis", "redis://:s3cret" + at, "jobs"},
        {"redis://:s3cret" + at, "jobs"},
        {"redis", "env:REDIS", "jobs"},
        {"rabbitmq", "env:OTHER", "jobs"},
        {"rabbitmq", "env:ODD", "jobs"},
        {"nats", "env:OTHER", "s", "c"},
        {"beanstalkd", "env:REDIS", "jobs"},
    };
    const std::map<std::string, std::string> environment = {{"REDIS", "redis://bob:s3cret" + at},
                                                            {"OTHER", "http://eve:s3cret" + at},
                                                            {"ODD", "http://eve:s3cret/" + at}};
    for (const auto& words : wrong) {
        const auto bad = depth(words, environment);
        EXPECT_NE(bad.code, 0);
        EXPECT_EQ(bad.out, "");
        EXPECT_FALSE(contains(bad.err, "s3cret")) << bad.err;
    }
}

// ---- with a real Redis ----

bool is_installed(const std::string& name) {
    program search({"/bin/sh", "-c", "command -v \"$0\"", name});
    return search.wait() == 0;
}

class depth_of_redis : public testing::Test {
protected:
    static constexpr const char* port = "23900";

    void SetUp() override {
        if (!is_installed("redis-server") || !is_installed("redis-cli"))
            GTEST_SKIP() << "no redis-server here";
        x_server.emplace(std::vector<std::string>{"/usr/bin/env", "redis-server", "--port", port, "--bind",
                                                  "127.0.0.1", "--save", "", "--dir", x_files.path().string(),
                                                  "--requirepass", "s3cret"});
        x_server->wait_for("Ready to accept connections");
    }

    // Commands for the server, one a line.
    void tell(const std::string& commands) {
        program cli({"/bin/sh", "-c", "printf '%b' \"$0\" | redis-cli -p " + std::string(port), commands},
                    {{"REDISCLI_AUTH", "s3cret"}});
        EXPECT_EQ(cli.wait(), 0) << cli.err();
        EXPECT_FALSE(contains(cli.out(), "ERR")) << cli.out();
    }

    static told ask(std::vector<std::string> words) {
        words.insert(words.begin() + 1, "env:REDIS_URL");
        return depth(std::move(words), {{"REDIS_URL", "redis://:s3cret@127.0.0.1:" + std::string(port)}});
    }

    static std::string number(std::vector<std::string> words) {
        const auto all = ask(std::move(words));
        return all.code == 0 ? all.out : all.err;
    }

    temporary_directory x_files;
    std::optional<program> x_server;
};

TEST_F(depth_of_redis, counts_what_is_there) {
    tell(
        "rpush jobs a b c\\nsadd set a b\\nhset hash a 1\\nzadd zset 1 a 2 b\\nset text 1\\n"
        "xadd st 1-1 a 1\\nxadd st 1-2 a 1\\nxadd st 1-3 a 1\\nxgroup create st g 0\\n"
        "xreadgroup group g c count 1 streams st >\\n");
    EXPECT_EQ(number({"redis", "jobs", "set", "hash", "zset", "st@g"}), "11\n");
    EXPECT_EQ(ask({"redis", "text"}).code, 1);
    EXPECT_EQ(ask({"redis", "st"}).code, 1);
    EXPECT_EQ(ask({"redis", "st@h"}).code, 1);
    const auto missing = ask({"redis", "jbos"});
    EXPECT_EQ(missing.out, "0\n");
    EXPECT_TRUE(contains(missing.err, "'jbos'")) << missing.err;
    tell("xdel st 1-3\\n");  // after which Redis knows no lag
    EXPECT_EQ(number({"redis", "st@g"}), "2\n");
}

TEST_F(depth_of_redis, counts_the_queues_of_celery_and_bullmq) {
    tell("rpush celery a b\\nrpush \"celery\\x06\\x163\" a\\nhset unacked a 1\\n");
    EXPECT_EQ(number({"celery"}), "4\n");
    tell(
        "hset bull:v:meta o 1\\nrpush bull:v:wait 1 2\\nrpush bull:v:active 3\\nzadd bull:v:prioritized 1 "
        "4\\n"
        "zadd bull:v:delayed 4096 5 9007199254740000 6\\n");
    EXPECT_EQ(number({"bullmq", "v"}), "5\n");
}

TEST_F(depth_of_redis, a_wrong_password_is_an_error) {
    const auto bad =
        depth({"redis", "env:U", "jobs"}, {{"U", "redis://:wr0ng@127.0.0.1:" + std::string(port)}});
    EXPECT_EQ(bad.code, 1);
    EXPECT_TRUE(contains(bad.err, "WRONGPASS")) << bad.err;
    EXPECT_FALSE(contains(bad.err, "wr0ng")) << bad.err;
    const auto none = depth({"redis", "redis://127.0.0.1:" + std::string(port), "jobs"});
    EXPECT_TRUE(contains(none.err, "wants a password")) << none.err;
}

}  // namespace
}  // namespace nullworker::test
