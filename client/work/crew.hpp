#pragma once

#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace nullworker::client {

// What several commands at once make of one session, each in a slot of its own: it is protected while any of
// them runs, and released by the last, when none of them wants it. Without I/O.
class crew {
public:
    // What a slot has to say to the daemon.
    enum class word {
        nothing,  // the session is still needed by others
        lift,     // the protection
        release,  // the session
    };

    // The slot asks for a protection of the session: from here on nobody else gives it up.
    void enters(int slot, const std::string& session);

    // Its command did not come to run, or has ended with the session.
    void is_gone(int slot) { x_running.erase(slot); }

    // Its command has ended, and the session is kept for the next one. One that others have left is released,
    // once nothing runs in it.
    [[nodiscard]] word lifts(int slot, const std::string& session);

    // The slot is through with the session, and does not come back to it.
    [[nodiscard]] word releases(int slot, const std::string& session);

    // Whether the slot is through with a session that others still need.
    [[nodiscard]] bool has_left(int slot, const std::string& session) const;

    // While a slot gives up a protection or a session no other may ask for it: the daemon might hear them in
    // another order.
    class giving_up {
    public:
        explicit giving_up(crew& all) : x_all(all) { ++x_all.x_giving_up; }
        ~giving_up() { x_all.has_given_up(); }
        giving_up(const giving_up&) = delete;
        giving_up& operator=(const giving_up&) = delete;

    private:
        crew& x_all;
    };
    [[nodiscard]] bool is_giving_up() const noexcept { return x_giving_up > 0; }

    // A slot that waits for its turn: `ring` is called whenever nobody gives anything up any more. It may
    // neither begin nor end a wait.
    class awaited_turn {
    public:
        awaited_turn(crew& all, std::function<void()> ring)
            : x_all(all), x_place(all.x_waiting.insert(all.x_waiting.end(), std::move(ring))) {}
        ~awaited_turn() { x_all.x_waiting.erase(x_place); }
        awaited_turn(const awaited_turn&) = delete;
        awaited_turn& operator=(const awaited_turn&) = delete;

    private:
        crew& x_all;
        std::list<std::function<void()>>::iterator x_place;
    };

private:
    void has_given_up();
    [[nodiscard]] bool runs(const std::string& session) const;

    std::map<int, std::string> x_running;  // the session of each command
    std::map<int, std::string> x_left;     // the last session that each slot left to others
    int x_giving_up = 0;
    std::list<std::function<void()>> x_waiting;  // for their turn
};

}  // namespace nullworker::client
