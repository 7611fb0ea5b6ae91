#include <watch/own_sessions.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;
using wire::session_outcome;

class own_sessions_test : public testing::Test {
protected:
    using file = std::map<int, noted_session>;

    [[nodiscard]] noted_session held(const std::string& id, std::uint64_t order = 1) const {
        return {
            .order = order, .request_idx = 7, .session_id = id, .cost = 100.0, .until = now.monotonic + 60s};
    }

    void read(const file& in_file) {
        ours.read(in_file, now);
        for (auto& row : ours.take_news())
            rows[row.key] = row;
    }

    void answer(const std::string& key, const session_answer& told) {
        ours.answered(key, told, now);
        for (auto& row : ours.take_news())
            rows[row.key] = row;
    }

    void pass(std::chrono::steady_clock::duration span) { now = now.after(span); }

    [[nodiscard]] std::string key(int number) const { return ours.key_of(number).value_or("none"); }

    instant now{std::chrono::steady_clock::time_point(1000s), std::chrono::system_clock::time_point(50000s)};
    own_sessions ours;
    std::map<std::string, session_row> rows;
};

TEST_F(own_sessions_test, tell_a_reservation_from_its_asking_to_its_end) {
    read({});
    read({{1, {.order = 1}}});
    const auto one = key(1);
    const auto asked = now;
    EXPECT_EQ(rows[one].asked_at->monotonic, asked.monotonic);
    EXPECT_EQ(ours.waiting(), 1);
    pass(2s);
    read({{1, held("Ab3")}});
    EXPECT_EQ(key(1), one);
    EXPECT_EQ(rows[one].held_at->monotonic, now.monotonic);
    EXPECT_EQ(rows[one].session_id, "Ab3");
    EXPECT_EQ(rows[one].request_idx, 7);
    EXPECT_EQ(rows[one].cost, 100.0);
    EXPECT_EQ(rows[one].planned_end->monotonic, now.monotonic + 60s);
    EXPECT_EQ(ours.waiting(), 0);
    answer(one, {.left = seconds(80), .worker = 17});
    EXPECT_EQ(rows[one].worker, 17);
    EXPECT_EQ(rows[one].planned_end->monotonic, now.monotonic + 80s);
    pass(3s);
    answer(one, {.over = true, .outcome = session_outcome::done});
    EXPECT_EQ(rows[one].outcome, "released");
    EXPECT_EQ(rows[one].ended_at->monotonic, now.monotonic);
    EXPECT_EQ(rows[one].worker, 17);
    pass(1s);
    read({});
    EXPECT_EQ(rows[one].outcome, "released");
    EXPECT_EQ(rows[one].ended_at->monotonic, now.monotonic - 1s) << "what was known stays";
}

TEST_F(own_sessions_test, that_were_there_before_tell_no_wait) {
    read({{1, held("Ab3")}, {2, {.order = 2}}});
    EXPECT_FALSE(rows[key(1)].asked_at);
    EXPECT_FALSE(rows[key(2)].asked_at);
    EXPECT_FALSE(rows[key(1)].wait(now));
    EXPECT_TRUE(rows[key(1)].held_at);
}

TEST_F(own_sessions_test, are_told_apart_though_their_numbers_are_used_again) {
    read({{1, held("Ab3", 1)}});
    const auto first = key(1);
    read({{1, held("Cd4", 2)}});
    EXPECT_NE(key(1), first);
    EXPECT_EQ(rows[key(1)].session_id, "Cd4");
    const auto second = key(1);
    read({{1, held("Ef5", 2)}});
    EXPECT_NE(key(1), second) << "after a new start of follow the order begins anew";
    auto request = held("", 2);
    read({{1, request}});
    const auto third = key(1);
    request.request_idx = 8;
    read({{1, request}});
    EXPECT_NE(key(1), third);
    EXPECT_EQ(rows[third].outcome, "dropped");
}

TEST_F(own_sessions_test, ask_their_workers_at_once_and_then_every_few_seconds) {
    EXPECT_FALSE(ours.next());
    read({{1, held("Ab3")}, {2, {.order = 2}}});
    ASSERT_TRUE(ours.next());
    EXPECT_EQ(ours.next()->key, key(1));
    EXPECT_EQ(ours.next()->at, now.monotonic);
    answer(key(1), {.worker = 17});
    EXPECT_EQ(ours.next()->at, now.monotonic + 5s);
    for (const auto pause : {5s, 10s, 20s, 40s, 60s, 60s}) {
        ours.unanswered(key(1), now.monotonic);
        EXPECT_EQ(ours.next()->at, now.monotonic + pause);
    }
    answer(key(1), {.over = true});
    EXPECT_FALSE(ours.next()) << "nobody is asked about one that is over";
}

TEST_F(own_sessions_test, tell_how_they_ended_only_as_far_as_somebody_said) {
    struct ending {
        session_answer told;
        bool retired;
        std::chrono::seconds after;
        const char* outcome;
    };
    const ending endings[] = {
        {{.over = true, .outcome = session_outcome::idle}, false, 1s, "idle"},
        {{.over = true, .outcome = session_outcome::done}, true, 1s, "released"},
        {{.over = true}, true, 1s, "retired"},
        {{.over = true}, false, 61s, "expired"},
        {{.over = true}, false, 1s, "ended"},
    };
    std::uint64_t order = 0;
    for (const auto& [told, retired, after, outcome] : endings) {
        auto noted = held("Ab3", ++order);
        noted.retiring = retired;
        read({{1, noted}});
        const auto one = key(1);
        pass(after);
        read({});
        const auto left = now;
        ASSERT_TRUE(ours.next()) << outcome;
        EXPECT_EQ(ours.next()->key, one) << "its worker knows best";
        pass(1s);
        answer(one, told);
        EXPECT_EQ(rows[one].outcome, outcome);
        EXPECT_EQ(rows[one].ended_at->monotonic, left.monotonic) << outcome;
    }
}

TEST_F(own_sessions_test, that_left_the_file_have_ended_unless_their_workers_say_otherwise) {
    read({{1, held("Ab3")}, {2, held("Cd4")}});
    const auto silent = key(1);
    const auto open = key(2);
    answer(open, {.worker = 17});
    read({});
    ours.unanswered(silent, now.monotonic);
    answer(open, {.worker = 17});
    EXPECT_EQ(rows[silent].outcome, "ended");
    EXPECT_EQ(rows[open].outcome, "");
    EXPECT_EQ(ours.next()->key, open);
    EXPECT_TRUE(ours.by_worker(now.monotonic).at(17).lasts);
}

TEST_F(own_sessions_test, come_back_from_being_lost) {
    auto noted = held("Ab3");
    noted.lost = true;
    read({{1, noted}});
    EXPECT_EQ(rows[key(1)].outcome, "lost");
    noted.lost = false;
    read({{1, noted}});
    EXPECT_EQ(rows[key(1)].outcome, "");
    EXPECT_FALSE(rows[key(1)].ended_at);
}

TEST_F(own_sessions_test, are_retiring_by_the_file_or_by_their_worker_and_kept_where_neither_says_so) {
    auto noted = held("Ab3");
    read({{1, noted}});
    answer(key(1), {.retiring = true, .worker = 17});
    const auto since = now;
    EXPECT_EQ(rows[key(1)].retiring_at->monotonic, since.monotonic);
    EXPECT_TRUE(ours.by_worker(now.monotonic).at(17).retiring);
    pass(1s);
    noted.retiring = true;
    read({{1, noted}});
    answer(key(1), {.worker = 17});
    EXPECT_EQ(rows[key(1)].retiring_at->monotonic, since.monotonic);
    noted.retiring = false;
    read({{1, noted}});
    EXPECT_FALSE(rows[key(1)].retiring_at);
}

TEST_F(own_sessions_test, tell_no_other_planned_end_for_a_figure_that_was_only_rounded) {
    auto noted = held("Ab3");
    read({{1, noted}});
    const auto planned = rows[key(1)].planned_end->monotonic;
    noted.until += 900ms;
    read({{1, noted}});
    EXPECT_EQ(rows[key(1)].planned_end->monotonic, planned);
    noted.until += 200ms;
    read({{1, noted}});
    EXPECT_EQ(rows[key(1)].planned_end->monotonic, noted.until);
}

TEST_F(own_sessions_test, explain_the_load_of_their_worker_for_a_while_after_their_end) {
    read({{1, held("Ab3")}});
    answer(key(1), {.worker = 17});
    answer(key(1), {.over = true});
    EXPECT_FALSE(ours.by_worker(now.monotonic - 5s).at(17).lasts);
    pass(6s);
    EXPECT_FALSE(ours.by_worker(now.monotonic - 5s).contains(17));
}

TEST_F(own_sessions_test, are_forgotten_when_they_have_ended_and_that_was_told) {
    read({{1, held("Ab3")}});
    const auto one = key(1);
    answer(one, {.over = true});
    read({});
    pass(61s);
    read({});
    read({});
    EXPECT_FALSE(ours.is_known(one));
}

TEST_F(own_sessions_test, are_not_more_than_can_be_shown) {
    file many;
    for (int i = 1; i <= 6000; ++i)
        many[i] = {.order = static_cast<std::uint64_t>(i)};
    read(many);
    EXPECT_EQ(rows.size(), 5000u);
    EXPECT_FALSE(ours.key_of(6000));
}

TEST_F(own_sessions_test, at_a_worker_that_tells_no_id_have_no_place) {
    read({{1, held("Ab3")}});
    answer(key(1), {.left = seconds(30)});
    EXPECT_TRUE(ours.has_unplaced());
    EXPECT_FALSE(rows[key(1)].worker);
    answer(key(1), {.worker = 17});
    EXPECT_FALSE(ours.has_unplaced());
}

}  // namespace
}  // namespace nullworker::client::watch
