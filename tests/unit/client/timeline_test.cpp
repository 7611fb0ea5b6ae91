#include <watch/paid.hpp>
#include <watch/timeline.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;

// With a clock that is set by hand.
class timeline_test : public testing::Test {
protected:
    timeline_settings settings = {.run = "run", .title = "a fleet"};
    instant clock{std::chrono::steady_clock::time_point(100000s),
                  std::chrono::system_clock::time_point(1000000s)};

    void pass(seconds span) { clock = clock.after(to_ticks(span)); }

    void poll(timeline& of, lane_state state) {
        of.heard(clock);
        of.worker(1, state, "", clock);
    }

    static const lane& lane_of(const timeline& of, std::int64_t worker) {
        for (const auto& [number, each] : of.lanes())
            if (each.worker == worker)
                return each;
        ADD_FAILURE() << "no lane of worker " << worker;
        static const lane none;
        return none;
    }

    // The lane's states in order, with how long each lasted: "loading 5, ready".
    static std::string story_of(const lane& of) {
        std::string out;
        for (const auto& each : of.spans) {
            out += (out.empty() ? "" : ", ") + std::string(to_string(each.state));
            if (each.to)
                out += ' ' + std::to_string((each.to->monotonic - each.from.monotonic) / 1s);
        }
        return out;
    }

    // A session that is held since now.
    session_row held(const std::string& key, std::optional<std::int64_t> worker) const {
        return {.key = key, .worker = worker, .asked_at = clock, .held_at = clock};
    }
};

TEST(paid, has_a_row_for_each_state_in_its_place) {
    for (std::size_t i = 0; i < lane_states; ++i)
        EXPECT_EQ(state_meanings[i].state, static_cast<lane_state>(i));
}

TEST(paid, counts_nothing_as_used_that_is_not_paid) {
    for (const auto& each : state_meanings)
        EXPECT_TRUE(is_paid(each.state) || !is_used(each.state)) << to_string(each.state);
}

TEST_F(timeline_test, sums_what_is_paid_used_and_idle_by_state) {
    timeline it(settings);
    for (const auto& each : state_meanings) {
        it.worker(1, each.state, "", clock);
        pass(10s);
    }
    const auto total = it.look(clock).total;
    EXPECT_DOUBLE_EQ(total.paid.count(), 60);  // loading, ready, reserved, retiring, draining, taken
    EXPECT_DOUBLE_EQ(total.used.count(), 40);
    EXPECT_DOUBLE_EQ(total.idle.count(), 10);
    EXPECT_DOUBLE_EQ(total.unknown.count(), 10);
    EXPECT_FALSE(total.dollars);
    EXPECT_FALSE(total.dollars_per_hour);
}

TEST_F(timeline_test, counts_the_state_that_lasts_up_to_now) {
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    pass(3s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.idle.count(), 3);
    it.worker(1, lane_state::ready, "", clock);  // no news
    pass(2s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.idle.count(), 5);
    EXPECT_EQ(story_of(lane_of(it, 1)), "ready");
}

TEST_F(timeline_test, counts_nothing_more_of_a_worker_that_is_gone) {
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    pass(3s);
    it.gone(1, clock);
    it.gone(1, clock);
    it.gone(2, clock);  // never heard of
    pass(100s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.paid.count(), 3);
    EXPECT_TRUE(it.look(clock).workers.empty());
    EXPECT_EQ(it.listed(), std::vector<std::int64_t>());
}

TEST_F(timeline_test, draws_a_worker_that_comes_back_in_its_lane) {
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    pass(3s);
    it.gone(1, clock);
    pass(4s);
    it.worker(1, lane_state::loading, "", clock);
    EXPECT_EQ(it.lanes().size(), 1U);
    EXPECT_EQ(story_of(lane_of(it, 1)), "ready 3, loading");
}

TEST_F(timeline_test, tells_what_a_stranger_wants_to_know) {
    timeline it(settings);
    it.max_workers(6);
    it.worker(1, lane_state::loading, "", clock);
    pass(5s);
    it.worker(2, lane_state::loading, "", clock);
    it.worker(3, lane_state::ready, "", clock);
    it.worker(4, lane_state::reserved, "", clock);
    it.worker(5, lane_state::error, "no GPU", clock);
    it.add({.at = clock, .load = 100, .capacity = 200, .queue = 7});
    pass(2s);
    auto seen = it.look(clock);
    EXPECT_EQ(seen.running, 5);
    EXPECT_EQ(seen.taken, 1);
    EXPECT_EQ(seen.idle, 1);
    EXPECT_EQ(seen.loading, 2);
    EXPECT_EQ(seen.queue, 7);
    EXPECT_EQ(seen.longest_loading.value().worker, 1);
    EXPECT_DOUBLE_EQ(seen.longest_loading->lasted.count(), 7);
    EXPECT_EQ(seen.longest_idle.value().worker, 3);
    EXPECT_DOUBLE_EQ(seen.longest_idle->lasted.count(), 2);
    EXPECT_EQ(seen.errors.at(0).worker, 5);
    EXPECT_EQ(seen.errors.at(0).reason, "no GPU");
    EXPECT_EQ(seen.heard_at.value().monotonic, clock.monotonic);
    EXPECT_FALSE(seen.stale);
    EXPECT_FALSE(seen.max_reached);
    it.worker(6, lane_state::creating, "", clock);
    seen = it.look(clock);
    EXPECT_TRUE(seen.max_reached);
    EXPECT_EQ(seen.running, 5);  // the sixth is no machine yet
    for (const auto id : it.listed())
        it.gone(id, clock);
    seen = it.look(clock);
    EXPECT_EQ(seen.running, 0);
    EXPECT_EQ(seen.peak_workers, 5);
    EXPECT_FALSE(seen.longest_loading);
    EXPECT_TRUE(seen.errors.empty());
}

TEST_F(timeline_test, takes_another_reason_for_the_same_state) {
    timeline it(settings);
    it.worker(1, lane_state::error, "no GPU", clock);
    it.worker(1, lane_state::error, "", clock);
    EXPECT_EQ(it.look(clock).errors.at(0).reason, "no GPU");
    const auto before = it.revision();
    it.worker(1, lane_state::error, "disk full", clock);
    EXPECT_EQ(it.look(clock).errors.at(0).reason, "disk full");
    EXPECT_GT(it.revision(), before);
    EXPECT_EQ(lane_of(it, 1).spans.size(), 1U);
}

// ---- dollars ----------------------------------------------------------------------------------------------

TEST_F(timeline_test, knows_dollars_where_a_price_is_given) {
    settings.price = 0.36;
    timeline it(settings);
    EXPECT_EQ(it.look(clock).total.dollars.value(), 0);
    it.worker(1, lane_state::ready, "", clock);
    it.worker(2, lane_state::creating, "", clock);
    pass(100s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.dollars.value(), 0.01);
    EXPECT_DOUBLE_EQ(it.look(clock).total.dollars_per_hour.value(), 0.36);
}

TEST_F(timeline_test, counts_the_time_before_a_workers_price_was_known) {
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    pass(50s);
    it.worker(1, lane_state::reserved, "", clock);
    it.price(1, 0.72);
    pass(50s);
    it.worker(2, lane_state::ready, "", clock);  // costs nobody knows what
    EXPECT_DOUBLE_EQ(it.look(clock).total.dollars.value(), 0.02);
    EXPECT_DOUBLE_EQ(it.look(clock).total.dollars_per_hour.value(), 0.72);
}

TEST_F(timeline_test, counts_another_price_from_then_on) {
    settings.price = 0.36;
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    pass(100s);
    it.worker(1, lane_state::reserved, "", clock);
    it.price(1, 3.6);
    pass(100s);
    EXPECT_DOUBLE_EQ(it.look(clock).total.dollars.value(), 0.01 + 0.1);
}

// ---- polls ------------------------------------------------------------------------------------------------

class polled_timeline_test : public timeline_test {
protected:
    polled_timeline_test() { settings.poll_interval = 5s; }
};

TEST_F(polled_timeline_test, draws_silence_of_more_than_three_polls_as_unknown_since_it_was_heard_last) {
    timeline it(settings);
    poll(it, lane_state::ready);
    pass(5s);
    poll(it, lane_state::ready);
    pass(15s);
    it.advance(clock);
    EXPECT_FALSE(it.look(clock).stale);
    EXPECT_EQ(story_of(lane_of(it, 1)), "ready");
    pass(1s);
    it.advance(clock);
    const auto seen = it.look(clock);
    EXPECT_TRUE(seen.stale);
    EXPECT_EQ(seen.workers, (std::map<lane_state, int>{{lane_state::unknown, 1}}));
    EXPECT_EQ(seen.running, 0);
    EXPECT_EQ(story_of(lane_of(it, 1)), "ready 5, unknown");
    EXPECT_DOUBLE_EQ(seen.total.unknown.count(), 16);
    EXPECT_DOUBLE_EQ(seen.total.paid.count(), 5);
}

TEST_F(polled_timeline_test, knows_again_what_is_heard_after_silence) {
    timeline it(settings);
    poll(it, lane_state::ready);
    it.worker(2, lane_state::ready, "", clock);
    pass(20s);
    poll(it, lane_state::ready);  // nobody had looked meanwhile
    it.gone(2, clock);
    EXPECT_EQ(story_of(lane_of(it, 1)), "ready 0, unknown 20, ready");
    EXPECT_EQ(story_of(lane_of(it, 2)), "ready 0, unknown 20");
    EXPECT_FALSE(it.look(clock).stale);
    EXPECT_DOUBLE_EQ(it.look(clock).total.unknown.count(), 40);
    EXPECT_DOUBLE_EQ(it.look(clock).total.paid.count(), 0);
}

TEST_F(polled_timeline_test, never_takes_back_what_it_counted) {
    timeline it(settings);
    poll(it, lane_state::ready);
    seconds before{};
    for (int second = 0; second < 60; ++second) {
        pass(1s);
        if (second == 5 || second == 40)
            poll(it, lane_state::ready);
        it.advance(clock);
        const auto paid = it.look(clock).total.paid;
        EXPECT_GE(paid, before);
        before = paid;
    }
    EXPECT_DOUBLE_EQ(before.count(), 6);
}

TEST_F(polled_timeline_test, guesses_nothing_about_the_gap_that_failed_polls_left) {
    timeline it(settings);
    poll(it, lane_state::loading);
    it.worker(2, lane_state::ready, "", clock);
    it.worker(3, lane_state::ready, "", clock);
    pass(5s);
    it.failed("429: Too Many Requests", clock);
    EXPECT_EQ(it.look(clock).trouble, "429: Too Many Requests");
    pass(5s);
    poll(it, lane_state::ready);
    it.worker(2, lane_state::ready, "", clock);
    it.gone(3, clock);
    EXPECT_EQ(it.look(clock).trouble, "");
    EXPECT_EQ(story_of(lane_of(it, 1)), "loading 0, unknown 10, ready");
    EXPECT_EQ(story_of(lane_of(it, 2)), "ready");  // the same on both sides
    EXPECT_EQ(story_of(lane_of(it, 3)), "ready 0, unknown 10");
    pass(5s);
    poll(it, lane_state::reserved);  // after a poll that succeeded, as always
    EXPECT_EQ(story_of(lane_of(it, 1)), "loading 0, unknown 10, ready 5, reserved");
}

TEST_F(polled_timeline_test, is_stale_from_the_start_where_no_poll_ever_succeeded) {
    timeline it(settings);
    EXPECT_FALSE(it.look(clock).stale);
    it.failed("refused", clock);
    EXPECT_TRUE(it.look(clock).stale);
    EXPECT_FALSE(it.look(clock).heard_at);
}

TEST_F(polled_timeline_test, says_how_old_its_knowledge_is) {
    timeline it(settings);
    poll(it, lane_state::ready);
    const auto heard = clock;
    pass(4s);
    EXPECT_EQ(it.look(clock).heard_at.value().monotonic, heard.monotonic);
    EXPECT_EQ(it.look(clock).poll_interval, seconds(5));
}

// ---- sessions ---------------------------------------------------------------------------------------------

TEST_F(timeline_test, knows_how_long_a_session_was_waited_for_and_held) {
    session_row row{.key = "a"};
    EXPECT_FALSE(row.wait(clock));
    EXPECT_FALSE(row.hold(clock));
    row.asked_at = clock;
    pass(2s);
    EXPECT_DOUBLE_EQ(row.wait(clock).value().count(), 2);
    row.held_at = clock;
    pass(3s);
    EXPECT_DOUBLE_EQ(row.wait(clock).value().count(), 2);
    EXPECT_DOUBLE_EQ(row.hold(clock).value().count(), 3);
    row.ended_at = clock;
    pass(3s);
    EXPECT_DOUBLE_EQ(row.hold(clock).value().count(), 3);
    row.held_at.reset();  // it never had a worker
    EXPECT_DOUBLE_EQ(row.wait(clock).value().count(), 5);
    EXPECT_FALSE(row.hold(clock));
}

TEST_F(timeline_test, draws_a_session_in_the_lane_of_its_worker) {
    timeline it(settings);
    it.worker(7, lane_state::ready, "", clock);
    it.session({.key = "a", .asked_at = clock});
    EXPECT_FALSE(it.find_session("a")->lane);
    it.session(held("a", 7));
    EXPECT_EQ(it.find_session("a")->lane, lane_of(it, 7).number);
    EXPECT_EQ(it.lanes().size(), 1U);
}

TEST_F(timeline_test, draws_a_session_nowhere_whose_worker_did_not_take_it) {
    timeline it(settings);
    it.session({.key = "a", .worker = 7, .asked_at = clock});
    EXPECT_TRUE(it.find_session("a")->lane);
    it.session({.key = "a", .asked_at = clock});
    EXPECT_FALSE(it.find_session("a")->lane);
    it.advance(clock);
    EXPECT_TRUE(it.lanes().empty());  // nobody else had said anything of that worker
}

TEST_F(timeline_test, lets_no_state_begin_before_the_one_before_has_ended) {
    timeline it(settings);
    it.worker(1, lane_state::loading, "", clock);
    pass(5s);
    it.worker(1, lane_state::ready, "", clock);
    it.worker(1, lane_state::reserved, "", clock.after(-3s));
    pass(1s);
    EXPECT_EQ(story_of(lane_of(it, 1)), "loading 5, ready 0, reserved");
    EXPECT_DOUBLE_EQ(it.look(clock).total.paid.count(), 6);
}

TEST_F(timeline_test, gives_a_session_whose_worker_is_not_known_a_lane_that_is_not_counted) {
    timeline it(settings);
    auto row = held("a", std::nullopt);
    it.session(row);
    pass(4s);
    row.retiring_at = clock;
    it.session(row);
    pass(3s);
    row.ended_at = clock;
    row.outcome = "retired";
    it.session(row);
    const auto& alone = it.lanes().at(it.find_session("a")->lane.value());
    EXPECT_FALSE(alone.worker);
    EXPECT_EQ(story_of(alone), "reserved 4, retiring 3");
    EXPECT_DOUBLE_EQ(it.look(clock).total.used.count(), 0);  // its worker is counted as taken by others
    EXPECT_TRUE(it.look(clock).workers.empty());
}

TEST_F(timeline_test, moves_a_session_whose_worker_becomes_known) {
    timeline it(settings);
    it.worker(7, lane_state::ready, "", clock);
    it.session(held("a", std::nullopt));
    const auto seen = it.revision();
    it.session(held("a", 7));
    EXPECT_EQ(it.find_session("a")->lane, lane_of(it, 7).number);
    EXPECT_EQ(it.lanes().size(), 1U);
    EXPECT_TRUE(it.since(seen).reset);  // else the lane that went would stay with whoever saw it
    EXPECT_FALSE(it.since(it.revision()).reset);
}

TEST_F(timeline_test, takes_no_news_for_no_change) {
    timeline it(settings);
    it.session(held("a", 7));
    it.parameters({{"min_load", "0"}});
    it.max_workers(5);
    const auto before = it.revision();
    it.session(held("a", 7));
    it.parameters({{"min_load", "0"}});
    it.max_workers(5);
    EXPECT_EQ(it.revision(), before);
}

// ---- what changed since -----------------------------------------------------------------------------------

TEST_F(timeline_test, tells_only_what_changed_since_a_revision) {
    timeline it(settings);
    it.worker(1, lane_state::loading, "", clock);
    it.worker(2, lane_state::loading, "", clock);
    it.session(held("a", 1));
    it.session(held("b", 2));
    it.add({.at = clock});
    const auto seen = it.revision();
    auto news = it.since(seen);
    EXPECT_FALSE(news.reset);
    EXPECT_TRUE(news.lanes.empty() && news.sessions.empty());
    EXPECT_EQ(news.first_sample, 1U);

    pass(1s);
    it.worker(2, lane_state::ready, "", clock);
    it.session({.key = "a", .worker = 1, .held_at = clock, .ended_at = clock, .outcome = "released"});
    it.add({.at = clock});
    news = it.since(seen);
    ASSERT_EQ(news.lanes.size(), 1U);
    EXPECT_EQ(news.lanes[0].of->worker, 2);
    EXPECT_EQ(news.lanes[0].first, 0U);  // which ended, and the next one
    ASSERT_EQ(news.sessions.size(), 1U);
    EXPECT_EQ(news.sessions[0]->row.key, "a");
    EXPECT_EQ(news.first_sample, 1U);
    EXPECT_TRUE(it.since(0).reset);
    EXPECT_EQ(it.since(0).lanes.size(), 2U);
}

TEST_F(timeline_test, has_whoever_knows_the_future_begin_anew) {
    timeline it(settings);
    EXPECT_TRUE(it.since(it.revision() + 1).reset);
    EXPECT_GT(it.revision(), 0U);  // so that 0 is always before
}

TEST_F(timeline_test, has_whoever_missed_what_is_forgotten_begin_anew) {
    timeline it(settings);
    it.worker(1, lane_state::loading, "", clock);
    const auto early = it.revision();
    it.worker(1, lane_state::ready, "", clock);
    const auto late = it.revision();
    pass(2h);
    it.advance(clock);
    EXPECT_TRUE(it.since(early).reset);
    EXPECT_FALSE(it.since(late).reset);
}

// ---- bounds -----------------------------------------------------------------------------------------------

TEST_F(timeline_test, forgets_after_an_hour_and_goes_on_counting) {
    timeline it(settings);
    it.worker(1, lane_state::loading, "", clock);
    pass(100s);
    it.worker(1, lane_state::ready, "", clock);
    pass(100s);
    it.gone(1, clock);
    it.session({.key = "a", .held_at = clock, .ended_at = clock, .outcome = "released"});
    it.add({.at = clock, .queue = 1});
    it.add({.at = clock, .queue = 2});
    pass(3599s);
    it.advance(clock);
    EXPECT_EQ(story_of(lane_of(it, 1)), "ready 100");
    EXPECT_EQ(lane_of(it, 1).first_index, 1U);
    EXPECT_TRUE(it.find_session("a"));
    pass(2s);
    it.advance(clock);
    EXPECT_TRUE(it.lanes().empty());
    EXPECT_FALSE(it.find_session("a"));
    EXPECT_EQ(it.samples().size(), 1U);  // says what is so since
    EXPECT_EQ(it.samples().back().queue, 2);
    EXPECT_DOUBLE_EQ(it.look(clock).total.paid.count(), 200);
}

TEST_F(timeline_test, keeps_what_lasts_however_old_it_is) {
    timeline it(settings);
    it.worker(1, lane_state::ready, "", clock);
    it.session(held("a", 1));
    it.session(held("b", std::nullopt));
    pass(100h);
    it.advance(clock);
    EXPECT_EQ(it.lanes().size(), 2U);
    EXPECT_TRUE(it.find_session("a") && it.find_session("b"));
    EXPECT_DOUBLE_EQ(it.look(clock).longest_idle.value().lasted.count(), 360000);
}

TEST_F(timeline_test, keeps_the_lane_in_which_a_session_is_drawn) {
    timeline it(settings);
    it.worker(1, lane_state::reserved, "", clock);
    it.session(held("a", 1));
    it.gone(1, clock);
    pass(2h);
    it.advance(clock);
    EXPECT_TRUE(it.lanes().contains(it.find_session("a")->lane.value()));
    auto row = it.find_session("a")->row;
    row.ended_at = clock;
    row.outcome = "lost";
    it.session(row);
    pass(2h);
    it.advance(clock);
    it.advance(clock);
    EXPECT_TRUE(it.lanes().empty());
}

TEST_F(timeline_test, keeps_no_more_than_it_may) {
    settings.history = {.lanes = 20, .spans = 100, .sessions = 30, .samples = 40, .text = 10};
    timeline it(settings);
    for (int round = 0; round < 1000; ++round) {
        const std::int64_t id = round / 10;
        it.worker(id, round % 2 == 0 ? lane_state::ready : lane_state::reserved, "", clock);
        if (round % 10 == 9)
            it.gone(id, clock);
        auto row = held("s" + std::to_string(round), id);
        it.session(row);
        row.ended_at = clock;
        row.outcome = "released";
        it.session(row);
        it.add({.at = clock});
        pass(1s);
    }
    const auto spans =
        std::accumulate(it.lanes().begin(), it.lanes().end(), std::size_t{0},
                        [](std::size_t sum, const auto& entry) { return sum + entry.second.spans.size(); });
    EXPECT_LE(it.lanes().size(), 20U);
    EXPECT_LE(spans, 100U);
    EXPECT_LE(it.lasting_sessions().size() + it.ended_sessions().size(), 30U);
    EXPECT_LE(it.samples().size(), 40U);
    EXPECT_TRUE(it.find_session("s999"));
    EXPECT_DOUBLE_EQ(it.look(clock).total.paid.count(), 900);  // each of the 100 was there for nine seconds
}

TEST_F(timeline_test, keeps_no_more_workers_and_sessions_that_last_than_it_may) {
    settings.history.lanes = 20;
    settings.history.sessions = 30;
    timeline it(settings);
    for (std::int64_t id = 0; id < 100; ++id) {
        it.worker(id, lane_state::ready, "", clock);
        it.price(id, 1);
        it.session(held("s" + std::to_string(id), id));
        it.session(held("t" + std::to_string(id), std::nullopt));
    }
    EXPECT_EQ(it.lanes().size(), 20U);
    EXPECT_EQ(it.lasting_sessions().size(), 30U);
    EXPECT_EQ(it.listed().size() + 10, 20U);  // sessions have the others
}

TEST_F(timeline_test, cuts_texts_between_characters) {
    settings.history.text = 10;
    timeline it(settings);
    it.worker(1, lane_state::error, "123456789ä123", clock);
    EXPECT_EQ(it.look(clock).errors.at(0).reason, "123456789…");
    it.failed(std::string(10000, 'x'), clock);
    EXPECT_EQ(it.look(clock).trouble, std::string(10, 'x') + "…");
    it.parameters({1000, {std::string(10000, 'n'), std::string(10000, 'v')}});
    EXPECT_LE(it.parameters().size(), 64U);
    EXPECT_LE(it.parameters().at(0).first.size(), 13U);
    it.session({.key = std::string(10000, 'k')});
    EXPECT_LE(it.lasting_sessions().back().row.key.size(), 13U);
}

}  // namespace
}  // namespace nullworker::client::watch
