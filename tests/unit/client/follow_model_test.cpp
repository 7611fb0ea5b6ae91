#include <follow/roster.hpp>
#include <follow/state_text.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

// The roster and what is written of it, in a world in which `follow` is killed between any two steps, replies
// are lost, and workers are out of reach for a while. A tick is a second.
namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

struct rules {
    static constexpr const char* boot = "boot";
    static constexpr int lifetime = 60;
    static constexpr int hysteresis = 10;
    static constexpr int patience = 25;  // longer than a worker is out of reach
    static constexpr int longest_outage =
        20;  // shorter than half a lifetime, after which sessions are renewed
    static constexpr int longest_absence = 100;
    static constexpr int most = 8;  // more than there ever is work
};

struct world {
    struct session {
        std::string claim;
        int id;
        int expires;
        int protected_until = 0;
        bool retiring = false;
    };
    struct machine {
        std::optional<session> held;
        std::set<std::string> spent;
        int job_left = 0;
        int away_until = 0;
    };
    struct request {
        int asked_at;
        int patience;
        int ready_at;
        int machine = -1;
    };

    explicit world(unsigned seed) : random(seed) {}

    [[nodiscard]] int draw(int least, int greatest) {
        return std::uniform_int_distribution<int>(least, greatest)(random);
    }
    [[nodiscard]] bool once_in(int times) { return draw(1, times) == 1; }

    [[nodiscard]] bool reachable(const machine& one) const { return now >= one.away_until; }

    [[nodiscard]] int open_sessions() const {
        return static_cast<int>(std::count_if(machines.begin(), machines.end(),
                                              [](const machine& one) { return one.held.has_value(); }));
    }

    [[nodiscard]] int depth() const {
        int out = waiting;
        for (const auto& one : machines)
            out += one.job_left > 0 ? 1 : 0;
        return out;
    }

    void end(machine& one) {
        EXPECT_EQ(one.job_left, 0) << "a job was interrupted";
        one.spent.insert(one.held->claim);
        one.held.reset();
    }

    // A second passes: consumers protect, take, work and lift; times run out.
    void tick() {
        ++now;
        for (auto& one : machines) {
            if (one.job_left > 0) {
                if (--one.job_left > 0) {
                    one.held->protected_until = now + 5;
                } else {
                    ++done;
                    one.held->protected_until = 0;
                    if (one.held->retiring || one.held->expires <= now || once_in(3))
                        end(one);
                }
            } else if (one.held && one.held->expires <= now) {
                end(one);
            } else if (one.held && !one.held->retiring && waiting > 0 && once_in(3)) {
                one.held->protected_until = now + 5;
                --waiting;
                one.job_left = once_in(8) ? draw(20, 150) : draw(1, 5);
            }
            if (once_in(400))
                one.away_until = now + draw(1, rules::longest_outage);
        }
        std::erase_if(requests,
                      [this](const auto& one) { return now - one.second.asked_at > one.second.patience; });
        depths.push_back(depth());
        if (depths.size() > rules::longest_absence + rules::lifetime + rules::hysteresis)
            depths.pop_front();
    }

    // The request's number, and the machine that it has, if any.
    std::pair<int, int> route(int idx, int for_how_long) {
        if (idx == 0)
            idx = ++last_idx;
        auto& asked = requests.try_emplace(idx, request{now, for_how_long, now + draw(0, 5)}).first->second;
        asked.asked_at = now;
        asked.patience = for_how_long;
        if (asked.machine < 0 && now >= asked.ready_at)
            asked.machine = free_machine();
        return {idx, asked.machine};
    }

    int free_machine() {
        std::set<int> taken;
        for (const auto& [idx, one] : requests)
            taken.insert(one.machine);
        for (int i = 0; i < static_cast<int>(machines.size()); ++i)
            if (!machines[i].held && !taken.contains(i) && reachable(machines[i]))
                return i;
        machines.emplace_back();
        return static_cast<int>(machines.size()) - 1;
    }

    enum class said { made, over, taken, nothing };

    said create(int number, const std::string& claim, int& id) {
        auto& one = machines[number];
        if (!reachable(one))
            return said::nothing;
        std::erase_if(requests, [number](const auto& r) { return r.second.machine == number; });
        if (one.held && one.held->claim != claim)
            return said::taken;
        if (!one.held && one.spent.contains(claim))
            return said::over;
        if (!one.held) {
            one.held = session{.claim = claim, .id = ++last_id, .expires = now + rules::lifetime};
            EXPECT_LE(open_sessions(), *std::max_element(depths.begin(), depths.end()))
                << "a machine more than there was work for";
            EXPECT_LE(open_sessions(), rules::most);
        }
        id = one.held->id;
        return once_in(10) ? said::nothing : said::made;
    }

    std::mt19937 random;
    int now = 1000;
    int waiting = 0;
    int done = 0;
    int last_idx = 0;
    int last_id = 0;
    std::deque<machine> machines;
    std::map<int, request> requests;
    std::deque<int> depths{0};
};

// A process that does one step at a time. All that it knows is lost when it is killed, but for `file`.
class process {
public:
    process(world& around, std::string& file) : x_world(around), x_file(file) {
        const auto found = read_state_text(file, rules::boot, {}, time());
        EXPECT_TRUE(found) << found.error().message;
        x_file = state_head(rules::boot, {});
        for (const auto& [number, one] : *found) {
            x_file += state_line(number, one, time());
            x_slots[number].kept = one;
            x_slots[number].at = one.entry.held ? step::held : one.claim.empty() ? step::route : step::create;
            x_roster.adopt(number, one.entry);
        }
        x_roster.adopted(time().monotonic);
    }

    void look() {
        const auto wanted = x_roster.decide(x_world.depth(), time().monotonic);
        for (const int number : wanted.changed)
            save(number);
        for (const auto& [number, what] : wanted.given)
            x_slots.at(number).ordered = what;
        for (int i = 0; i < wanted.open; ++i)
            x_slots[x_roster.open()] = {};
    }

    // One step of one of them, by chance.
    void work() {
        if (x_slots.empty())
            return;
        auto place = x_slots.begin();
        std::advance(place, x_world.draw(0, static_cast<int>(x_slots.size()) - 1));
        const int number = place->first;
        auto& here = place->second;
        if (here.ordered == roster::deed::drop && here.at == step::route) {
            const auto [idx, machine] = x_world.route(static_cast<int>(here.kept.request_idx), 1);
            if (here.kept.request_idx == 0 || machine < 0)
                forget(number);
            else
                offered(number, machine);
            return;
        }
        switch (here.at) {
            case step::route:
                return route(number);
            case step::write_offer:
                save(number);
                here.at = step::create;
                return;
            case step::create:
                return create(number);
            case step::write_id:
                x_roster.held(number, seconds(rules::lifetime), time().monotonic);
                save(number);
                here.at = step::held;
                return;
            case step::held:
                return here.ordered ? carry_out(number) : ask(number);
        }
    }

    [[nodiscard]] bool idle() const { return x_slots.empty(); }

private:
    enum class step { route, write_offer, create, write_id, held };
    struct slot {
        kept_session kept;
        step at = step::route;
        std::optional<roster::deed> ordered;
    };

    [[nodiscard]] instant time() const {
        return {std::chrono::steady_clock::time_point(std::chrono::seconds(x_world.now)),
                std::chrono::system_clock::time_point(std::chrono::seconds(x_world.now))};
    }

    void save(int number) {
        auto& here = x_slots.at(number);
        here.kept.entry = x_roster.at(number);
        x_file += state_line(number, here.kept, time());
    }

    void forget(int number) {
        x_file += gone_line(number);
        x_roster.gone(number);
        x_slots.erase(number);
    }

    void route(int number) {
        auto& here = x_slots.at(number);
        const auto [idx, machine] = x_world.route(static_cast<int>(here.kept.request_idx), 60);
        if (std::exchange(here.kept.request_idx, idx) != idx)
            save(number);
        if (machine >= 0)
            offered(number, machine);
    }

    void offered(int number, int machine) {
        auto& here = x_slots.at(number);
        here.kept.worker_url = std::to_string(machine);
        here.kept.grant = "{}";
        here.kept.claim = std::to_string(x_world.draw(0, 1'000'000'000));
        here.at = step::write_offer;
        x_roster.offered(number);
    }

    void create(int number) {
        auto& here = x_slots.at(number);
        int id = 0;
        switch (x_world.create(std::stoi(here.kept.worker_url), here.kept.claim, id)) {
            case world::said::made:
                here.kept.session_id = std::to_string(id);
                here.at = step::write_id;
                return;
            case world::said::over:
                return forget(number);
            case world::said::taken:
                here.at = step::route;
                return;
            case world::said::nothing:
                return;
        }
    }

    world::machine& machine_of(int number) {
        return x_world.machines[std::stoi(x_slots.at(number).kept.worker_url)];
    }

    // The session at its worker; nothing where that has been over for a while.
    std::optional<world::session*> found(int number) {
        auto& held = machine_of(number).held;
        if (held && std::to_string(held->id) == x_slots.at(number).kept.session_id)
            return &*held;
        return std::nullopt;
    }

    void ask(int number) {
        if (!x_world.reachable(machine_of(number)))
            return x_roster.silent(number, time().monotonic);
        const auto session = found(number);
        if (!session)
            return forget(number);
        auto& told = **session;
        const int left = std::max(told.expires - x_world.now, 0);
        x_roster.heard(
            number, {seconds(left), seconds(std::max(told.protected_until - x_world.now, 0)), told.retiring},
            time().monotonic);
        const auto& entry = x_roster.at(number);
        if (left < rules::lifetime / 2 && !entry.retiring && !entry.unwanted) {
            told.expires = x_world.now + left + rules::lifetime;
            x_roster.renewed(number, seconds(left), seconds(rules::lifetime), time().monotonic);
        }
        x_file += heard_line(number, entry, time());
    }

    void carry_out(int number) {
        const auto what = *std::exchange(x_slots.at(number).ordered, std::nullopt);
        if (what == roster::deed::drop)
            return;
        x_roster.answered(number);
        auto& machine = machine_of(number);
        if (!x_world.reachable(machine))
            return x_roster.silent(number, time().monotonic);
        const auto session = found(number);
        if (!session)
            return forget(number);
        auto& told = **session;
        const int busy = std::max(told.protected_until - x_world.now, 0);
        if (what == roster::deed::keep) {
            told.retiring = false;
            x_roster.kept(number);
        } else if (busy == 0) {
            x_world.end(machine);
            if (!x_world.once_in(10))
                forget(number);
        } else if (what == roster::deed::retire_done) {
            told.retiring = true;
            x_roster.retiring(number, seconds(busy), time().monotonic);
        } else {
            x_roster.busy(number, seconds(busy), time().monotonic);
        }
    }

    world& x_world;
    std::string& x_file;
    roster x_roster{{.least = 0, .most = rules::most, .hysteresis = std::chrono::seconds(rules::hysteresis)},
                    std::chrono::seconds(rules::patience)};
    std::map<int, slot> x_slots;
};

void play(unsigned seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    constexpr int story = 600;
    constexpr int rest = 600;
    world around(seed);
    std::string file = state_head(rules::boot, {});
    std::optional<process> follow;
    int returns_at = 0;
    int jobs = 0;
    for (int second = 0; second < story + rest; ++second) {
        const bool eventful = second < story;
        around.tick();
        if (eventful && around.once_in(40)) {
            const int more = around.draw(1, 3);
            around.waiting += more;
            around.depths.back() = around.depth();
            jobs += more;
        }
        if (!follow && around.now >= returns_at)
            follow.emplace(around, file);
        if (!follow)
            continue;
        follow->look();
        for (int steps = around.draw(0, 12); steps > 0; --steps)
            follow->work();
        if (eventful && around.once_in(30)) {
            follow.reset();
            returns_at = around.now + (around.once_in(2) ? 1 : around.draw(1, rules::longest_absence));
            if (around.once_in(2))
                file += "{\"n\":1,\"or";  // it was killed as it wrote
        }
    }
    EXPECT_EQ(around.done, jobs);
    EXPECT_EQ(around.open_sessions(), 0);
    EXPECT_TRUE(around.requests.empty());
    ASSERT_TRUE(follow);
    EXPECT_TRUE(follow->idle());
    EXPECT_TRUE(read_state_text(file, rules::boot, {}, {})->empty());
}

TEST(follow_model, whenever_it_is_killed_no_machine_is_rented_twice_and_none_is_kept_that_nobody_needs) {
    for (unsigned seed = 1; seed <= 40 && !testing::Test::HasFailure(); ++seed)
        play(seed);
}

}  // namespace
}  // namespace nullworker::client
