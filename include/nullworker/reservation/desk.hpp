#pragma once

#include <nullworker/base/clock.hpp>
#include <nullworker/base/standstill.hpp>
#include <nullworker/reservation/completion_outbox.hpp>
#include <nullworker/reservation/desk_state.hpp>
#include <nullworker/reservation/lease.hpp>
#include <nullworker/reservation/load_ledger.hpp>
#include <nullworker/reservation/recent_requests.hpp>
#include <nullworker/reservation/resumption.hpp>
#include <nullworker/reservation/session_figures.hpp>
#include <nullworker/reservation/spent_grants.hpp>
#include <nullworker/wire/session_messages.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nullworker::reservation {

// Hears of every change, after it is complete. Calls must not reach back into the desk's mutating operations.
class desk_observer {
public:
    virtual ~desk_observer() = default;

    // The slot, the load, or the completions changed: the autoscaler is to hear of it.
    virtual void desk_changed() = 0;

    // What is worth saving changed, but the autoscaler need not hear of it: the session got one more grant,
    // another end, its first use, a protection or a retirement, or lost one of these.
    virtual void desk_worth_saving() = 0;

    // What is worth saving changed, but a tenth of a second later will do, since a crash meanwhile costs
    // little: a debt to the autoscaler was settled, which it hears of twice then, or a client renewed its
    // session.
    virtual void desk_worth_saving_soon() = 0;

    // The same, and the autoscaler is to hear of it: load that came and went, as that of each ping.
    virtual void load_passed() = 0;

    // A session left the slot; its load and completion are already booked.
    virtual void session_closed(const closed_session& session) = 0;
};

struct desk_settings {
    seconds max_lifetime{86400.0};        // how far ahead an expiration may lie
    std::size_t outbox_capacity = 10000;  // completions kept
    double ping_load = 100.0;             // what one /ping counts
    double least_load = 0;                // what a held slot reports where its cost is less

    // What a protection lasts at least after a time in which nobody could have lengthened it.
    seconds after_silence{30.0};
};

// What a desk needs of others.
struct desk_means {
    std::function<std::string()> make_session_id;                       // a fresh one at each call
    std::function<std::uint64_t(const wire::json_value&)> fingerprint;  // the same for equal grants alone
};

// The front desk of the one slot: who holds it, until when, what load that was, and which completions are
// owed. Nothing else keeps state about sessions. It does no I/O and never asks the time.
class desk {
public:
    // `observer` outlives the desk and may be null.
    desk(desk_settings settings, desk_means means, desk_observer* observer);

    enum class reserve_outcome {
        granted,
        reissued,
        slot_taken,
        spent,  // a verified grant, or a claim, whose session has ended
    };
    struct reservation_result {
        reserve_outcome outcome;
        const lease* holder;  // the caller's lease, or null where there is none
    };

    // Claims the slot until `now + lifetime`, once for each verified grant. While another lease is live the
    // request is booked as rejected; what is told of a live request's own index is its outcome alone.
    reservation_result reserve(const wire::create_request& request, grant_trust trust, instant now);

    // Whether `reserve` would give out the live lease again, since its client seems not to have got the
    // reply, or to have forgotten it: a request with the claim of the live lease, at any age. Without claims
    // it is a verified request for the request_idx (not 0) of the live lease, which is younger than 60 s and
    // whose id nobody outside has used. Only its URL is signed, so a grant proves nothing more than that.
    [[nodiscard]] bool is_retry(const wire::create_request& request, grant_trust trust, instant now) const;

    enum class lookup_outcome { found, unknown, unauthorised };
    struct lookup_result {
        lookup_outcome outcome;
        const lease* session;  // null unless found
    };

    // The session, if `auth` equals one of its grants. Its client has its id, then.
    lookup_result find(const std::string& session_id, const wire::json_value& auth, instant now);

    // Whether `auth` equals a grant of the session whose signature was verified at the time.
    [[nodiscard]] bool holds_proof(const std::string& session_id, const wire::json_value& auth, instant now);

    // Finds the session as `find` does, and adds its lifetime to its expiration, up to the maximum ahead of
    // `now`. Moves nothing while the session is retiring.
    lookup_result renew(const std::string& session_id, const wire::json_value& auth, instant now);

    // For the program beside the worker, which needs no grant: the session ends `lifetime` from now at the
    // earliest, at most the maximum. `session_id` is who the caller thinks holds the slot; one that is named
    // is protected for the same time. The lease; null where nobody or somebody else holds it.
    const lease* renew(const std::optional<std::string>& session_id, seconds lifetime, instant now);

    // For the program beside the worker: a job runs, and the session is not to end before `span` from now, at
    // most the maximum, whatever its client's expiry and whoever retires it. The lease; null as above.
    const lease* protect(const std::optional<std::string>& session_id, seconds span, instant now);

    // The job is done: the session has its client's expiry again, and ends now where that is past or the
    // session is retiring. The id of the session whose protection it was; nothing where nobody or somebody
    // else holds the slot.
    std::optional<std::string> lift(const std::optional<std::string>& session_id, instant now);

    enum class retire_outcome {
        ended,
        retiring,  // it ends with its protection
        busy,      // it is protected, and was to end only if it is not
        kept,      // a retirement is taken back
        unknown,
        unauthorised,
    };
    struct retire_result {
        retire_outcome outcome;
        const lease* session;  // null unless it is still in the slot, and found
    };

    // Ends the session if `auth` equals one of its grants, but never under a job that runs.
    retire_result retire(const std::string& session_id, const wire::json_value& auth, wire::retire_when when,
                         instant now);

    // Ends the session, if `auth` equals one of its grants; says whether it was found.
    lookup_outcome end(const std::string& session_id, const wire::json_value& auth, instant now);

    using said = std::optional<wire::session_outcome>;  // nothing: nobody said how it was

    // Frees the slot whoever holds it, or only if `session_id` does; the id of the session it ended, or
    // nothing.
    std::optional<std::string> release(instant now, said outcome = {});
    std::optional<std::string> release(const std::string& session_id, instant now, said outcome = {});

    // What the consumer said at the end of the session, where `auth` equals one of the grants that opened it.
    // The last session of which that was said is remembered.
    [[nodiscard]] said outcome_of(const std::string& session_id, const wire::json_value& auth) const;

    // Frees the slot unless a job runs; the id of the session it ended, or nothing.
    std::optional<std::string> release_idle(instant now);

    // Ends the session or the protection whose time is up. A protection that was not looked at in time lasts
    // longer instead: the process stood still, and its owner perhaps with it.
    void expire(instant now);

    // When `expire` has something to do.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_expiry() const;

    // Books a /ping that was answered. One inside a session leaves no completion of its own, and neither does
    // one that names the live request: that is not over.
    void count_ping(const wire::route_grant& grant, bool in_session, instant now);

    // What a report says of the slot.
    struct snapshot {
        load_figures figures;  // since the last acknowledged report
        double cur_load = 0;
        std::vector<std::int64_t> working_request_idxs;
        std::int64_t requests_received = 0;  // since start, distinct
        std::uint64_t number = 0;
    };

    // The figures stay owed until the newest snapshot is acknowledged; an older one acknowledges nothing.
    [[nodiscard]] snapshot take_snapshot();

    // The load of what is open now.
    [[nodiscard]] double load() const noexcept;

    void acknowledge(const snapshot& reported);

    // The live lease, or null.
    [[nodiscard]] const lease* holder() const noexcept { return x_lease ? &*x_lease : nullptr; }

    // The generation of the live lease; 0 where there is none.
    [[nodiscard]] std::uint64_t generation() const noexcept { return x_lease ? x_lease->generation : 0; }

    // Sessions so far, including the sessions of former processes.
    [[nodiscard]] std::uint64_t sessions() const noexcept { return x_generation; }

    // How those of this process went.
    [[nodiscard]] const session_figures& figures() const noexcept { return x_figures; }

    [[nodiscard]] const completion_outbox& outbox() const noexcept { return x_outbox; }
    void delivered(const completion_outbox::parcel& sent);

    // What is to survive the process, beside the outbox.
    [[nodiscard]] desk_state save() const;

    // Goes on where a former process stopped. Only for a desk that is as good as new; the observer hears
    // nothing. A session whose time was up meanwhile is still in the slot, for `expire` to end. A protection
    // that was live lasts some time from now on at least; after a boot the job is gone, and the protection
    // too.
    void restore(const former_desk& left, clock_continuity clocks, instant now);

private:
    lookup_result look_up(const std::string& session_id, const wire::json_value& auth) const;
    [[nodiscard]] bool is_spent(const wire::create_request& request, grant_trust trust) const;
    [[nodiscard]] bool is_holder(const std::optional<std::string>& session_id) const;
    [[nodiscard]] instant furthest(seconds span, instant now) const;
    void shelter(instant until, instant now);
    void excuse(instant now);
    void lengthen(instant now);
    void note_use();
    void spend(const wire::json_value& grant);
    void add_grant(const wire::json_value& grant);
    void note_outcome(const lease& gone, wire::session_outcome outcome);
    void close(close_reason reason, instant now, said outcome = {});
    void changed();
    void worth_saving();
    void worth_saving_soon();

    // So a process that stood still for more than half of it is found out.
    static constexpr std::chrono::seconds looked_for{2};

    desk_settings x_settings;
    desk_means x_means;
    desk_observer* x_observer;
    std::optional<lease> x_lease;
    standstill x_looks{looked_for};  // at the clock, while there is a protection
    std::uint64_t x_generation = 0;
    std::uint64_t x_generation_at_work = 0;  // the last one that was protected, or may have been
    load_ledger x_ledger;
    completion_outbox x_outbox;
    recent_requests x_requests;
    spent_grants x_spent;
    std::optional<ended_session> x_ended;
    session_figures x_figures;
    std::uint64_t x_snapshots = 0;
};

}  // namespace nullworker::reservation
