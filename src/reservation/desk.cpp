#include <nullworker/base/secret.hpp>
#include <nullworker/reservation/desk.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::reservation {
namespace {

// A client that lost the reply again and again brings a new grant each time; only so many are remembered.
constexpr std::size_t max_grants = 8;

// How old a session may be whose client has not got its id yet.
constexpr std::chrono::seconds reissue_within(60);

bool opens(const lease& session, const wire::json_value& auth) {
    return std::find(session.grants.begin(), session.grants.end(), auth) != session.grants.end();
}

instant later(const instant& a, const instant& b) {
    return a.monotonic < b.monotonic ? b : a;
}

instant earlier(const instant& a, const instant& b) {
    return b.monotonic < a.monotonic ? b : a;
}

// An unsecured client may send no reqnum; its request_idx then tells its requests apart.
std::int64_t identity(const wire::route_grant& grant) {
    return grant.reqnum != 0 ? grant.reqnum : grant.request_idx;
}

}  // namespace

desk::desk(desk_settings settings, desk_means means, desk_observer* observer)
    : x_settings(settings),
      x_means(std::move(means)),
      x_observer(observer),
      x_outbox(settings.outbox_capacity) {}

desk::reservation_result desk::reserve(const wire::create_request& request, grant_trust trust, instant now) {
    expire(now);
    const auto& grant = request.grant;
    const bool again = is_retry(request, trust, now);
    // A claim that is the live lease's is stronger than a grant that was spent for having too many.
    const bool claimed = again && !request.claim.empty();
    if (!claimed && is_spent(request, trust))
        return {reserve_outcome::spent, nullptr};
    if (x_lease) {
        if (again) {
            add_grant(grant.document);
            worth_saving();
            return {reserve_outcome::reissued, &*x_lease};
        }
        x_requests.note(identity(grant));
        x_ledger.reject(grant.cost);
        // Such a row would tell the autoscaler that the live request is nobody's any more.
        if (grant.request_idx != x_lease->request_idx)
            x_outbox.add_incidental({.request_idx = grant.request_idx,
                                     .status = wire::completion_status::rejected,
                                     .entered_queue_at = epoch_seconds(now.wall)});
        changed();
        return {reserve_outcome::slot_taken, nullptr};
    }

    auto session_id = x_means.make_session_id();
    lease& made = x_lease.emplace();
    made.session_id = std::move(session_id);
    made.generation = ++x_generation;
    made.grants.push_back(grant.document);
    made.trust = trust;
    made.cost = grant.cost;
    made.request_idx = grant.request_idx;
    made.lifetime = request.lifetime;
    made.created = now;
    made.expires = now.after(to_ticks(request.lifetime));
    made.claim = request.claim;
    if (request.on_close_route)
        made.on_close = close_request{*request.on_close_route, request.on_close_payload};
    x_requests.note(identity(grant));
    x_ledger.start(grant.cost);
    changed();
    return {reserve_outcome::granted, &made};
}

bool desk::is_spent(const wire::create_request& request, grant_trust trust) const {
    const auto known = [this](const wire::json_value& what) {
        return x_spent.contains(x_means.fingerprint(what));
    };
    return (trust == grant_trust::verified && known(request.grant.document)) ||
           (!request.claim.empty() && known(wire::text_value(request.claim)));
}

bool desk::is_retry(const wire::create_request& request, grant_trust trust, instant now) const {
    if (x_lease && (!x_lease->claim.empty() || !request.claim.empty()))
        return trust == x_lease->trust && same_secret(request.claim, x_lease->claim);
    const auto& grant = request.grant;
    return x_lease && trust == grant_trust::verified && x_lease->trust == grant_trust::verified &&
           grant.request_idx != 0 && grant.request_idx == x_lease->request_idx && !x_lease->used &&
           now.monotonic - x_lease->created.monotonic < reissue_within;
}

desk::lookup_result desk::look_up(const std::string& session_id, const wire::json_value& auth) const {
    if (!x_lease || x_lease->session_id != session_id)
        return {lookup_outcome::unknown, nullptr};
    if (!opens(*x_lease, auth))
        return {lookup_outcome::unauthorised, nullptr};
    return {lookup_outcome::found, &*x_lease};
}

desk::lookup_result desk::find(const std::string& session_id, const wire::json_value& auth, instant now) {
    expire(now);
    const auto found = look_up(session_id, auth);
    if (found.session)
        note_use();
    return found;
}

void desk::note_use() {
    if (!std::exchange(x_lease->used, true))
        worth_saving();
}

bool desk::holds_proof(const std::string& session_id, const wire::json_value& auth, instant now) {
    const auto found = find(session_id, auth, now);
    return found.session && found.session->trust == grant_trust::verified;
}

desk::lookup_result desk::renew(const std::string& session_id, const wire::json_value& auth, instant now) {
    const auto found = find(session_id, auth, now);
    if (!found.session || x_lease->retiring)
        return found;
    // Its expiry may be past, where it is protected.
    const auto renewed = later(x_lease->expires, now).after(to_ticks(x_lease->lifetime));
    x_lease->expires = earlier(furthest(x_settings.max_lifetime, now), renewed);
    worth_saving_soon();
    return found;
}

bool desk::is_holder(const std::optional<std::string>& session_id) const {
    return x_lease && (!session_id || *session_id == x_lease->session_id);
}

instant desk::furthest(seconds span, instant now) const {
    return now.after(to_ticks(std::min(span, x_settings.max_lifetime)));
}

const lease* desk::renew(const std::optional<std::string>& session_id, seconds lifetime, instant now) {
    expire(now);
    if (!is_holder(session_id))
        return nullptr;
    const auto wanted = furthest(lifetime, now);
    x_lease->expires = later(x_lease->expires, wanted);
    if (session_id)
        shelter(later(x_lease->protected_until.value_or(wanted), wanted), now);
    worth_saving();
    return &*x_lease;
}

const lease* desk::protect(const std::optional<std::string>& session_id, seconds span, instant now) {
    expire(now);
    if (!is_holder(session_id))
        return nullptr;
    shelter(furthest(span, now), now);
    worth_saving();
    return &*x_lease;
}

void desk::shelter(instant until, instant now) {
    x_lease->protected_until = until;
    if (std::exchange(x_generation_at_work, x_lease->generation) != x_lease->generation)
        x_figures.began_to_work(now.monotonic - x_lease->created.monotonic);
    (void)x_looks.next_look(now.monotonic);
}

std::optional<std::string> desk::lift(const std::optional<std::string>& session_id, instant now) {
    expire(now);
    if (!is_holder(session_id))
        return std::nullopt;
    auto id = x_lease->session_id;
    if (std::exchange(x_lease->protected_until, std::nullopt))
        worth_saving();
    expire(now);
    return id;
}

desk::retire_result desk::retire(const std::string& session_id, const wire::json_value& auth,
                                 wire::retire_when when, instant now) {
    using wire::retire_when;
    const auto [found, session] = find(session_id, auth, now);
    if (!session)
        return {found == lookup_outcome::unknown ? retire_outcome::unknown : retire_outcome::unauthorised,
                nullptr};
    if (when != retire_when::never && !x_lease->protected_until) {
        close(close_reason::ended, now);
        return {retire_outcome::ended, nullptr};
    }
    if (when == retire_when::idle)
        return {retire_outcome::busy, session};
    const bool retires = when == retire_when::done;
    x_lease->retiring = retires;
    worth_saving();  // where it said so before, too: that may not be written yet
    return {retires ? retire_outcome::retiring : retire_outcome::kept, session};
}

desk::lookup_outcome desk::end(const std::string& session_id, const wire::json_value& auth, instant now) {
    const auto found = find(session_id, auth, now);
    if (found.session)
        close(close_reason::ended, now);
    return found.outcome;
}

std::optional<std::string> desk::release(instant now, said outcome) {
    expire(now);
    if (!x_lease)
        return std::nullopt;
    auto id = x_lease->session_id;
    close(close_reason::released, now, outcome);
    return id;
}

std::optional<std::string> desk::release(const std::string& session_id, instant now, said outcome) {
    expire(now);
    return x_lease && x_lease->session_id == session_id ? release(now, outcome) : std::nullopt;
}

desk::said desk::outcome_of(const std::string& session_id, const wire::json_value& auth) const {
    if (!x_ended || x_ended->session_id != session_id)
        return std::nullopt;
    const auto& opened = x_ended->grants;
    const bool proven = std::find(opened.begin(), opened.end(), x_means.fingerprint(auth)) != opened.end();
    return proven ? said(x_ended->outcome) : std::nullopt;
}

std::optional<std::string> desk::release_idle(instant now) {
    expire(now);
    return x_lease && !x_lease->protected_until ? release(now) : std::nullopt;
}

void desk::expire(instant now) {
    if (!x_lease)
        return;
    if (x_lease->protected_until)
        excuse(now);
    if (end_of(*x_lease).monotonic <= now.monotonic) {
        close(x_lease->retiring ? close_reason::ended : close_reason::expired, now);
    } else if (x_lease->protected_until && x_lease->protected_until->monotonic <= now.monotonic) {
        x_lease->protected_until.reset();
        worth_saving();
    }
}

// Here, since requests that came meanwhile may be read before any timer is.
void desk::excuse(instant now) {
    if (x_looks.is_behind(now.monotonic)) {
        lengthen(now);
        worth_saving();
    }
    (void)x_looks.next_look(now.monotonic);
}

void desk::lengthen(instant now) {
    auto& until = x_lease->protected_until;
    until = later(*until, furthest(x_settings.after_silence, now));
}

std::optional<std::chrono::steady_clock::time_point> desk::next_expiry() const {
    if (!x_lease)
        return std::nullopt;
    const auto end = end_of(*x_lease).monotonic;
    const auto& until = x_lease->protected_until;
    return until ? std::min({end, until->monotonic, x_looks.due()}) : end;
}

void desk::count_ping(const wire::route_grant& grant, bool in_session, instant now) {
    x_ledger.start(x_settings.ping_load);
    x_ledger.complete(x_settings.ping_load);
    if (!in_session)
        x_requests.note(identity(grant));
    if (!in_session && !(x_lease && x_lease->request_idx == grant.request_idx)) {
        const double time = epoch_seconds(now.wall);
        x_outbox.add_incidental({.request_idx = grant.request_idx,
                                 .entered_queue_at = time,
                                 .work_started_at = time,
                                 .work_completed_at = time});
    }
    if (x_observer)
        x_observer->load_passed();
}

desk::snapshot desk::take_snapshot() {
    snapshot out;
    out.figures = x_ledger.seal();
    out.requests_received = x_requests.count();
    out.number = ++x_snapshots;
    out.cur_load = load();
    if (x_lease)
        out.working_request_idxs.push_back(x_lease->request_idx);
    return out;
}

// The slot is taken whole, and the cost of a grant is not signed.
double desk::load() const noexcept {
    return x_lease ? std::max(x_lease->cost, x_settings.least_load) : 0;
}

void desk::acknowledge(const snapshot& reported) {
    if (reported.number != x_snapshots)
        return;
    x_ledger.settle();
    if (reported.figures != load_figures{})
        worth_saving_soon();
}

void desk::delivered(const completion_outbox::parcel& sent) {
    x_outbox.delivered(sent);
    worth_saving_soon();
}

desk_state desk::save() const {
    return {.generation = x_generation,
            .requests_received = x_requests.count(),
            .owed = x_ledger.owed(),
            .spent = x_spent.text(),
            .holder = x_lease,
            .ended = x_ended};
}

void desk::restore(const former_desk& left, clock_continuity clocks, instant now) {
    x_generation = left.state.generation;
    x_generation_at_work = x_generation;
    x_requests.resume(left.state.requests_received);
    x_ledger.resume(left.state.owed);
    x_spent.resume(left.state.spent);
    x_ended = left.state.ended;
    for (const auto& entry : left.undelivered)
        x_outbox.add(entry);
    x_lease = left.state.holder;
    if (!x_lease)
        return;
    const auto longest = furthest(x_settings.max_lifetime, now);
    x_lease->expires = earlier(resumed_expiry(x_lease->expires, left.saved_at, clocks, now), longest);
    x_lease->created = resumed_start(x_lease->created, left.saved_at, clocks, now);
    if (!is_same_clock(left.saved_at, clocks, now))
        x_lease->protected_until.reset();
    if (auto& until = x_lease->protected_until) {
        shelter(earlier(*until, longest), now);
        lengthen(now);
    }
}

void desk::add_grant(const wire::json_value& grant) {
    auto& known = x_lease->grants;
    if (opens(*x_lease, grant))
        return;
    if (known.size() == max_grants) {
        spend(known[1]);
        known.erase(known.begin() + 1);
    }
    known.push_back(grant);
}

void desk::spend(const wire::json_value& grant) {
    x_spent.add(x_means.fingerprint(grant));
}

void desk::note_outcome(const lease& gone, wire::session_outcome outcome) {
    auto& ended = x_ended.emplace(ended_session{gone.session_id, {}, outcome});
    for (const auto& grant : gone.grants)
        ended.grants.push_back(x_means.fingerprint(grant));
}

// The one way out of the slot, whoever opened the door.
void desk::close(close_reason reason, instant now, said outcome) {
    const lease gone = *std::exchange(x_lease, std::nullopt);
    const double started = epoch_seconds(gone.created.wall);
    const seconds span = now.monotonic - gone.created.monotonic;  // whatever became of the wall clock
    if (gone.trust == grant_trust::verified)
        for (const auto& grant : gone.grants)
            spend(grant);
    if (!gone.claim.empty())
        x_spent.add(x_means.fingerprint(wire::text_value(gone.claim)));
    if (outcome)
        note_outcome(gone, *outcome);
    x_figures.closed(reason, outcome, span);
    x_ledger.complete(gone.cost);
    x_outbox.add({.request_idx = gone.request_idx,
                  .entered_queue_at = started,
                  .work_started_at = started,
                  .work_completed_at = started + span.count()});
    changed();
    if (x_observer)
        x_observer->session_closed(
            {gone.session_id, reason, gone.trust, gone.on_close, outcome, gone.request_idx});
}

void desk::changed() {
    if (x_observer)
        x_observer->desk_changed();
}

void desk::worth_saving() {
    if (x_observer)
        x_observer->desk_worth_saving();
}

void desk::worth_saving_soon() {
    if (x_observer)
        x_observer->desk_worth_saving_soon();
}

}  // namespace nullworker::reservation
