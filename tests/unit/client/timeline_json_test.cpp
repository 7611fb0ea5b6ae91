#include <nullworker/wire/json_value.hpp>
#include <watch/json_text.hpp>
#include <watch/timeline_json.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace nullworker::client::watch {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class timeline_json_test : public testing::Test {
protected:
    timeline_settings settings = {.run = "9f3c", .title = "local fleet", .price = 0.5};
    instant clock{std::chrono::steady_clock::time_point(100000s),
                  std::chrono::system_clock::time_point(1767200000s)};

    void pass(seconds span) { clock = clock.after(to_ticks(span)); }
};

TEST_F(timeline_json_test, says_everything_that_the_page_shows) {
    timeline it(settings);
    it.parameters({{"target_util", "1.0"}});
    it.max_workers(16);
    it.worker(17, lane_state::loading, "load", clock);
    it.session({.key = "7", .request_idx = 7, .asked_at = clock});
    pass(1500ms);
    it.worker(17, lane_state::reserved, "", clock);
    it.session({.key = "7",
                .session_id = "ZW1G",
                .request_idx = 7,
                .worker = 17,
                .cost = 100,
                .asked_at = clock.after(-1500ms),
                .held_at = clock,
                .planned_end = clock.after(60s)});
    it.add({.at = clock, .load = 100, .capacity = 100.5, .queue = 2});
    pass(2s);
    const auto told = json::parse(document_of(it, clock));
    EXPECT_EQ(told, json::parse(R"({
        "run": "9f3c", "revision": 10, "reset": true, "at": 1767200003.5, "title": "local fleet",
        "source": "fleet", "poll_interval": 0.0, "history": 3600.0,
        "overview": {
            "workers": {"reserved": 1}, "running": 1, "taken": 1, "idle": 0, "loading": 0, "queue": 2,
            "longest_loading": null, "longest_idle": null, "errors": [], "max_workers": 16,
            "max_reached": false, "peak_workers": 1, "heard_at": 1767200003.5, "stale": false, "trouble": "",
            "seconds": {"paid": 3.5, "used": 2.0, "idle": 0.0, "unknown": 0.0},
            "dollars": 0.0004861111111111111, "dollars_per_hour": 0.5},
        "parameters": [["target_util", "1.0"]],
        "workers": [{"lane": 1, "worker": 17, "spans": [
            {"index": 0, "state": "loading", "from": 1767200000.0, "to": 1767200001.5, "why": "load"},
            {"index": 1, "state": "reserved", "from": 1767200001.5, "to": null, "why": ""}]}],
        "sessions": [{"key": "7", "session_id": "ZW1G", "request_idx": 7, "worker": 17, "lane": 1, "cost": 100.0,
            "asked_at": 1767200000.0, "held_at": 1767200001.5, "retiring_at": null,
            "planned_end": 1767200061.5, "ended_at": null, "outcome": "", "wait": 1.5, "hold": 2.0}],
        "samples": [{"at": 1767200001.5, "load": 100.0, "capacity": 100.5, "queue": 2}]})"))
        << told.dump(1);
}

TEST_F(timeline_json_test, says_null_for_what_is_not_known) {
    settings = {.run = "r", .source = "endpoint", .poll_interval = 5s};
    timeline it(settings);
    it.session({.key = "a", .held_at = clock});
    const auto told = json::parse(document_of(it, clock));
    for (const char* name :
         {"longest_loading", "longest_idle", "max_workers", "heard_at", "dollars", "dollars_per_hour"})
        EXPECT_TRUE(told["overview"].at(name).is_null()) << name;
    for (const char* name : {"request_idx", "worker", "cost", "asked_at", "wait", "ended_at"})
        EXPECT_TRUE(told["sessions"][0].at(name).is_null()) << name;
    EXPECT_TRUE(told["workers"][0].at("worker").is_null());
}

TEST_F(timeline_json_test, says_only_what_changed) {
    timeline it(settings);
    it.worker(1, lane_state::loading, "", clock);
    it.add({.at = clock});
    const auto since = it.revision();
    it.worker(2, lane_state::loading, "", clock);
    const auto told = json::parse(document_of(it, clock, since));
    EXPECT_FALSE(told["reset"]);
    ASSERT_EQ(told["workers"].size(), 1U);
    EXPECT_EQ(told["workers"][0]["worker"], 2);
    EXPECT_TRUE(told["samples"].empty());
    EXPECT_TRUE(json::parse(document_of(it, clock, 0))["reset"]);
}

TEST_F(timeline_json_test, carries_hostile_texts_as_texts) {
    const std::string texts[] = {
        "</script><img src=x onerror=alert(1)>",
        "\"}],\"sessions\":[{\"key\":\"\\",
        "line\nline\r\t\b\f\x1b[2J",
        std::string("zero\0zero", 9),
        "bytes \xff\xfe\xc3",
        "\xe2\x80\xae turned",
        "\x7f",
    };
    timeline it(settings);
    for (const auto& text : texts) {
        it.worker(1, lane_state::error, text, clock);
        it.session({.key = text, .session_id = text, .outcome = text});
        it.parameters({{text, text}});
        const auto told = json::parse(document_of(it, clock));
        const auto expected = json::parse(wire::compact(json(text))).get<std::string>();
        EXPECT_EQ(told["overview"]["errors"][0]["reason"], expected);
        EXPECT_EQ(told["sessions"].back()["session_id"], expected);
        EXPECT_EQ(told["parameters"][0][0], expected);
    }
}

TEST(json_text, writes_numbers_that_can_be_read_and_null_for_the_rest) {
    json_text to;
    to.open_array();
    for (const double number : {0.0, -1.5, 1e300, 0.1, std::nan(""), std::numeric_limits<double>::infinity()})
        to.value(number);
    to.value(std::numeric_limits<std::uint64_t>::max());
    to.value(std::numeric_limits<std::int64_t>::min());
    to.value(seconds(1e300));
    to.value(true);
    to.close();
    const auto read = json::parse(to.take());
    EXPECT_EQ(read[3], 0.1);
    EXPECT_EQ(read[2], 1e300);
    EXPECT_TRUE(read[4].is_null() && read[5].is_null());
    EXPECT_EQ(read[6], std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(read[7], std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(read[9], true);
}

// ---- whoever puts the news together has the whole
// ----------------------------------------------------------

// What a page keeps of the documents.
class reader {
public:
    [[nodiscard]] std::uint64_t revision() const { return x_revision; }

    void take(const json& told) {
        if (told["reset"]) {
            x_spans.clear();
            x_sessions.clear();
            x_samples.clear();
        }
        x_revision = told["revision"];
        for (const auto& lane : told["workers"])
            for (const auto& span : lane["spans"])
                x_spans[{lane["lane"], span["index"]}] = {lane["worker"], span};
        for (const auto& session : told["sessions"])
            x_sessions[session["key"]] = session;
        for (const auto& sample : told["samples"])
            x_samples.push_back(sample);
        forget(told["at"].get<double>() - told["history"].get<double>());
    }

    // Live figures differ: they were so when they were told.
    [[nodiscard]] json all() const {
        json out = {{"spans", json::array()}, {"sessions", json::array()}, {"samples", x_samples}};
        for (const auto& [place, entry] : x_spans)
            out["spans"].push_back({place.first, place.second, entry.first, entry.second});
        for (const auto& [key, session] : x_sessions) {
            auto lasting = session;
            lasting.erase("wait");
            lasting.erase("hold");
            out["sessions"].push_back(lasting);
        }
        return out;
    }

private:
    void forget(double limit) {
        std::erase_if(x_spans, [limit](const auto& entry) {
            const auto& to = entry.second.second["to"];
            return !to.is_null() && to.template get<double>() < limit;
        });
        std::erase_if(x_sessions, [limit](const auto& entry) {
            const auto& ended = entry.second["ended_at"];
            return !ended.is_null() && ended.template get<double>() < limit;
        });
        while (x_samples.size() > 1 && x_samples[1]["at"].get<double>() < limit)
            x_samples.erase(x_samples.begin());
    }

    std::uint64_t x_revision = 0;
    std::map<std::pair<std::int64_t, std::int64_t>, std::pair<json, json>> x_spans;
    std::map<std::string, json> x_sessions;
    std::vector<json> x_samples;
};

class any_story {
public:
    any_story(unsigned seed, instant& clock, timeline& told) : x_random(seed), x_clock(clock), x_told(told) {}

    [[nodiscard]] int below(int most) { return std::uniform_int_distribution<int>(0, most - 1)(x_random); }

    void go_on() {
        const auto worker = below(6);
        switch (below(9)) {
            case 0:
            case 1:
            case 2:
                return x_told.worker(worker, static_cast<lane_state>(below(lane_states)), "", x_clock);
            case 3:
                return x_told.gone(worker, x_clock);
            case 4:
            case 5:
                return change_session();
            case 6:
                return x_told.add({.at = x_clock, .queue = below(3)});
            case 7:
                return below(2) == 0 ? x_told.heard(x_clock) : x_told.failed("down", x_clock);
            default:
                x_clock = x_clock.after(std::chrono::milliseconds(1000 * below(40)));
        }
    }

private:
    void change_session() {
        const auto key = std::to_string(below(200));
        const auto* known = x_told.find_session(key);
        session_row row = known ? known->row : session_row{.key = key, .asked_at = x_clock};
        if (below(2) == 0)
            row.held_at = x_clock;
        if (below(3) == 0 && !row.worker)
            row.worker = below(6);
        if (below(4) == 0)
            row.retiring_at = x_clock;
        if (below(3) == 0) {
            row.ended_at = x_clock;
            row.outcome = "released";
        }
        x_told.session(row);
    }

    std::mt19937 x_random;
    instant& x_clock;
    timeline& x_told;
};

TEST_F(timeline_json_test, makes_the_whole_of_all_news_together) {
    for (unsigned seed = 0; seed < 8; ++seed) {
        settings.poll_interval = seed % 2 == 0 ? seconds(0) : seconds(5);
        settings.history.age = seconds(300);
        timeline it(settings);
        any_story story(seed, clock, it);
        reader page;
        for (int step = 0; step < 200; ++step) {
            story.go_on();
            if (story.below(6) != 0)
                continue;
            it.advance(clock);
            page.take(json::parse(document_of(it, clock, page.revision())));
            reader anew;
            anew.take(json::parse(document_of(it, clock)));
            ASSERT_EQ(page.all(), anew.all()) << "seed " << seed << ", step " << step;
        }
    }
}

}  // namespace
}  // namespace nullworker::client::watch
