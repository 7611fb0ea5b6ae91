#include <follow/state_text.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr const char* boot = "this boot";

const state_owner ours{"https://run.example", 7};

class state_text_test : public testing::Test {
protected:
    instant written{std::chrono::steady_clock::time_point(500s),
                    std::chrono::system_clock::time_point(9000s)};

    [[nodiscard]] kept_session session(std::uint64_t order = 1) const {
        kept_session out;
        out.entry.order = order;
        out.entry.held = true;
        out.entry.until = written.monotonic + 60s;
        out.request_idx = 7;
        out.worker_url = "https://203.0.113.7:40001";
        out.grant = R"({"reqnum":3,"signature":"a\nb"})";
        out.claim = "c1a1";
        out.session_id = "Ab3";
        return out;
    }

    [[nodiscard]] std::string text(const std::string& lines) const { return state_head(boot, ours) + lines; }

    [[nodiscard]] auto read(const std::string& all, std::chrono::seconds after = 0s) const {
        return read_state_text(all, boot, ours, written.after(after));
    }
};

TEST_F(state_text_test, what_is_written_is_read_again) {
    auto one = session(5);
    one.entry.unwanted = true;
    one.entry.lost = true;
    one.entry.retiring = true;
    const auto found = read(text(state_line(3, one, written)));
    ASSERT_TRUE(found);
    const auto& again = found->at(3);
    EXPECT_EQ(again.entry.order, 5U);
    EXPECT_TRUE(again.entry.held && again.entry.unwanted && again.entry.lost && again.entry.retiring);
    EXPECT_LT(std::chrono::abs(again.entry.until - one.entry.until), 1ms);
    EXPECT_EQ(again.request_idx, 7);
    EXPECT_EQ(again.worker_url, one.worker_url);
    EXPECT_EQ(again.grant, one.grant);
    EXPECT_EQ(again.claim, one.claim);
    EXPECT_EQ(again.session_id, "Ab3");
}

TEST_F(state_text_test, a_request_and_a_create_are_no_sessions_yet) {
    kept_session request;
    request.request_idx = 7;
    auto create = session();
    create.session_id.clear();
    const auto found = read(text(state_line(1, request, written) + state_line(2, create, written)));
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->at(1).entry.held);
    EXPECT_TRUE(found->at(1).claim.empty());
    EXPECT_FALSE(found->at(2).entry.held);
    EXPECT_EQ(found->at(2).claim, "c1a1");
}

TEST_F(state_text_test, the_last_line_about_a_session_counts) {
    auto later = session().entry;
    later.until += 40s;
    later.retiring = true;
    const auto found = read(text(state_line(1, session(), written) + state_line(2, session(), written) +
                                 heard_line(1, later, written) + gone_line(2)));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 1U);
    EXPECT_TRUE(found->at(1).entry.retiring);
    EXPECT_EQ(found->at(1).session_id, "Ab3");
    EXPECT_LT(std::chrono::abs(found->at(1).entry.until - later.until), 1ms);
}

TEST_F(state_text_test, a_line_that_was_written_in_part_counts_for_nothing) {
    const auto whole = text(state_line(1, session(), written));
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
        const auto found = read(whole.substr(0, whole.size() - cut));
        ASSERT_TRUE(found) << cut;
        EXPECT_TRUE(found->empty());
    }
}

TEST_F(state_text_test, the_monotonic_clock_tells_what_is_left_unless_the_machine_was_started_anew) {
    const auto all = text(state_line(1, session(), written));
    const instant later{written.monotonic + 20s, written.wall + 3600s};
    const auto left = [&](const std::string& boot_id, const instant& time) {
        const auto found = read_state_text(all, boot_id, ours, time);
        return found ? std::chrono::round<std::chrono::seconds>(found->at(1).entry.until - time.monotonic)
                     : 0s;
    };
    EXPECT_EQ(left(boot, later), 40s);
    EXPECT_EQ(left("another boot", {std::chrono::steady_clock::time_point(1s), written.wall + 50s}), 10s);
    EXPECT_EQ(left("", {std::chrono::steady_clock::time_point(1s), written.wall + 50s}), 10s);
}

TEST_F(state_text_test, what_no_follow_writes_is_refused_and_the_line_is_named) {
    for (const auto* bad : {"{}\n", "[]\n", "null\n", "nonsense\n",
                            R"({"nullworker_follow":2})"
                            "\n",
                            R"({"nullworker_follow":1})"
                            "\n"}) {
        const auto found = read(bad);
        EXPECT_FALSE(found) << bad;
    }
    for (const auto* bad : {"{}\n", "nonsense\n", "{\"n\":1}\n", "{\"n\":\"x\",\"gone\":true}\n",
                            R"({"n":1,"order":1,"until":[1]})"
                            "\n",
                            R"({"n":1,"order":-1,"until":["",""]})"
                            "\n",
                            R"({"n":1,"until":[1,1]})"
                            "\n",
                            "\n"}) {
        const auto found = read(text(bad));
        ASSERT_FALSE(found) << bad;
        EXPECT_NE(found.error().message.find("line 2"), std::string::npos) << found.error().message;
    }
}

TEST_F(state_text_test, the_sessions_of_another_endpoint_are_refused_and_it_is_named) {
    const auto lines = state_line(1, session(), written);
    for (const state_owner& other :
         {state_owner{"https://run.example", 8}, state_owner{"https://else.example", 7}}) {
        const auto found = read(state_head(boot, other) + lines);
        ASSERT_FALSE(found);
        EXPECT_NE(found.error().message.find("endpoint " + std::to_string(other.endpoint_id) + " at " +
                                             other.autoscaler),
                  std::string::npos)
            << found.error().message;
    }
}

TEST_F(state_text_test, a_file_of_a_version_that_did_not_say_whose_it_is_is_read) {
    const auto found = read(R"({"nullworker_follow":1,"boot_id":"x"})"
                            "\n" +
                            state_line(1, session(), written));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 1U);
}

TEST_F(state_text_test, times_beyond_all_clocks_are_taken_for_very_far_away) {
    for (const auto* far : {"1e300", "-1e300"}) {
        const auto found =
            read(text(std::string(R"({"n":1,"order":1,"until":[)") + far + ',' + far + "]}\n"));
        EXPECT_TRUE(found) << far;
    }
}

TEST_F(state_text_test, nothing_is_left_of_an_empty_file) {
    EXPECT_TRUE(read("")->empty());
}

TEST_F(state_text_test, a_digest_has_what_a_text_needs_and_no_more) {
    state_digest all;
    all.put(1, "one\n");
    all.put(2, "two\n");
    all.hear(1, "heard\n");
    all.hear(1, "heard again\n");
    EXPECT_EQ(all.text(), "one\nheard again\ntwo\n");
    EXPECT_EQ(all.size(), all.text().size());
    all.put(1, "one anew\n");
    all.drop(2);
    all.drop(2);
    EXPECT_EQ(all.text(), "one anew\n");
    EXPECT_EQ(all.size(), all.text().size());
}

}  // namespace
}  // namespace nullworker::client
