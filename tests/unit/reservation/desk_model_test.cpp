#include <nullworker/journal/state_format.hpp>
#include <nullworker/reservation/desk.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

// The desk beside a model that is simple enough to be believed. Random sequences of everything that can be
// asked of a desk are performed on both, and after each step they must agree; a sequence that fails is shrunk
// to the steps that matter. RC_PARAMS="seed=2 max_success=1000000" makes it try others, and more.
namespace nullworker::reservation {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using outcome = desk::reserve_outcome;
using lookup = desk::lookup_outcome;

// ---- what may happen ------------------------------------------------------------------------------

enum class deed : std::uint8_t {
    reserve,
    find,
    renew,
    end,
    release,
    release_idle,
    protect,
    lift,
    retire,
    renew_inside,
    expire,
    advance,          // both clocks
    turn_wall_clock,  // the wall clock alone, in either direction
    ping,
    snapshot,
    acknowledge,  // a snapshot that is never acknowledged is a report that failed
    take_parcel,  // one that is never delivered has failed
    deliver,
    restart,  // a new desk goes on from what the old one last gave its observer to keep
};

constexpr std::array deed_names = {
    "reserve",  "find",        "renew",        "end",     "release", "release_idle",    "protect",
    "lift",     "retire",      "renew_inside", "expire",  "advance", "turn_wall_clock", "ping",
    "snapshot", "acknowledge", "take_parcel",  "deliver", "restart"};

// One of them, with small numbers that each deed reads in its own way.
struct step {
    deed what = deed::reserve;
    unsigned who = 0;     // 0 to 3: which request; which session id; how far back a snapshot or parcel lies
    unsigned grant = 0;   // 0 to 3: which of the grants for that request_idx
    unsigned amount = 0;  // 0 to 63
    bool verified = true;

    // 0 names no request, so it is the last choice.
    [[nodiscard]] unsigned request_idx() const { return (who + 1) % 4; }
    [[nodiscard]] milliseconds lifetime() const {
        constexpr milliseconds table[] = {1s, 2s, 5s, 10s};
        return table[amount % std::size(table)];
    }
    [[nodiscard]] milliseconds span() const {
        constexpr milliseconds table[] = {1ms, 500ms, 999ms, 1s, 2s, 4s, 10s, 25s};
        return table[amount % std::size(table)];
    }
    // Of a protection, and of what is named from inside.
    [[nodiscard]] bool names_session() const { return verified; }
    [[nodiscard]] wire::retire_when when() const { return static_cast<wire::retire_when>(amount % 3); }
    // Half of the clients send one: the same for each of their grants for a request.
    [[nodiscard]] std::string claim() const {
        return amount % 2 == 0 ? std::string()
                               : "claim" + std::to_string(request_idx()) + (amount % 16 == 1 ? "b" : "");
    }
    [[nodiscard]] double cost() const { return 1.0 + amount; }  // integral, so that sums are exact
    [[nodiscard]] bool callback() const { return amount >= 32; }
    [[nodiscard]] bool in_session() const { return verified; }
    [[nodiscard]] std::size_t most() const { return 1 + amount % 4; }
    [[nodiscard]] desk::said said() const {
        constexpr desk::said table[] = {std::nullopt, wire::session_outcome::idle,
                                        wire::session_outcome::done};
        return table[amount % std::size(table)];
    }
};

std::ostream& operator<<(std::ostream& out, const step& s) {
    out << deed_names[static_cast<std::size_t>(s.what)];
    switch (s.what) {
        case deed::reserve:
            return out << "(request_idx " << s.request_idx() << ", grant " << s.grant << ", cost " << s.cost()
                       << ", " << s.lifetime().count() << " ms, " << (s.verified ? "verified" : "unverified")
                       << ", claim '" << s.claim() << "'" << (s.callback() ? ", callback)" : ")");
        case deed::find:
        case deed::renew:
        case deed::end:
            return out << "(" << s.who << " sessions ago, grant " << s.grant << ")";
        case deed::retire:
            return out << "(" << s.who << " sessions ago, grant " << s.grant << ", when " << s.amount % 3
                       << ")";
        case deed::protect:
        case deed::renew_inside:
        case deed::lift:
            return out << "(" << (s.names_session() ? std::to_string(s.who) + " sessions ago" : "whoever")
                       << ", " << s.lifetime().count() << " ms)";
        case deed::advance:
            return out << "(" << s.span().count() << " ms)";
        case deed::turn_wall_clock:
            return out << "(" << (s.verified ? "" : "-") << s.span().count() << " ms)";
        case deed::ping:
            return out << "(request_idx " << s.request_idx() << (s.in_session() ? ", in a session)" : ")");
        case deed::acknowledge:
        case deed::deliver:
            return out << "(" << s.who << " before the newest)";
        case deed::release:
            return out << "(" << (s.said() ? wire::to_string(*s.said()) : "saying nothing") << ")";
        case deed::take_parcel:
            return out << "(at most " << s.most() << ")";
        default:
            return out;
    }
}

// Simpler steps of the same kind, for shrinking.
std::vector<step> simpler(const step& from) {
    std::vector<step> out;
    const auto try_with = [&](auto member, auto value) {
        if (from.*member == value)
            return;
        out.push_back(from);
        out.back().*member = value;
    };
    try_with(&step::who, 0U);
    try_with(&step::grant, 0U);
    try_with(&step::amount, 0U);
    try_with(&step::amount, from.amount / 2);
    try_with(&step::verified, true);
    return out;
}

// Reservations and lookups that meet each other are the point, so they are frequent.
constexpr std::array frequent = {
    deed::reserve,     deed::reserve,     deed::reserve,         deed::reserve,      deed::reserve,
    deed::protect,     deed::protect,     deed::protect,         deed::lift,         deed::retire,
    deed::retire,      deed::retire,      deed::renew_inside,    deed::release_idle, deed::advance,
    deed::find,        deed::renew,       deed::renew,           deed::end,          deed::end,
    deed::end,         deed::release,     deed::expire,          deed::expire,       deed::advance,
    deed::advance,     deed::advance,     deed::turn_wall_clock, deed::ping,         deed::ping,
    deed::snapshot,    deed::snapshot,    deed::snapshot,        deed::acknowledge,  deed::acknowledge,
    deed::acknowledge, deed::take_parcel, deed::take_parcel,     deed::deliver,      deed::deliver,
    deed::restart,
};

step random_step(std::uint64_t bits) {
    const auto take = [&](std::uint64_t below) {
        const auto out = static_cast<unsigned>(bits % below);
        bits /= below;
        return out;
    };
    // What names a session, a snapshot or a parcel means the newest more often than not.
    constexpr unsigned newest_mostly[] = {0, 0, 0, 0, 1, 1, 2, 3};
    step out{.what = frequent[take(frequent.size())]};
    out.who = newest_mostly[take(8)];
    out.grant = take(4);
    out.amount = take(64);
    out.verified = take(4) != 0;
    return out;
}

}  // namespace
}  // namespace nullworker::reservation

// One draw a step: rapidcheck's own generators, put together, take longer than the desk.
template <>
struct rc::Arbitrary<nullworker::reservation::step> {
    static rc::Gen<nullworker::reservation::step> arbitrary() {
        return [](const rc::Random& random, int) {
            auto source = random;
            return rc::shrinkable::shrinkRecur(
                nullworker::reservation::random_step(source.next()),
                [](const nullworker::reservation::step& from) {
                    return rc::seq::fromContainer(nullworker::reservation::simpler(from));
                });
        };
    }
};

namespace nullworker::reservation {
namespace {

// ---- the model ------------------------------------------------------------------------------------

struct load_totals {
    double started = 0;
    double rejected = 0;
    double completed = 0;
};

// What a desk must know, kept in the simplest way: nothing is ever taken away, everything is a list of what
// happened and a mark in it.
struct books {
    struct session {
        std::string id;
        std::uint64_t generation = 0;
        std::int64_t request_idx = 0;
        bool verified = false;
        double cost = 0;
        milliseconds lifetime{};
        instant created;
        instant expires;
        bool callback = false;
        bool used = false;
        std::optional<instant> protected_until;
        bool retiring = false;
        std::string claim;
        std::vector<wire::json_value> grants;
    };
    std::optional<session> open;
    std::optional<session> ended;  // the last whose consumer said how it was
    desk::said outcome;            // of that one
    std::vector<wire::json_value> spent;
    std::vector<std::string> spent_claims;
    std::chrono::steady_clock::time_point looked;  // at the clock, last
    std::uint64_t sessions = 0;

    load_totals total;
    load_totals accepted;                  // what the last accepted report brought to the autoscaler's sums
    std::vector<load_totals> at_snapshot;  // the totals when each snapshot was taken
    std::vector<wire::completion> owed;    // every completion there ever was
    std::vector<bool> incidental;          // which of them belong to no session, since the last restart
    std::size_t undelivered = 0;           // the first that is kept
    std::uint64_t dropped = 0;
    std::set<std::int64_t> requests;  // of this process
    std::size_t former_requests = 0;
};

// A closing as the observer must hear it.
struct closing {
    std::string session_id;
    close_reason reason = close_reason::ended;
    bool verified = false;
    bool callback = false;
    desk::said outcome = {};

    friend bool operator==(const closing&, const closing&) = default;
};

// Writes down what it hears, and whether the books were complete at that moment.
struct witness final : desk_observer {
    const desk* watched = nullptr;
    int changes = 0;
    bool too_early = false;
    std::vector<closing> closings;
    former_desk kept;

    void desk_changed() override {
        ++changes;
        keep();
    }
    void desk_worth_saving() override { keep(); }
    void desk_worth_saving_soon() override { keep(); }
    void load_passed() override {
        ++changes;
        keep();
    }
    void keep() {
        kept.state = watched->save();
        kept.undelivered = watched->outbox().next(watched->outbox().size()).entries;
    }
    void session_closed(const closed_session& session) override {
        too_early = too_early || watched->holder() != nullptr || watched->outbox().empty() || changes == 0;
        closings.push_back({session.session_id, session.reason, session.trust == grant_trust::verified,
                            session.on_close.has_value(), session.outcome});
    }
};

bool same(const wire::completion& a, const wire::completion& b) {
    return a.request_idx == b.request_idx && a.status == b.status &&
           a.entered_queue_at == b.entered_queue_at && a.work_started_at == b.work_started_at &&
           a.work_completed_at == b.work_completed_at;
}

bool same(const instant& a, const instant& b) {
    return a.monotonic == b.monotonic && a.wall == b.wall;
}

// Parsed once: the grants that are sent, by request_idx and number. Request 0 names no request.
const wire::json_value& document(unsigned request_idx, unsigned number) {
    static const auto table = [] {
        std::vector<wire::json_value> out;
        out.reserve(16);
        for (int i = 0; i < 16; ++i)
            out.push_back(wire::json_value::parse("{\"request_idx\":" + std::to_string(i / 4) +
                                                  ",\"number\":" + std::to_string(i % 4) + "}")
                              .value());
        return out;
    }();
    return table[request_idx * 4 + number];
}

wire::route_grant grant_of(const step& s) {
    wire::route_grant out;
    out.cost = s.cost();
    out.request_idx = s.request_idx();
    out.reqnum = s.grant == 0 ? 0 : 1000 + s.request_idx() * 4 + s.grant;  // an unsecured client sends none
    out.document = document(s.request_idx(), s.grant);
    return out;
}

constexpr milliseconds max_lifetime = 10s;
constexpr milliseconds after_silence = 3s;
constexpr double ping_load = 7;
constexpr double least_load = 30;

std::uint64_t fingerprint_of(const wire::json_value& grant) {
    return std::hash<std::string>{}(grant.canonical());
}

bool is_among(const std::vector<wire::json_value>& all, const wire::json_value& wanted) {
    return std::find(all.begin(), all.end(), wanted) != all.end();
}

// ---- both, side by side ---------------------------------------------------------------------------

class comparison {
public:
    explicit comparison(std::size_t outbox_capacity) : x_capacity(outbox_capacity) { open_desk(); }
    comparison(const comparison&) = delete;
    comparison& operator=(const comparison&) = delete;

    void perform(const step& s) {
        x_witness.changes = 0;
        x_witness.closings.clear();
        x_changed = false;
        x_closings.clear();
        switch (s.what) {
            case deed::reserve:
                reserve(s);
                break;
            case deed::find:
                find(s);
                break;
            case deed::renew:
                renew(s);
                break;
            case deed::end:
                end(s);
                break;
            case deed::release:
                release(s);
                break;
            case deed::release_idle:
                release_idle();
                break;
            case deed::protect:
                protect(s);
                break;
            case deed::lift:
                lift(s);
                break;
            case deed::retire:
                retire(s);
                break;
            case deed::renew_inside:
                renew_inside(s);
                break;
            case deed::expire:
                expire();
                break;
            case deed::advance:
                x_now = x_now.after(s.span());
                break;
            case deed::turn_wall_clock:
                x_now.wall += s.verified ? s.span() : -s.span();
                break;
            case deed::ping:
                ping(s);
                break;
            case deed::snapshot:
                snapshot();
                break;
            case deed::acknowledge:
                acknowledge(s);
                break;
            case deed::take_parcel:
                take_parcel(s);
                break;
            case deed::deliver:
                deliver(s);
                break;
            case deed::restart:
                restart(s);
                break;
        }
        compare_slot();
        compare_outbox();
        compare_what_was_heard();
    }

    // Everything is accounted for: what was accepted and what is owed make up what happened.
    void audit() { snapshot(); }

private:
    static std::string session_id(std::uint64_t number) { return "session" + std::to_string(number); }

    void open_desk() {
        x_desk.emplace(desk_settings{.max_lifetime = max_lifetime,
                                     .outbox_capacity = x_capacity,
                                     .ping_load = ping_load,
                                     .least_load = least_load,
                                     .after_silence = after_silence},
                       desk_means{[this] { return session_id(++x_ids); }, fingerprint_of}, &x_witness);
        x_witness.watched = &*x_desk;
    }

    // A literal, not a string: it is called a hundred times a sequence.
    static void require(bool holds, const char* what) {
        if (!holds)
            RC_FAIL(std::string("they differ in ") + what);
    }

    // ---- the model's rules ----

    void model_owes_incidentally(wire::completion entry) {
        x_changed = true;
        const auto begin = x_books.incidental.begin() + static_cast<std::ptrdiff_t>(x_books.undelivered);
        const auto kept = static_cast<std::size_t>(std::count(begin, x_books.incidental.end(), true));
        if (kept >= std::max<std::size_t>(x_capacity / 10, 1)) {
            ++x_books.dropped;
            return;
        }
        model_owes(entry);
        x_books.incidental.back() = true;
    }

    void model_owes(wire::completion entry) {
        x_books.owed.push_back(entry);
        x_books.incidental.push_back(false);
        if (x_books.owed.size() - x_books.undelivered > x_capacity) {
            ++x_books.undelivered;
            ++x_books.dropped;
        }
        x_changed = true;
    }

    void model_closes(close_reason reason, desk::said told = {}) {
        const auto gone = *std::exchange(x_books.open, std::nullopt);
        x_books.total.completed += gone.cost;
        x_closings.push_back({gone.id, reason, gone.verified, gone.callback, told});
        if (told) {
            x_books.ended = gone;
            x_books.outcome = told;
        }
        if (gone.verified)
            x_books.spent.insert(x_books.spent.end(), gone.grants.begin(), gone.grants.end());
        if (!gone.claim.empty())
            x_books.spent_claims.push_back(gone.claim);
        const seconds span = x_now.monotonic - gone.created.monotonic;
        model_owes({.request_idx = gone.request_idx,
                    .status = wire::completion_status::success,
                    .entered_queue_at = epoch_seconds(gone.created.wall),
                    .work_started_at = epoch_seconds(gone.created.wall),
                    .work_completed_at = epoch_seconds(gone.created.wall) + span.count()});
    }

    void model_expires() {
        const bool stood_still = x_now.monotonic - x_books.looked > 1s;
        x_books.looked = x_now.monotonic;
        if (!x_books.open)
            return;
        auto& open = *x_books.open;
        if (open.protected_until && stood_still)
            model_lengthens();
        const bool sheltered = open.protected_until && x_now.monotonic < open.protected_until->monotonic;
        if (sheltered)
            return;
        if (open.retiring)
            model_closes(close_reason::ended);
        else if (x_now.monotonic >= open.expires.monotonic)
            model_closes(close_reason::expired);
        else
            open.protected_until.reset();
    }

    void model_lengthens() {
        auto& until = *x_books.open->protected_until;
        const auto least = x_now.after(after_silence);
        if (until.monotonic < least.monotonic)
            until = least;
    }

    [[nodiscard]] bool model_is_held_by(const std::optional<std::string>& id) const {
        return x_books.open && (!id || *id == x_books.open->id);
    }

    lookup model_looks_up(const std::string& id, const wire::json_value& auth) const {
        if (!x_books.open || x_books.open->id != id)
            return lookup::unknown;
        return is_among(x_books.open->grants, auth) ? lookup::found : lookup::unauthorised;
    }

    lookup model_uses(const std::string& id, const wire::json_value& auth) {
        const auto found = model_looks_up(id, auth);
        if (found == lookup::found)
            x_books.open->used = true;
        return found;
    }

    [[nodiscard]] bool model_takes_for_retry(const wire::create_request& wanted, bool verified) const {
        const auto& open = x_books.open;
        const auto& grant = wanted.grant;
        if (open && (open->claim != "" || wanted.claim != ""))
            return open->claim == wanted.claim && open->verified == verified;
        return verified && open && open->verified && !open->used && grant.request_idx != 0 &&
               open->request_idx == grant.request_idx && x_now.monotonic - open->created.monotonic < 60s;
    }

    void model_notes(const wire::route_grant& grant) {
        x_books.requests.insert(grant.reqnum != 0 ? grant.reqnum : grant.request_idx);
    }

    // ---- the steps ----

    void reserve(const step& s) {
        wire::create_request wanted;
        wanted.grant = grant_of(s);
        wanted.lifetime = s.lifetime();
        wanted.claim = s.claim();
        if (s.callback())
            wanted.on_close_route = "/closed";
        const auto made =
            x_desk->reserve(wanted, s.verified ? grant_trust::verified : grant_trust::unverified, x_now);
        model_expires();
        auto& open = x_books.open;
        const bool again = model_takes_for_retry(wanted, s.verified);
        const auto& claims = x_books.spent_claims;
        const bool spent = (s.verified && is_among(x_books.spent, wanted.grant.document)) ||
                           std::find(claims.begin(), claims.end(), wanted.claim) != claims.end();
        if (spent && !(again && wanted.claim != "")) {
            require(made.outcome == outcome::spent && !made.holder, "a replay's outcome");
            return;
        }
        if (again) {
            if (model_looks_up(open->id, wanted.grant.document) != lookup::found)
                open->grants.push_back(wanted.grant.document);
            require(made.outcome == outcome::reissued, "a retry's outcome");
            require(made.holder == x_desk->holder(), "the lease of a retry");
            return;
        }
        model_notes(wanted.grant);
        if (open) {
            x_books.total.rejected += s.cost();
            x_changed = true;
            if (s.request_idx() != open->request_idx)
                model_owes_incidentally({.request_idx = s.request_idx(),
                                         .status = wire::completion_status::rejected,
                                         .entered_queue_at = epoch_seconds(x_now.wall)});
            require(made.outcome == outcome::slot_taken && !made.holder, "a rejection's outcome");
            return;
        }
        const auto number = ++x_books.sessions;
        open = books::session{.id = session_id(number),
                              .generation = number,
                              .request_idx = s.request_idx(),
                              .verified = s.verified,
                              .cost = s.cost(),
                              .lifetime = s.lifetime(),
                              .created = x_now,
                              .expires = x_now.after(s.lifetime()),
                              .callback = s.callback(),
                              .claim = wanted.claim,
                              .grants = {wanted.grant.document}};
        x_books.total.started += s.cost();
        x_changed = true;
        require(made.outcome == outcome::granted, "a grant's outcome");
        require(made.holder && made.holder == x_desk->holder(), "the lease of a grant");
    }

    // The session and the grant that a lookup names: mostly the newest session, and a grant of its request.
    struct reference {
        std::string id;
        wire::json_value auth;
    };
    [[nodiscard]] reference named_by(const step& s) const {
        const auto request_idx = x_books.open ? static_cast<unsigned>(x_books.open->request_idx) : 0U;
        return {s.who < x_books.sessions ? session_id(x_books.sessions - s.who) : "nosuch",
                document(request_idx, s.grant)};
    }

    void find(const step& s) {
        const auto named = named_by(s);
        const auto found = x_desk->find(named.id, named.auth, x_now);
        model_expires();
        require(found.outcome == model_uses(named.id, named.auth), "what is found");
        require(found.session == (found.outcome == lookup::found ? x_desk->holder() : nullptr),
                "the session found");
        ask_for_the_outcome(s);
    }

    // Of the session that is remembered, or of one before, with a grant of its own or of another request.
    void ask_for_the_outcome(const step& s) {
        const auto& ended = x_books.ended;
        const auto id = ended && s.who == 0 ? ended->id : named_by(s).id;
        const auto request_idx = ended && s.amount % 4 != 0 ? static_cast<unsigned>(ended->request_idx) : 1U;
        const auto& auth = document(request_idx, s.grant);
        const bool known = ended && ended->id == id && is_among(ended->grants, auth);
        require(x_desk->outcome_of(id, auth) == (known ? x_books.outcome : std::nullopt),
                "what is remembered of a session's end");
    }

    void renew(const step& s) {
        const auto named = named_by(s);
        const auto found = x_desk->renew(named.id, named.auth, x_now);
        model_expires();
        require(found.outcome == model_uses(named.id, named.auth), "what is renewed");
        if (found.outcome != lookup::found)
            return;
        auto& open = *x_books.open;
        if (open.retiring)
            return;
        if (open.expires.monotonic < x_now.monotonic)
            open.expires = x_now;
        const auto ahead = open.expires.monotonic - x_now.monotonic + open.lifetime;
        open.expires = ahead < max_lifetime ? open.expires.after(open.lifetime) : x_now.after(max_lifetime);
    }

    // Whom a request from inside names.
    [[nodiscard]] std::optional<std::string> named_inside(const step& s) const {
        return s.names_session() ? std::optional(named_by(s).id) : std::nullopt;
    }

    void renew_inside(const step& s) {
        const auto id = named_inside(s);
        const auto* renewed = x_desk->renew(id, s.lifetime(), x_now);
        model_expires();
        require((renewed != nullptr) == model_is_held_by(id), "whether it is renewed from inside");
        if (!renewed)
            return;
        auto& open = *x_books.open;
        const auto wanted = x_now.after(s.lifetime());
        if (open.expires.monotonic < wanted.monotonic)
            open.expires = wanted;
        if (id && (!open.protected_until || open.protected_until->monotonic < wanted.monotonic))
            open.protected_until = wanted;
    }

    void protect(const step& s) {
        const auto id = named_inside(s);
        const auto* sheltered = x_desk->protect(id, s.lifetime() * 2, x_now);
        model_expires();
        require((sheltered != nullptr) == model_is_held_by(id), "whether it is protected");
        if (sheltered)
            x_books.open->protected_until = x_now.after(std::min(s.lifetime() * 2, max_lifetime));
    }

    void lift(const step& s) {
        const auto id = named_inside(s);
        const auto lifted = x_desk->lift(id, x_now);
        model_expires();
        require(lifted.has_value() == model_is_held_by(id), "whether a protection is lifted");
        if (!lifted)
            return;
        require(*lifted == x_books.open->id, "whose protection is lifted");
        x_books.open->protected_until.reset();
        model_expires();
    }

    void retire(const step& s) {
        using result = desk::retire_outcome;
        using wire::retire_when;
        const auto named = named_by(s);
        const auto told = x_desk->retire(named.id, named.auth, s.when(), x_now);
        model_expires();
        const auto found = model_uses(named.id, named.auth);
        if (found != lookup::found) {
            require(told.outcome == (found == lookup::unknown ? result::unknown : result::unauthorised),
                    "who may retire");
            return;
        }
        auto& open = *x_books.open;
        if (s.when() != retire_when::never && !open.protected_until) {
            require(told.outcome == result::ended && !told.session, "what retires at once");
            model_closes(close_reason::ended);
            return;
        }
        require(told.session == x_desk->holder(), "the session that is not retired yet");
        if (s.when() == retire_when::idle) {
            require(told.outcome == result::busy, "what is not idle");
            return;
        }
        open.retiring = s.when() == retire_when::done;
        require(told.outcome == (open.retiring ? result::retiring : result::kept), "what is to retire");
    }

    void release_idle() {
        const auto released = x_desk->release_idle(x_now);
        model_expires();
        const bool idle = x_books.open && !x_books.open->protected_until;
        require(released.has_value() == idle, "whether something idle is released");
        if (released)
            model_closes(close_reason::released);
    }

    void end(const step& s) {
        const auto named = named_by(s);
        const auto found = x_desk->end(named.id, named.auth, x_now);
        model_expires();
        require(found == model_looks_up(named.id, named.auth), "what is ended");
        if (found == lookup::found)
            model_closes(close_reason::ended);
    }

    void release(const step& s) {
        const auto released = x_desk->release(x_now, s.said());
        model_expires();
        require(released.has_value() == x_books.open.has_value(), "whether something is released");
        if (!released)
            return;
        require(*released == x_books.open->id, "what is released");
        model_closes(close_reason::released, s.said());
    }

    void expire() {
        x_desk->expire(x_now);
        model_expires();
    }

    void ping(const step& s) {
        const auto grant = grant_of(s);
        x_desk->count_ping(grant, s.in_session(), x_now);
        x_books.total.started += ping_load;
        x_books.total.completed += ping_load;
        x_changed = true;
        if (s.in_session())
            return;
        model_notes(grant);
        if (x_books.open && x_books.open->request_idx == s.request_idx())
            return;
        const double time = epoch_seconds(x_now.wall);
        model_owes_incidentally({.request_idx = s.request_idx(),
                                 .status = wire::completion_status::success,
                                 .entered_queue_at = time,
                                 .work_started_at = time,
                                 .work_completed_at = time});
    }

    void snapshot() {
        x_snapshots.push_back(x_desk->take_snapshot());
        x_books.at_snapshot.push_back(x_books.total);
        const auto& taken = x_snapshots.back();
        // What all accepted reports said and what is still owed is what happened, to the last unit.
        require(x_books.accepted.started + taken.figures.new_load == x_books.total.started, "new_load");
        require(x_books.accepted.rejected + taken.figures.rej_load == x_books.total.rejected, "rej_load");
        require(x_books.accepted.completed + taken.figures.cur_perf == x_books.total.completed, "cur_perf");
        require(taken.cur_load == (x_books.open ? std::max(x_books.open->cost, least_load) : 0), "cur_load");
        std::vector<std::int64_t> working;
        if (x_books.open)
            working.push_back(x_books.open->request_idx);
        require(taken.working_request_idxs == working, "the indices at work");
        require(taken.requests_received ==
                    static_cast<std::int64_t>(x_books.former_requests + x_books.requests.size()),
                "the requests received");
    }

    // Only the newest one counts: what an older one said is in the newer one again.
    void acknowledge(const step& s) {
        if (s.who >= x_snapshots.size())
            return;
        const auto& reported = x_snapshots[x_snapshots.size() - 1 - s.who];
        x_desk->acknowledge(reported);
        if (s.who == 0)
            x_books.accepted = x_books.at_snapshot.back();
    }

    struct parcel {
        completion_outbox::parcel content;
        std::size_t end = 0;  // behind its last completion, in the model's list
    };

    void take_parcel(const step& s) {
        auto content = x_desk->outbox().next(s.most());
        const auto begin = x_books.undelivered;
        require(content.entries.size() == std::min(s.most(), x_books.owed.size() - begin), "a parcel's size");
        for (std::size_t i = 0; i < content.entries.size(); ++i)
            require(same(content.entries[i], x_books.owed[begin + i]), "a parcel's content");
        const auto end = begin + content.entries.size();
        x_parcels.push_back({std::move(content), end});
    }

    void deliver(const step& s) {
        if (s.who >= x_parcels.size())
            return;
        const auto& sent = x_parcels[x_parcels.size() - 1 - s.who];
        x_desk->delivered(sent.content);
        x_books.undelivered = std::max(x_books.undelivered, sent.end);
    }

    // Through the text of the state file, which takes its time.
    static former_desk written_and_read(const former_desk& left) {
        std::string rows;
        for (const auto& entry : left.undelivered)
            rows += (rows.empty() ? "" : ",") + journal::state_row(entry);
        const auto read = journal::read_state(journal::write_state({}, left.state, left.saved_at, rows));
        require(read.has_value(), "whether the state can be read");
        return read->left;
    }

    // Snapshots and parcels that were under way died with their process; what they held is still owed.
    void restart(const step& s) {
        x_witness.kept.saved_at = x_now;
        const auto kept = s.grant == 0 ? written_and_read(x_witness.kept) : x_witness.kept;
        open_desk();
        x_desk->restore(kept, clock_continuity::same_boot, x_now);
        x_witness.keep();  // as the daemon does, before it serves anybody
        x_snapshots.clear();
        x_parcels.clear();
        x_books.at_snapshot.clear();
        x_books.former_requests += std::exchange(x_books.requests, {}).size();
        x_books.dropped = 0;
        std::fill(x_books.incidental.begin(), x_books.incidental.end(), false);
        x_books.looked = x_now.monotonic;
        if (x_books.open && x_books.open->protected_until)
            model_lengthens();
    }

    // ---- what must agree after each ----

    void compare_slot() const {
        const lease* held = x_desk->holder();
        const auto& open = x_books.open;
        require((held != nullptr) == open.has_value(), "whether the slot is held");
        require(x_desk->next_expiry().has_value() == open.has_value(), "whether something expires");
        if (!held)
            return;
        require(held->session_id == open->id && held->generation == open->generation, "who holds the slot");
        require(held->request_idx == open->request_idx && held->cost == open->cost,
                "what the holder stands for");
        require((held->trust == grant_trust::verified) == open->verified, "the holder's trust");
        require(held->on_close.has_value() == open->callback, "the holder's callback");
        require(held->lifetime == open->lifetime && same(held->created, open->created),
                "the holder's beginning");
        require(same(held->expires, open->expires), "the holder's expiration");
        require(held->retiring == open->retiring && held->claim == open->claim,
                "the holder's retirement or claim");
        require(held->protected_until.has_value() == open->protected_until.has_value(),
                "whether it is protected");
        auto due = open->expires.monotonic;
        if (open->protected_until) {
            require(same(*held->protected_until, *open->protected_until), "how long it is protected");
            due = std::min(open->protected_until->monotonic, x_books.looked + 500ms);
        }
        require(x_desk->next_expiry() == due, "the next expiry");
        require(held->grants == open->grants, "the holder's grants");
        require(held->used == open->used, "whether the holder's id was used");
    }

    void compare_outbox() const {
        const auto kept = x_desk->outbox().next(x_books.owed.size() + 1).entries;
        const auto begin = x_books.undelivered;
        require(kept.size() == x_books.owed.size() - begin && kept.size() == x_desk->outbox().size(),
                "how many completions are owed");
        for (std::size_t i = 0; i < kept.size(); ++i)
            require(same(kept[i], x_books.owed[begin + i]), "the completions that are owed");
        require(x_desk->outbox().dropped() == x_books.dropped, "how many completions were dropped");
    }

    void compare_what_was_heard() const {
        require((x_witness.changes > 0) == x_changed, "whether a change was heard");
        require(x_witness.closings == x_closings, "the closings heard");
        require(!x_witness.too_early, "when a closing is heard");
    }

    std::size_t x_capacity;
    instant x_now{std::chrono::steady_clock::time_point(1000s),
                  std::chrono::system_clock::time_point(1790000000s)};
    std::uint64_t x_ids = 0;
    witness x_witness;
    std::optional<desk> x_desk;
    std::vector<desk::snapshot> x_snapshots;  // every one taken
    std::vector<parcel> x_parcels;            // every one taken
    books x_books;
    bool x_changed = false;           // by the model, in this step
    std::vector<closing> x_closings;  // likewise
};

// ---- the search -----------------------------------------------------------------------------------

constexpr int longest = 60;

// Fails the test with the shortest sequence found for which `comparison` finds a difference.
void search(int sequences, std::size_t outbox_capacity) {
    // The same sequences each time, unless told otherwise.
    rc::detail::Configuration config;
    config.testParams.seed = 1;
    config.testParams.maxSuccess = sequences;
    config.testParams.maxSize = longest;
    if (const char* given = std::getenv("RC_PARAMS"))
        config = rc::detail::configFromString(given, config);
    const auto property = [&](const std::vector<step>& steps) {
        comparison both(outbox_capacity);
        for (const auto& each : steps)
            both.perform(each);
        both.audit();
    };
    rc::detail::TestListenerAdapter silent;
    const auto found = rc::detail::checkProperty(rc::detail::toProperty(property), rc::detail::TestMetadata(),
                                                 config.testParams, silent, config.reproduce);
    std::ostringstream message;
    rc::detail::printResultMessage(found, message);
    EXPECT_TRUE(found.is<rc::detail::SuccessResult>()) << message.str();
}

TEST(desk_model, the_desk_and_its_model_agree_on_every_sequence) {
    search(100000, 10000);
}

TEST(desk_model, they_agree_when_the_outbox_overflows) {
    search(20000, 3);
}

}  // namespace
}  // namespace nullworker::reservation
