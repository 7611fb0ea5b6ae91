#include <nullworker/reservation/desk.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::reservation {
namespace {

// A client that lost the reply again and again brings a new grant each time; only so many are remembered.
constexpr std::size_t max_grants = 8;

bool opens(const lease& session, const wire::json_value& auth) {
    return std::find(session.grants.begin(), session.grants.end(), auth) != session.grants.end();
}

void add_grant(lease& session, const wire::json_value& grant) {
    if (opens(session, grant))
        return;
    if (session.grants.size() == max_grants)
        session.grants.erase(session.grants.begin() + 1);
    session.grants.push_back(grant);
}

// An unsecured client may send no reqnum; its request_idx then tells its requests apart.
std::int64_t identity(const wire::route_grant& grant) {
    return grant.reqnum != 0 ? grant.reqnum : grant.request_idx;
}

}  // namespace

desk::desk(desk_settings settings, std::function<std::string()> make_session_id, desk_observer* observer)
    : x_settings(settings),
      x_make_session_id(std::move(make_session_id)),
      x_observer(observer),
      x_outbox(settings.outbox_capacity) {}

desk::reservation_result desk::reserve(const wire::create_request& request, grant_trust trust, instant now) {
    expire(now);
    const auto& grant = request.grant;
    if (x_lease) {
        if (is_retry(grant, trust)) {
            add_grant(*x_lease, grant.document);
            worth_saving();
            return {reserve_outcome::reissued, &*x_lease};
        }
        x_requests.note(identity(grant));
        x_ledger.reject(grant.cost);
        x_outbox.add({.request_idx = grant.request_idx,
                      .status = wire::completion_status::rejected,
                      .entered_queue_at = epoch_seconds(now.wall)});
        changed();
        return {reserve_outcome::slot_taken, nullptr};
    }

    auto session_id = x_make_session_id();
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
    if (request.on_close_route)
        made.on_close = close_request{*request.on_close_route, request.on_close_payload};
    x_requests.note(identity(grant));
    x_ledger.start(grant.cost);
    changed();
    return {reserve_outcome::granted, &made};
}

bool desk::is_retry(const wire::route_grant& grant, grant_trust trust) const {
    return x_lease && trust == grant_trust::verified && x_lease->trust == grant_trust::verified &&
           grant.request_idx != 0 && grant.request_idx == x_lease->request_idx;
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
    return look_up(session_id, auth);
}

bool desk::holds_proof(const std::string& session_id, const wire::json_value& auth, instant now) {
    const auto found = find(session_id, auth, now);
    return found.session && found.session->trust == grant_trust::verified;
}

desk::lookup_result desk::renew(const std::string& session_id, const wire::json_value& auth, instant now) {
    const auto found = find(session_id, auth, now);
    if (!found.session)
        return found;
    const auto longest = now.after(to_ticks(x_settings.max_lifetime));
    const auto renewed = x_lease->expires.after(to_ticks(x_lease->lifetime));
    x_lease->expires = renewed.monotonic < longest.monotonic ? renewed : longest;
    changed();
    return found;
}

const lease* desk::renew(const std::optional<std::string>& session_id, seconds lifetime, instant now) {
    expire(now);
    if (!x_lease || (session_id && *session_id != x_lease->session_id))
        return nullptr;
    x_lease->expires = now.after(to_ticks(std::min(lifetime, x_settings.max_lifetime)));
    worth_saving();
    return &*x_lease;
}

desk::lookup_outcome desk::end(const std::string& session_id, const wire::json_value& auth, instant now) {
    const auto found = find(session_id, auth, now);
    if (found.session)
        close(close_reason::ended, now);
    return found.outcome;
}

std::optional<std::string> desk::release(instant now) {
    expire(now);
    if (!x_lease)
        return std::nullopt;
    auto id = x_lease->session_id;
    close(close_reason::released, now);
    return id;
}

std::optional<std::string> desk::release(const std::string& session_id, instant now) {
    expire(now);
    return x_lease && x_lease->session_id == session_id ? release(now) : std::nullopt;
}

void desk::expire(instant now) {
    if (x_lease && x_lease->expires.monotonic <= now.monotonic)
        close(close_reason::expired, now);
}

std::optional<std::chrono::steady_clock::time_point> desk::next_expiry() const {
    if (!x_lease)
        return std::nullopt;
    return x_lease->expires.monotonic;
}

void desk::count_ping(const wire::route_grant& grant, bool in_session, instant now) {
    x_ledger.start(x_settings.ping_load);
    x_ledger.complete(x_settings.ping_load);
    if (!in_session) {
        x_requests.note(identity(grant));
        const double time = epoch_seconds(now.wall);
        x_outbox.add({.request_idx = grant.request_idx,
                      .entered_queue_at = time,
                      .work_started_at = time,
                      .work_completed_at = time});
    }
    changed();
}

desk::snapshot desk::take_snapshot() {
    snapshot out;
    out.figures = x_ledger.seal();
    out.requests_received = x_requests.count();
    out.number = ++x_snapshots;
    if (x_lease) {
        out.cur_load = x_lease->cost;
        out.working_request_idxs.push_back(x_lease->request_idx);
    }
    return out;
}

void desk::acknowledge(const snapshot& reported) {
    if (reported.number != x_snapshots)
        return;
    x_ledger.settle();
    if (reported.figures != load_figures{})
        worth_saving();
}

void desk::delivered(const completion_outbox::parcel& sent) {
    x_outbox.delivered(sent);
    worth_saving();
}

desk_state desk::save() const {
    return {.generation = x_generation,
            .requests_received = x_requests.count(),
            .owed = x_ledger.owed(),
            .holder = x_lease};
}

void desk::restore(const former_desk& left, clock_continuity clocks, instant now) {
    x_generation = left.state.generation;
    x_requests.resume(left.state.requests_received);
    x_ledger.resume(left.state.owed);
    for (const auto& entry : left.undelivered)
        x_outbox.add(entry);
    x_lease = left.state.holder;
    if (!x_lease)
        return;
    const auto resumed = resumed_expiry(x_lease->expires, left.saved_at, clocks, now);
    const auto longest = now.after(to_ticks(x_settings.max_lifetime));
    x_lease->expires = resumed.monotonic <= longest.monotonic ? resumed : longest;
}

// The one way out of the slot, whoever opened the door.
void desk::close(close_reason reason, instant now) {
    const lease gone = *std::exchange(x_lease, std::nullopt);
    const double started = epoch_seconds(gone.created.wall);
    x_ledger.complete(gone.cost);
    x_outbox.add({.request_idx = gone.request_idx,
                  .entered_queue_at = started,
                  .work_started_at = started,
                  .work_completed_at = epoch_seconds(now.wall)});
    changed();
    if (x_observer)
        x_observer->session_closed({gone.session_id, reason, gone.trust, gone.on_close});
}

void desk::changed() {
    if (x_observer)
        x_observer->desk_changed();
}

void desk::worth_saving() {
    if (x_observer)
        x_observer->desk_worth_saving();
}

}  // namespace nullworker::reservation
