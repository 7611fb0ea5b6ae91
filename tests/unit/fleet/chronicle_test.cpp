#include "scripted_scaler.hpp"

#include <fleet/chronicle.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace nullworker::fleet {
namespace {

using namespace std::chrono_literals;
using client::watch::lane_state;
using client::watch::session_row;
using client::watch::timeline;

class chronicle_test : public scripted_scaler {
protected:
    // Writes down what has happened up to now.
    void catch_up() {
        for (const auto& happened : it().take_events())
            writer().note(happened);
        writer().look(x_now);
        story.advance(x_now);
    }

    chronicle& writer() {
        if (!x_writer)
            x_writer.emplace(it(), story);
        return *x_writer;
    }

    // The states of a worker in order.
    std::string life_of(std::int64_t worker) const {
        std::string out;
        for (const auto& [number, lane] : story.lanes())
            if (lane.worker == worker)
                for (const auto& each : lane.spans)
                    out += (out.empty() ? "" : " ") + std::string(to_string(each.state));
        return out;
    }

    // Every session there was, the oldest first.
    std::vector<session_row> sessions() const {
        std::vector<session_row> out;
        for (const auto* list : {&story.ended_sessions(), &story.lasting_sessions()})
            for (const auto& each : *list)
                out.push_back(each.row);
        return out;
    }

    // What a daemon answers while the session is held.
    wire::slot_session slot_of(std::int64_t request, seconds remaining = seconds(60)) const {
        return {.session_id = "ZW1G",
                .created_at = epoch_seconds(x_now.wall),
                .remaining = remaining.count(),
                .cost = 100,
                .request_idx = request};
    }

    timeline story{{.run = "r"}};
    std::optional<chronicle> x_writer;
};

TEST_F(chronicle_test, draws_the_life_of_a_worker) {
    use({.inactivity_timeout = 1s});
    const auto [request, worker] = hold_one();
    complete(worker, request);
    catch_up();
    pass(2s);
    plan();
    catch_up();
    EXPECT_EQ(life_of(worker), "creating loading ready reserved ready draining");
    it().on_exit(worker, "exited with status 0", x_now);
    catch_up();
    EXPECT_EQ(life_of(worker), "creating loading ready reserved ready draining stopped");
    EXPECT_TRUE(story.listed().empty());
    const auto& last = story.lanes().begin()->second.spans.back();
    EXPECT_EQ(last.why, "exited with status 0");
    EXPECT_TRUE(last.to);
}

TEST_F(chronicle_test, keeps_a_cold_worker_in_its_lane) {
    use({.cold_workers = 1, .inactivity_timeout = 1s});
    const auto [request, worker] = hold_one();
    complete(worker, request);
    pass(2s);
    plan();
    it().on_exit(worker, "exited with status 0", x_now);
    catch_up();
    EXPECT_EQ(story.listed(), std::vector{worker});
    EXPECT_EQ(story.look(x_now).running, 0);
    ask_and_wait();
    plan();
    catch_up();
    EXPECT_EQ(story.lanes().size(), 1U);
    EXPECT_TRUE(life_of(worker).ends_with("draining stopped creating loading")) << life_of(worker);
}

TEST_F(chronicle_test, tells_why_a_worker_is_in_error_or_died) {
    ask_and_wait();
    const auto worker = plan().at(0);
    report(worker, 0, {}, "</script><img src=x onerror=alert(1)>");
    catch_up();
    EXPECT_EQ(story.look(x_now).errors.at(0).reason, "</script><img src=x onerror=alert(1)>");
    pass(31s);
    plan();
    catch_up();
    EXPECT_TRUE(life_of(worker).ends_with("error draining") || life_of(worker).ends_with("error stopped"))
        << life_of(worker);
}

TEST_F(chronicle_test, follows_a_request_from_the_asking_to_the_end) {
    const auto request = ask_and_wait();
    catch_up();
    ASSERT_EQ(sessions().size(), 1U);
    EXPECT_EQ(sessions()[0].request_idx, request);
    EXPECT_EQ(sessions()[0].asked_at->monotonic, x_now.monotonic);
    EXPECT_FALSE(sessions()[0].worker || sessions()[0].held_at);
    EXPECT_EQ(story.look(x_now).queue, 1);

    pass(2s);
    const auto worker = plan().at(0);
    report(worker);
    worker_for(request);
    catch_up();
    EXPECT_EQ(sessions()[0].worker, worker);
    EXPECT_FALSE(sessions()[0].held_at);
    EXPECT_EQ(story.look(x_now).queue, 0);

    pass(1s);
    report(worker, 100, {request});
    catch_up();
    EXPECT_EQ(sessions()[0].held_at->monotonic, x_now.monotonic);

    pass(5s);
    complete(worker, request);
    catch_up();
    ASSERT_EQ(sessions().size(), 1U);
    EXPECT_EQ(sessions()[0].outcome, "ended");
    EXPECT_DOUBLE_EQ(sessions()[0].wait(x_now)->count(), 3);
    EXPECT_DOUBLE_EQ(sessions()[0].hold(x_now)->count(), 5);
}

TEST_F(chronicle_test, counts_a_session_that_was_over_before_a_report_from_when_it_was_routed) {
    const auto request = ask_and_wait();
    const auto worker = plan().at(0);
    report(worker);
    worker_for(request);
    pass(50ms);
    complete(worker, request);
    catch_up();
    EXPECT_EQ(sessions()[0].outcome, "ended");
    EXPECT_DOUBLE_EQ(sessions()[0].hold(x_now)->count(), 0.05);
}

TEST_F(chronicle_test, tells_sessions_that_came_to_nothing_apart) {
    use({.max_workers = 1});
    const auto [held, worker] = hold_one();
    const auto waiting = ask_and_wait();
    catch_up();
    pass(61s);
    report(worker, 100, {held});
    plan();  // nobody asked for it again
    it().on_exit(worker, "killed by signal 9", x_now);
    catch_up();
    for (const auto& row : sessions())
        EXPECT_EQ(row.outcome, row.request_idx == held ? "lost" : "dropped");
    EXPECT_EQ(sessions().size(), 2U);
    EXPECT_NE(held, waiting);
}

TEST_F(chronicle_test, tells_a_session_that_its_worker_did_not_take) {
    use({.max_workers = 1});
    const auto request = ask_and_wait();
    const auto worker = plan().at(0);
    report(worker);
    worker_for(request);
    complete(worker, request, wire::completion_status::rejected);
    catch_up();
    EXPECT_FALSE(sessions().at(0).worker);
    EXPECT_EQ(story.look(x_now).queue, 1);
    pass(61s);
    plan();
    catch_up();
    EXPECT_EQ(sessions().at(0).outcome, "rejected");
    EXPECT_EQ(story.look(x_now).queue, 0);
}

TEST_F(chronicle_test, begins_another_row_for_a_request_that_lost_its_worker) {
    const auto [request, worker] = hold_one();
    it().on_exit(worker, "killed by signal 9", x_now);
    ask(request);
    const auto next = plan().at(0);
    report(next);
    EXPECT_EQ(worker_for(request), next);
    report(next, 100, {request});
    catch_up();
    ASSERT_EQ(sessions().size(), 2U);
    EXPECT_EQ(sessions()[0].outcome, "lost");
    EXPECT_EQ(sessions()[1].outcome, "");
    EXPECT_EQ(sessions()[1].worker, next);
    EXPECT_NE(sessions()[0].key, sessions()[1].key);
}

// ---- what only the worker knows
// ----------------------------------------------------------------------------

TEST_F(chronicle_test, asks_a_worker_as_soon_as_it_works_and_then_once_a_second) {
    EXPECT_TRUE(writer().due_questions(8, x_now).empty());
    const auto [request, worker] = hold_one();
    catch_up();
    EXPECT_LE(writer().next_wake(), x_now.monotonic);
    EXPECT_EQ(writer().due_questions(8, x_now), std::vector{worker});
    pass(999ms);
    EXPECT_TRUE(writer().due_questions(8, x_now).empty());
    pass(1ms);
    EXPECT_EQ(writer().due_questions(8, x_now), std::vector{worker});
    pass(100ms);  // also where another session begins at once
    complete(worker, request);
    EXPECT_EQ(worker_for(), worker);
    report(worker, 100, {request + 1});
    catch_up();
    EXPECT_TRUE(writer().due_questions(8, x_now).empty());
    pass(900ms);
    EXPECT_EQ(writer().due_questions(8, x_now), std::vector{worker});
    complete(worker, request + 1);
    catch_up();
    pass(10s);
    EXPECT_TRUE(writer().due_questions(8, x_now).empty());
}

TEST_F(chronicle_test, asks_no_more_workers_than_there_is_room_for_and_many_of_them_more_seldom) {
    use({.max_workers = 150});
    std::vector<std::int64_t> requests;
    for (int i = 0; i < 150; ++i)
        requests.push_back(ask_and_wait());
    for (const auto worker : plan())
        report(worker);
    for (const auto request : requests)
        report(worker_for(request), 100, {request});
    catch_up();
    std::size_t asked = 0;
    for (int i = 0; i < 20; ++i) {
        const auto due = writer().due_questions(8, x_now);
        EXPECT_LE(due.size(), 8U);
        asked += due.size();
    }
    EXPECT_EQ(asked, 150U);
    pass(2s);
    EXPECT_TRUE(writer().due_questions(8, x_now).empty());
    pass(1s);
    EXPECT_EQ(writer().due_questions(8, x_now).size(), 8U);
}

TEST_F(chronicle_test, learns_id_cost_and_end_of_a_session_from_its_worker) {
    const auto [request, worker] = hold_one();
    catch_up();
    auto slot = slot_of(request);
    pass(200ms);
    writer().answered(worker, slot, x_now);
    const auto row = sessions().at(0);
    EXPECT_EQ(row.session_id, "ZW1G");
    EXPECT_EQ(row.cost, 100);
    EXPECT_NEAR(row.hold(x_now)->count(), 0.2, 0.001);
    EXPECT_EQ(row.planned_end->monotonic, x_now.after(60s).monotonic);
    const auto before = story.revision();
    pass(1s);
    slot.remaining -= 1;
    writer().answered(worker, slot, x_now);
    EXPECT_EQ(story.revision(), before);  // no news
    slot.remaining = 90;                  // renewed
    writer().answered(worker, slot, x_now);
    EXPECT_EQ(sessions().at(0).planned_end->monotonic, x_now.after(90s).monotonic);
}

TEST_F(chronicle_test, draws_a_session_that_is_retiring) {
    const auto [request, worker] = hold_one();
    catch_up();
    auto slot = slot_of(request);
    slot.retiring = true;
    writer().answered(worker, slot, x_now);
    EXPECT_TRUE(life_of(worker).ends_with("reserved retiring"));
    EXPECT_TRUE(sessions().at(0).retiring_at);
    pass(1s);
    complete(worker, request);
    catch_up();
    EXPECT_TRUE(life_of(worker).ends_with("retiring ready"));
    EXPECT_EQ(sessions().at(0).outcome, "retired");
}

TEST_F(chronicle_test, knows_a_session_that_came_to_its_planned_end) {
    const auto [request, worker] = hold_one();
    catch_up();
    writer().answered(worker, slot_of(request, 5s), x_now);
    pass(5s);
    complete(worker, request);
    catch_up();
    EXPECT_EQ(sessions().at(0).outcome, "expired");
}

TEST_F(chronicle_test, passes_over_an_answer_that_comes_too_late_or_makes_no_sense) {
    const auto [request, worker] = hold_one();
    catch_up();
    const auto before = story.revision();
    writer().answered(worker, std::nullopt, x_now);
    writer().answered(worker + 1, slot_of(request), x_now);
    writer().answered(worker, slot_of(request + 1), x_now);
    EXPECT_EQ(story.revision(), before);
    auto strange = slot_of(request);
    strange.remaining = 1e300;
    strange.created_at = -1e300;
    writer().answered(worker, strange, x_now);
    strange.remaining = std::numeric_limits<double>::quiet_NaN();
    strange.created_at = std::numeric_limits<double>::quiet_NaN();
    writer().answered(worker, strange, x_now);
    complete(worker, request);
    catch_up();
    writer().answered(worker, slot_of(request), x_now);
    EXPECT_FALSE(sessions().at(0).outcome.empty());
    EXPECT_TRUE(life_of(worker).ends_with("ready"));
}

// ---- the fleet as a whole
// ----------------------------------------------------------------------------------

TEST_F(chronicle_test, samples_what_changed_and_now_and_then_what_did_not) {
    catch_up();
    ASSERT_EQ(story.samples().size(), 1U);
    pass(100ms);
    const auto request = ask_and_wait();
    catch_up();
    EXPECT_EQ(story.samples().size(), 1U);  // too soon
    EXPECT_EQ(writer().next_wake(), x_now.monotonic + 400ms);
    pass(400ms);
    catch_up();
    ASSERT_EQ(story.samples().size(), 2U);
    EXPECT_EQ(story.samples().back().load, 100);
    EXPECT_EQ(story.samples().back().capacity, 0);
    EXPECT_EQ(story.samples().back().queue, 1);
    const auto worker = plan().at(0);
    report(worker);
    worker_for(request);
    pass(500ms);
    catch_up();
    EXPECT_EQ(story.samples().back().capacity, 100);
    EXPECT_EQ(story.samples().back().queue, 0);
    pass(4900ms);
    catch_up();
    EXPECT_EQ(story.samples().size(), 3U);
    pass(100ms);
    catch_up();
    EXPECT_EQ(story.samples().size(), 4U);
}

TEST_F(chronicle_test, lists_the_parameters_and_those_that_were_changed_later) {
    use({.min_load = 0.5, .max_workers = 3});
    catch_up();
    const auto value_of = [this](const std::string& name) {
        for (const auto& [known, value] : story.parameters())
            if (known == name)
                return value;
        return std::string("none");
    };
    EXPECT_EQ(value_of("min_load"), "0.5");
    EXPECT_EQ(value_of("max_workers"), "3");
    EXPECT_EQ(value_of("inactivity_timeout"), "10");
    EXPECT_EQ(value_of("endpoint_state"), "active");
    it().change({.max_workers = 7, .inactivity_timeout = std::nullopt});
    catch_up();
    EXPECT_EQ(value_of("max_workers"), "7");
    EXPECT_EQ(value_of("inactivity_timeout"), "not set");
    EXPECT_EQ(story.look(x_now).max_workers, 7);
}

}  // namespace
}  // namespace nullworker::fleet
