#include <follow/roster.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <vector>

// The roster in a world in which some of the work that is counted cannot be taken, for a while or for ever.
namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using time_point = roster::time_point;

constexpr auto tick = 250ms;
constexpr auto interval = 2s;
constexpr auto recheck = 60s;
constexpr auto minute = 60s;
constexpr seconds endless{1e6};
constexpr time_point never = time_point::max();

// A consumer, as long as its session lasts.
struct habits {
    milliseconds waits = 5s;   // for a job, before it says that there is none
    int protected_of_ten = 0;  // looks at it that find it protected while it waits
    bool keeps = false;        // its session for the next job
};

struct job {
    time_point takable_at{};
    milliseconds length{};
    bool taken = false;
};

class story {
public:
    story(unsigned seed, int least, habits how) : x_random(seed), x_least(least), x_how(how) {}

    int draw(int smallest, int greatest) {
        return std::uniform_int_distribution<int>(smallest, greatest)(x_random);
    }

    void add(int count, time_point takable_at) {
        for (int i = 0; i < count; ++i)
            x_jobs.push_back({takable_at, milliseconds(draw(300, 60'000))});
        for (int i = 0; i < count; ++i)
            x_wanted_at.push_back(now);
    }

    void make_takable() {
        for (auto& one : x_jobs)
            one.takable_at = std::min(one.takable_at, now);
    }

    void advance() {
        now += tick;
        consume();
        listen();
        if (now >= x_look_at)
            look();
        judge();
    }

    void run(milliseconds span) {
        for (const auto end = now + span; now < end;)
            advance();
    }

    // What was opened within a minute, beyond what that minute's new work and those who are always wanted
    // account for.
    void expect_few_reservations() {
        const auto few = static_cast<int>(std::ceil(std::log2(recheck / interval))) + 1;
        for (const auto begin : x_opened_at) {
            const auto within = [begin](time_point at) { return at >= begin && at < begin + minute; };
            const auto seen_within = [&](time_point at) { return within(at) || within(at + interval); };
            const auto opened = std::count_if(x_opened_at.begin(), x_opened_at.end(), within);
            const auto wanted = std::count_if(x_wanted_at.begin(), x_wanted_at.end(), seen_within);
            const auto always = seen_within(start) ? x_least : 0;
            EXPECT_LE(opened, wanted + always + few);
        }
    }

    [[nodiscard]] bool all_done() const { return x_jobs.empty() && x_sessions.empty(); }

    static constexpr time_point start{1000s};
    time_point now = start;

private:
    struct session {
        time_point idle_since{};
        milliseconds patience{};
        time_point busy_until{};
        bool works = false;
        bool retiring = false;
        std::optional<ending> over;
        time_point asked_at{};
    };

    [[nodiscard]] job* takable() {
        const auto found = std::find_if(x_jobs.begin(), x_jobs.end(), [this](const job& one) {
            return !one.taken && one.takable_at <= now;
        });
        return found == x_jobs.end() ? nullptr : &*found;
    }

    void consume() {
        for (auto& [number, here] : x_sessions) {
            if (here.over)
                continue;
            if (here.works && now >= here.busy_until) {
                x_jobs.erase(
                    std::find_if(x_jobs.begin(), x_jobs.end(), [](const job& one) { return one.taken; }));
                here.works = false;
                here.idle_since = now;
                if (!x_how.keeps || here.retiring)
                    here.over = ending::done;
            } else if (!here.works && here.retiring) {
                here.over = ending::done;
            } else if (auto* found = here.works ? nullptr : takable()) {
                found->taken = true;
                here.works = true;
                here.busy_until = now + found->length;
                x_taken_at = now;
            } else if (!here.works && now - here.idle_since >= here.patience) {
                here.over = ending::idle;
            }
        }
    }

    // A job's protection, or that of an empty wait that is one, is made to last every 15 s; others are new.
    [[nodiscard]] seconds protection(const session& here) {
        const bool lasts = here.works || x_how.protected_of_ten == 10;
        const seconds age = (now - here.idle_since) % 15s;
        if (lasts)
            return seconds(60) - age;
        return seconds(draw(1, 10) <= x_how.protected_of_ten ? 60 : 0);
    }

    void listen() {
        for (auto place = x_sessions.begin(); place != x_sessions.end();) {
            auto& [number, here] = *place++;
            if (now - here.asked_at < interval)
                continue;
            here.asked_at = now;
            if (here.over)
                forget(number, *here.over);
            else
                x_roster.heard(number, {endless, protection(here), here.retiring}, now);
        }
    }

    void forget(int number, ending how) {
        x_roster.ended(number, how, now);
        x_roster.gone(number);
        x_sessions.erase(number);
    }

    void look() {
        const auto depth = static_cast<int>(x_jobs.size());
        const auto wanted = x_roster.decide(depth, now);
        for (const auto& [number, what] : wanted.given)
            carry_out(number, what);
        for (int i = 0; i < wanted.open; ++i)
            open(x_roster.open());
        if (wanted.probe)
            open(x_roster.open_probe());
        const auto sessions = static_cast<int>(x_sessions.size());
        EXPECT_LE(sessions, most);
        if (wanted.open > 0 || wanted.probe) {
            EXPECT_LE(sessions, std::max(depth, x_least)) << "a machine more than there is work for";
        }
        x_look_at = std::min(now + interval, wanted.look_again.value_or(never));
        EXPECT_GT(x_look_at, now);
    }

    void carry_out(int number, roster::deed what) {
        auto& here = x_sessions.at(number);
        x_roster.answered(number);
        if (here.over)
            return forget(number, *here.over);
        const auto left = protection(here);
        const bool busy = left > 0s;
        here.retiring = what == roster::deed::retire_done && busy;
        if (what == roster::deed::keep)
            x_roster.kept(number);
        else if (!busy)
            forget(number, ending::given);
        else if (here.retiring)
            x_roster.retiring(number, left, now);
        else
            x_roster.busy(number, left, now);
    }

    void open(int number) {
        const auto patience = x_how.waits * draw(90, 110) / 100;
        x_sessions[number] = {.idle_since = now, .patience = patience, .asked_at = now};
        x_roster.held(number, endless, now);
        x_opened_at.push_back(now);
    }

    // Where there is room for a session, no job that can be taken waits for long, be it until it is taken or
    // until another one is. Where a protection means a job, as many are opened as soon as the first is found.
    void judge() {
        const auto* waiting = takable();
        if (!waiting || x_sessions.size() == most)
            return;
        const auto bound = recheck + interval + tick;
        const auto until_heard = 4 * interval;
        EXPECT_LE(now, std::max(waiting->takable_at, x_taken_at + until_heard) + bound);
        if (x_how.protected_of_ten == 0) {
            EXPECT_LE(now, waiting->takable_at + bound + until_heard);
        }
    }

    static constexpr std::size_t most = 40;

    std::mt19937 x_random;
    int x_least;
    habits x_how;
    roster x_roster{
        {.least = x_least, .most = most, .hysteresis = 30s, .interval = interval, .recheck = recheck}, 10s};
    std::deque<job> x_jobs;
    std::map<int, session> x_sessions;
    std::vector<time_point> x_opened_at;
    std::vector<time_point> x_wanted_at;
    time_point x_look_at = start;
    time_point x_taken_at = start;
};

const std::vector<habits> all_habits = {
    {.waits = 0s},
    {.waits = 5s},
    {.waits = 5s, .protected_of_ten = 1},
    {.waits = 10s, .protected_of_ten = 9},
    {.waits = 20s, .protected_of_ten = 10},
    {.waits = 100s},
    {.waits = 100s, .protected_of_ten = 10},
    {.waits = 5s, .keeps = true},
    {.waits = 5s, .protected_of_ten = 5, .keeps = true},
};

template <class Play>
void play_all(Play play) {
    for (std::size_t i = 0; i < all_habits.size(); ++i)
        for (unsigned seed = 1; seed <= 10 && !testing::Test::HasFailure(); ++seed) {
            SCOPED_TRACE("habits " + std::to_string(i) + ", seed " + std::to_string(seed));
            play(seed, all_habits[i]);
        }
}

TEST(unfound_model, where_nothing_can_be_taken_few_sessions_are_opened) {
    play_all([](unsigned seed, const habits& how) {
        story it(seed, static_cast<int>(seed % 3), how);
        for (int part = 0; part < 10; ++part) {
            if (it.draw(1, 2) == 1)
                it.add(it.draw(1, 5), never);
            it.run(milliseconds(it.draw(1, 120'000)));
        }
        it.expect_few_reservations();
    });
}

TEST(unfound_model, each_job_that_can_be_taken_is_reserved_for_in_time) {
    play_all([](unsigned seed, const habits& how) {
        story it(seed, static_cast<int>(seed % 3), how);
        for (int part = 0; part < 10; ++part) {
            switch (it.draw(1, 3)) {
                case 1:
                    it.add(it.draw(1, 10), never);
                    break;
                case 2:
                    it.add(it.draw(1, 3), it.now);
                    break;
                default:
                    it.make_takable();
            }
            it.run(milliseconds(it.draw(1, 120'000)));
        }
        it.make_takable();
        it.run(600s);
    });
}

}  // namespace
}  // namespace nullworker::client
