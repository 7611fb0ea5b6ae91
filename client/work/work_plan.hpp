#pragma once

#include <nullworker/base/backoff.hpp>
#include <nullworker/base/standstill.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What `nullworker work` does when: a state machine without I/O and without a clock.
namespace nullworker::client {

// What becomes of a consumer whose session is lost.
enum class lost_rule {
    kill,    // it is ended: the job comes back at once
    finish,  // it goes on to its end: the job stays hidden from others for its time
};

struct work_rules {
    using duration = std::chrono::steady_clock::duration;

    duration term = std::chrono::seconds(60);  // a protection's
    duration pause = std::chrono::seconds(1);  // before a consumer without a job is run again
    int no_job = 75;                           // its exit code then; another one than 0
    bool keep = false;                         // the session for the next job
    std::optional<duration> idle = {};         // without a job it is released after that; nothing: never
    std::optional<duration> grace = {};        // of the consumer, once it is to end
    lost_rule when_lost = lost_rule::kill;
    duration usual_grace = std::chrono::seconds(10);

    // From SIGTERM to SIGKILL.
    [[nodiscard]] duration patience() const noexcept { return grace.value_or(usual_grace); }
};

// Who answered a question: tells one run of the daemon from another. Nothing where it could not be asked.
using daemon_run = std::optional<double>;

// What was heard of the slot.
struct slot_seen {
    bool heard = false;      // else nobody answered, or not so that it could be understood
    std::string session_id;  // empty: no session
    bool retiring = false;
};

// What became of a protection, of its end, or of a release, each of the session by its name.
struct verdict {
    enum class kind {
        granted,
        refused,  // another session is there, or none
        unclear,  // nobody answered, or not so that it could be understood
    };
    kind what = kind::unclear;
    std::string holder = {};  // after a refusal; empty: no session
    daemon_run run = {};      // of a protection: who was there before it was granted, or after it was refused
    std::chrono::steady_clock::duration span = {};  // of a protection that was granted; 0: nobody told
};

// What somebody who reads the log wants to know.
enum class work_news {
    reserved,
    passed_over,   // a session that is retiring already: its job, if there was one, is not ours
    taken_away,    // the session was over before the consumer was started
    job_done,      // `code` 0
    no_job,        // it said so in time
    waits,         // it took too long to find out that there is none
    crashed,       // `code`
    cannot_start,  // the consumer
    lost,          // the session, while the consumer runs, which is ended
    finishes,      // the same, and the consumer goes on to its end
    forgotten,     // the same, but by a daemon that has lost its memory: the consumer runs on
    moved,         // the consumer runs on in the session that this daemon has given out since
    ended_by_us,   // the consumer, `code`
    released,      // the session
    left,          // the session, which could not be released before the end
    idle,          // it is about to be released for want of a job
    away,          // the daemon does not answer
    back,          // it does again
    stopping,      // no further job is taken
    grace_over,    // the consumer is told to end
    heedless,      // the consumer is killed
};

struct work_note {
    work_news what;
    std::string session_id;
    int code = 0;                                   // of the consumer
    std::chrono::steady_clock::duration took = {};  // by the consumer, or until the next try
};

struct work_step {
    enum class kind {
        rest,       // until `until`, or until an event
        look,       // what holds the slot? The daemon may wait until `until` for another session
        protect,    // the session, for a term
        lift,       // its protection
        release,    // the session
        start,      // the consumer
        terminate,  // all of its group, by SIGTERM
        kill,       // the same by SIGKILL
        finish,     // nothing is left to be done
    };
    kind what = kind::rest;
    std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
};

// At most one question to the daemon is under way. Whoever carries the steps out asks for the next one after
// each event, until it is a rest. A step that asks something while another question is open, or to finish,
// gives the open one up: its answer must not be told after that.
class work_plan {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    explicit work_plan(work_rules rules);

    [[nodiscard]] work_step next(time_point now);

    // The session that is held, or was; empty: none.
    [[nodiscard]] const std::string& session() const noexcept { return x_session; }

    // Whether it is released for want of a job.
    [[nodiscard]] bool is_idle() const noexcept { return x_idle; }

    // ---- events ----

    void looked(const slot_seen& seen, time_point now);
    void asked_to_protect(const verdict& told, time_point now);
    void asked_to_lift(const verdict& told, time_point now);
    void asked_to_release(const verdict& told, time_point now);
    void started(time_point now);
    void not_started(time_point now);      // after all
    void ended(int code, time_point now);  // the consumer
    void stop(time_point now);

    // What happened since the last call.
    [[nodiscard]] std::vector<work_note> take_news() { return std::exchange(x_news, {}); }

private:
    enum class phase {
        seeking,     // a session
        protecting,  // it, for the next job
        starting,    // the consumer
        running,     // the consumer
        lifting,     // the protection, between two jobs
        pausing,     // with no job
        checking,    // whether the session is still there
        releasing,   // the session
        over,
    };
    enum class question { none, look, other };

    // Until a protection is asked for anew: the daemon may have granted less than the term.
    [[nodiscard]] duration quarter() const noexcept { return x_granted / 4; }
    void note_grant(const verdict& told);
    [[nodiscard]] bool is_to_be_killed() const noexcept {
        return x_lost && x_rules.when_lost == lost_rule::kill;
    }
    [[nodiscard]] work_step next_while_running(time_point now);
    [[nodiscard]] std::optional<work_step> pressed(time_point now);
    [[nodiscard]] time_point pressing_at() const noexcept;
    [[nodiscard]] work_step ask(work_step::kind what, time_point until);
    void wind_up(time_point now);
    [[nodiscard]] bool closes(question which);
    void enter(phase next, time_point due);
    void seek(time_point now);
    void take(const slot_seen& seen, time_point now);
    void hear();
    void miss(time_point now);
    void judge(const verdict& told, time_point now);
    void tell(work_news what, duration took = {}, int code = 0);

    work_rules x_rules;
    phase x_phase = phase::seeking;
    question x_open = question::none;
    time_point x_due{};  // not before, whatever the phase does
    std::string x_session;
    std::vector<work_note> x_news;

    backoff x_tries;      // of a daemon that does not answer
    bool x_away = false;  // it did not answer the last time

    backoff x_rests;           // of a consumer that goes on crashing
    time_point x_rested_at{};  // not before that is the next one started

    time_point x_began{};       // the consumer
    time_point x_idle_since{};  // the session
    daemon_run x_granted_by;    // the last protection
    duration x_granted;         // and how long it lasts
    bool x_had_job = false;     // the last time
    bool x_idle = false;        // the session is released, since there is no job
    bool x_told_waits = false;

    bool x_watches = false;    // looks at the slot while the consumer runs
    bool x_forgotten = false;  // the session, by the daemon
    bool x_lost = false;       // the session, by us

    bool x_stopping = false;
    time_point x_stopped_at{};
    time_point x_give_up_at = time_point::max();  // the release, after a stop
    enum class pressure { none, told, killed } x_pressure = pressure::none;
    time_point x_kill_at{};
    standstill x_watch;  // over the time that the consumer has after SIGTERM
};

}  // namespace nullworker::client
