#include <nullworker/wire/control_messages.hpp>

#include <gtest/gtest.h>

#include <string>

namespace nullworker::wire {
namespace {

constexpr seconds hour{3600.0};

template <class T>
std::string refusal_of(const parsed<T>& outcome) {
    return outcome ? std::string("understood") : outcome.error().body;
}

TEST(control_messages, a_claim_may_be_left_out) {
    for (const auto* body : {"", "{}", R"({"session_id": null})", R"({"other": 1})"}) {
        const auto release = parse_release(body);
        ASSERT_TRUE(release) << body;
        EXPECT_FALSE(release->session_id) << body;
    }
    EXPECT_EQ(parse_release(R"({"session_id": "abc"})")->session_id, "abc");
}

TEST(control_messages, a_release_may_say_what_the_consumer_found) {
    for (const auto* body : {"", "{}", R"({"outcome": null})"})
        EXPECT_EQ(parse_release(body)->outcome, std::nullopt) << body;
    EXPECT_EQ(parse_release(R"({"outcome": "idle"})")->outcome, session_outcome::idle);
    EXPECT_EQ(parse_release(R"({"outcome": "done"})")->outcome, session_outcome::done);
}

TEST(control_messages, a_release_says_no_more_than_it_must) {
    EXPECT_EQ(to_json(release_request{}), "{}");
    EXPECT_EQ(to_json(release_request{"abc", {}}), R"({"session_id":"abc"})");
    EXPECT_EQ(to_json(release_request{"abc", session_outcome::idle}),
              R"({"outcome":"idle","session_id":"abc"})");
}

TEST(control_messages, an_outcome_that_is_not_known_is_refused) {
    for (const auto* outcome : {R"("")", R"("Idle")", R"("idle ")", R"("lost")", "7", "true", "[]", "{}"})
        EXPECT_EQ(refusal_of(parse_release(std::string(R"({"outcome": )") + outcome + "}")),
                  R"({"error":"outcome: must be done or idle"})")
            << outcome;
}

TEST(control_messages, a_claim_that_is_not_understood_is_refused_with_the_reason) {
    EXPECT_EQ(refusal_of(parse_release("anything")), R"({"error":"invalid JSON"})");
    EXPECT_EQ(refusal_of(parse_release(R"({"session_id": )")), R"({"error":"invalid JSON"})");
    EXPECT_EQ(refusal_of(parse_release("[]")), R"({"error":"body: must be an object"})");
    for (const auto* id : {"7", "true", "[]", "{}", R"("")"})
        EXPECT_EQ(refusal_of(parse_release(std::string(R"({"session_id": )") + id + "}")),
                  R"({"error":"session_id: must be a string that is not empty"})")
            << id;
}

TEST(control_messages, a_renewal_has_a_lifetime_that_is_cut_to_the_maximum) {
    const auto renewal = parse_renewal(R"({"lifetime": 30, "session_id": "abc"})", hour);
    ASSERT_TRUE(renewal);
    EXPECT_EQ(renewal->lifetime, seconds(30));
    EXPECT_EQ(renewal->session_id, "abc");
    EXPECT_EQ(parse_renewal(R"({"lifetime": 1e300})", hour)->lifetime, hour);
}

TEST(control_messages, a_renewal_without_a_usable_lifetime_is_refused) {
    EXPECT_NE(refusal_of(parse_renewal("", hour)).find("lifetime: missing"), std::string::npos);
    for (const auto* lifetime : {"0", "-1", "null", "true", R"("30")", "[]"})
        EXPECT_EQ(refusal_of(parse_renewal(std::string(R"({"lifetime": )") + lifetime + "}", hour)),
                  R"({"error":"lifetime: must be a finite number greater than 0"})")
            << lifetime;
    EXPECT_EQ(refusal_of(parse_renewal(R"({"lifetime": NaN})", hour)), R"({"error":"invalid JSON"})");
    EXPECT_NE(refusal_of(parse_renewal(R"({"lifetime": 1, "session_id": 1})", hour)), "understood");
}

TEST(control_messages, a_protection_is_read_as_it_was_written_and_cut_to_the_maximum) {
    const auto wanted = parse_protection(to_json(protection_request{seconds(30), "abc"}), hour);
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->span, seconds(30));
    EXPECT_EQ(wanted->session_id, "abc");
    EXPECT_EQ(parse_protection(R"({"seconds": 1e300})", hour)->span, hour);
    EXPECT_EQ(parse_protection(R"({"seconds": 0})", hour)->span, seconds(0));
    EXPECT_EQ(parse_protection(R"({"seconds": 0.0})", hour)->span, seconds(0));
}

TEST(control_messages, a_protection_without_a_usable_time_is_refused) {
    EXPECT_NE(refusal_of(parse_protection("", hour)).find("seconds: missing"), std::string::npos);
    for (const auto* span : {"-1", "null", "true", "false", R"("30")", R"("")", "[]", "{}"})
        EXPECT_EQ(refusal_of(parse_protection(std::string(R"({"seconds": )") + span + "}", hour)),
                  R"({"error":"seconds: must be a finite number, 0 or greater"})")
            << span;
    EXPECT_NE(refusal_of(parse_protection(R"({"seconds": 1, "session_id": 1})", hour)), "understood");
}

TEST(control_messages, a_protection_is_answered_with_its_end_and_what_is_left) {
    EXPECT_EQ(protection_noted("abc", 1790000060.5, 60),
              R"({"protected_until":1790000060.5,"remaining":60.0,"session_id":"abc"})");
}

TEST(control_messages, a_query_says_how_long_to_wait_and_what_was_seen) {
    EXPECT_EQ(parse_session_query("")->wait, seconds(0));
    EXPECT_EQ(parse_session_query("")->since, 0);
    const auto query = parse_session_query("wait=2.5&since=7");
    ASSERT_TRUE(query);
    EXPECT_EQ(query->wait, seconds(2.5));
    EXPECT_EQ(query->since, 7);
    EXPECT_EQ(parse_session_query("since=7&wait=3600")->wait, longest_wait);
    EXPECT_FALSE(query->unless_retiring);
    EXPECT_TRUE(parse_session_query("since=7&retiring=false")->unless_retiring);
}

TEST(control_messages, a_query_that_is_not_understood_is_refused_with_the_reason) {
    for (const auto* text :
         {"wait=", "wait=x", "wait=-1", "wait=3601", "wait=nan", "wait=inf", "wait=1e9", "wait=1s"})
        EXPECT_NE(refusal_of(parse_session_query(text)).find("wait: must be"), std::string::npos) << text;
    for (const auto* text : {"since=", "since=x", "since=-1", "since=1.5", "since=99999999999999999999"})
        EXPECT_NE(refusal_of(parse_session_query(text)).find("since: must be"), std::string::npos) << text;
    for (const auto* text : {"retiring=", "retiring=true", "retiring=0"})
        EXPECT_NE(refusal_of(parse_session_query(text)).find("retiring: must be"), std::string::npos) << text;
    EXPECT_NE(refusal_of(parse_session_query("timeout=5")).find("timeout: unknown parameter"),
              std::string::npos);
}

TEST(control_messages, what_the_slot_holds_is_read_as_it_was_written) {
    EXPECT_EQ(to_json(std::optional<slot_session>()), "null");
    EXPECT_FALSE(parse_slot("null").value());
    const slot_session written{.session_id = "abc",
                               .generation = 3,
                               .created_at = 1790000000.5,
                               .expiration = 1790000060.5,
                               .remaining = 60,
                               .cost = 100,
                               .request_idx = 7,
                               .protected_until = 1790000090.5,
                               .retiring = true};
    const auto read = parse_slot(to_json(std::optional(written))).value();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->session_id, "abc");
    EXPECT_EQ(read->generation, 3);
    EXPECT_EQ(read->expiration, 1790000060.5);
    EXPECT_EQ(read->protected_until, 1790000090.5);
    EXPECT_TRUE(read->retiring);
    EXPECT_FALSE(parse_slot("[]"));
    EXPECT_FALSE(parse_slot("nonsense"));
}

TEST(control_messages, a_status_is_read_as_it_was_written) {
    worker_status written;
    written.version = "1";
    written.ready_since = 1790000000.0;
    written.health = {.state = "unhealthy", .since = 2, .reasons = {"a", "b"}};
    written.last_report = accepted_report{.accepted_at = 3, .address = "http://a/", .cur_load = 100};
    const auto read = parse_worker_status(to_json(written)).value();
    EXPECT_EQ(read.ready_since, 1790000000.0);
    EXPECT_EQ(read.health.reasons, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(read.last_report->address, "http://a/");
    EXPECT_EQ(read.consumer.probe, "unknown");
    EXPECT_FALSE(read.session);
    EXPECT_FALSE(read.public_key);
}

}  // namespace
}  // namespace nullworker::wire
