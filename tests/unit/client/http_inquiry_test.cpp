#include "support/program.hpp"

#include <depth/http_inquiry.hpp>
#include <nullworker/base/error.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace nullworker::client {
namespace {

using test::contains;

const http_place somewhere = {.base = parse_url("http://127.0.0.1:8222/base").value(),
                              .who = {"bob", "s3cret"}};

outcome<figure> read(const http_inquiry& asked, const std::string& body, unsigned status = 200) {
    const auto read = read_answer(asked, {.status = status, .body = body});
    const auto* told = std::get_if<outcome<figure>>(&read);
    return told ? *told : outcome<figure>(failure{"it asks more"});
}

std::string error_of(const http_inquiry& asked, const std::string& body, unsigned status = 200) {
    const auto told = read(asked, body, status);
    return told ? "it is " + std::to_string(told->jobs) : told.error().message;
}

// ---- RabbitMQ ----

TEST(rabbitmq, is_asked_for_the_queue_of_a_virtual_host) {
    const auto asked = ask_rabbitmq(somewhere, "video jobs/1", "/");
    EXPECT_EQ(asked.target.text(), "http://127.0.0.1:8222/base/api/queues/%2F/video%20jobs%2F1");
    EXPECT_EQ(asked.who.user, "bob");
    EXPECT_EQ(read(asked, R"({"messages": 12, "messages_ready": 5})").value().jobs, 12);
}

TEST(rabbitmq, a_figure_that_is_not_known_yet_is_an_error) {
    const auto asked = ask_rabbitmq(somewhere, "video", "/");
    EXPECT_TRUE(contains(error_of(asked, R"({"messages": null})"), "tells null for messages"));
    EXPECT_TRUE(contains(error_of(asked, R"({"name": "video"})"), "tells no messages"));
}

TEST(rabbitmq, a_refusal_says_what_to_do) {
    const auto asked = ask_rabbitmq(somewhere, "video", "/");
    EXPECT_TRUE(contains(error_of(asked, "{}", 404), "knows no queue 'video' in the virtual host '/'"));
    EXPECT_TRUE(contains(error_of(asked, "{}", 401), "are user and password of the URL right"));
    EXPECT_TRUE(
        contains(error_of(ask_rabbitmq({.base = somewhere.base}, "video", "/"), "{}", 401), "env:NAME"));
    EXPECT_TRUE(contains(error_of(asked, "{}", 500), "500"));
    EXPECT_TRUE(contains(error_of(asked, "<html>"), "no JSON"));
    for (const unsigned status : {401U, 403U, 404U, 500U, 200U})
        EXPECT_FALSE(contains(error_of(asked, "x", status), "s3cret"));
}

TEST(rabbitmq, the_url_of_an_api_has_no_query) {
    const http_place odd{.base = parse_url("http://h/?a=b").value()};
    EXPECT_THROW((void)ask_rabbitmq(odd, "video", "/"), startup_error);
    EXPECT_THROW((void)ask_nats(odd, "jobs", "w", ""), startup_error);
    EXPECT_EQ(ask_for_members(odd, {"/n"}).target.text(), "http://h/?a=b");
}

// ---- NATS ----

std::string jetstream(const std::string& consumer, const std::string& more = "") {
    return R"({"server_id": "A", "account_details": [{"name": "a"}, {"name": "b", "stream_detail": [)"
           R"({"name": "other", "consumer_detail": []}, {"name": "jobs", "consumer_detail": [)"
           R"({"name": "x", "num_pending": 9, "num_ack_pending": 9}, )" +
           consumer + "]}]}" + more + "]}";
}

const std::string consumer_alone = R"({"name": "w", "num_pending": 3, "num_ack_pending": 20})";
const std::string consumer_of_a_cluster =
    R"({"name": "w", "num_pending": 3, "num_ack_pending": 20, "cluster": {"leader": "n2"}})";

TEST(nats, is_what_waits_and_what_is_not_acknowledged) {
    const auto asked = ask_nats(somewhere, "jobs", "w", "");
    EXPECT_EQ(asked.target.text(), "http://127.0.0.1:8222/base/jsz?consumers=true");
    EXPECT_EQ(read(asked, jetstream(consumer_alone)).value().jobs, 23);
    EXPECT_EQ(ask_nats(somewhere, "jobs", "w", "$G").target.text(),
              "http://127.0.0.1:8222/base/jsz?consumers=true&acc=%24G");
}

TEST(nats, what_is_missing_is_an_error) {
    const auto asked = ask_nats(somewhere, "jobs", "w", "");
    EXPECT_TRUE(contains(error_of(asked, "{}"), "no stream 'jobs'"));
    EXPECT_TRUE(contains(error_of(asked, "[1]"), "no stream 'jobs'"));
    EXPECT_TRUE(
        contains(error_of(asked, jetstream(R"({"name": "y"})")), "no consumer 'w' of the stream 'jobs'"));
    EXPECT_TRUE(
        contains(error_of(asked, jetstream(R"({"name": "w", "num_pending": 3})")), "no num_ack_pending"));
    EXPECT_TRUE(
        contains(error_of(asked, jetstream(R"({"name": "w", "num_pending": -1})")), "no number of jobs"));
    EXPECT_TRUE(contains(error_of(asked, "404 page not found", 404), "monitoring port"));
}

TEST(nats, a_stream_of_two_accounts_is_not_guessed) {
    const auto more = R"(, {"name": "c", "stream_detail": [{"name": "jobs"}]})";
    EXPECT_TRUE(contains(error_of(ask_nats(somewhere, "jobs", "w", ""), jetstream(consumer_alone, more)),
                         "--account"));
}

TEST(nats, of_a_cluster_the_leader_of_the_consumer_counts_alone) {
    const auto asked = ask_nats(somewhere, "jobs", "w", "");
    const auto first = read_answer(asked, {.body = jetstream(consumer_of_a_cluster)});
    const auto* more = std::get_if<std::shared_ptr<const http_inquiry>>(&first);
    ASSERT_NE(more, nullptr);
    EXPECT_EQ((*more)->target.text(), "http://127.0.0.1:8222/base/varz");
    EXPECT_EQ(read(**more, R"({"server_name": "n2"})").value().jobs, 23);
    EXPECT_TRUE(contains(error_of(**more, R"({"server_name": "n1"})"), "'n2' leads the consumer"));
    EXPECT_TRUE(contains(error_of(**more, "{}"), "'n2' leads the consumer"));
    const auto leaderless = R"({"name": "w", "num_pending": 3, "num_ack_pending": 20, "cluster": {}})";
    EXPECT_TRUE(contains(error_of(asked, jetstream(leaderless)), "no leader"));
}

// ---- any JSON ----

TEST(members, are_added_up) {
    const auto asked = ask_for_members(somewhere, {"/queues/0/waiting", "/a~1b", "/whole"});
    EXPECT_EQ(asked.target.text(), "http://127.0.0.1:8222/base");
    EXPECT_EQ(read(asked, R"({"queues": [{"waiting": 1}], "a/b": 20, "whole": 300.0})").value().jobs, 321);
}

TEST(members, that_are_no_number_of_jobs_are_an_error) {
    const auto asked = ask_for_members(somewhere, {"/n"});
    for (const auto* body : {R"({"n": null})", R"({"n": "5"})", R"({"n": -1})", R"({"n": 1.5})",
                             R"({"n": true})", R"({"n": [1]})", R"({"n": 1e15})", R"({"m": 1})", "[]", "5",
                             "null", "{", "", R"({"n": 1, "n": 2})", R"({"n": NaN})"})
        EXPECT_TRUE(read(asked, body).has_error()) << body;
    EXPECT_TRUE(contains(error_of(asked, R"({"n": null})"), "tells null for /n"));
    EXPECT_TRUE(contains(error_of(asked, "{}"), "tells no /n"));
    EXPECT_TRUE(contains(error_of(asked, R"({"n": "\u001b"})"), "\\"));
}

TEST(members, of_a_list_that_are_not_there_are_missing) {
    const auto asked = ask_for_members(somewhere, {"/1"});
    EXPECT_EQ(read(asked, "[1, 2]").value().jobs, 2);
    EXPECT_TRUE(read(asked, "[1]").has_error());
    for (const auto* odd : {"/-", "/01", "/x"})
        EXPECT_TRUE(read(ask_for_members(somewhere, {odd}), "[1, 2]").has_error()) << odd;
}

TEST(members, a_pointer_begins_with_a_slash) {
    for (const auto* pointer : {"n", "#/n", "/~2"})
        EXPECT_THROW((void)ask_for_members(somewhere, {pointer}), startup_error) << pointer;
}

}  // namespace
}  // namespace nullworker::client
