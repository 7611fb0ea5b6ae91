#include "refused.hpp"

#include <nullworker/api/public_api.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/secret.hpp>
#include <nullworker/net/route_table.hpp>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace nullworker::api {
namespace {

using net::about;
using reservation::desk;

net::reply not_authorised() {
    return net::json_reply(401, wire::error("session_auth is not valid"));
}

// Not now, but soon: clients take a 5xx as "route again".
net::reply try_later(const std::string& reason) {
    auto answer = net::json_reply(503, wire::error(reason));
    answer.headers.emplace_back("Retry-After", "1");
    return answer;
}

// "Bearer x" and "x" are both the token x.
std::string_view bearer_token(std::string_view authorization) {
    constexpr std::string_view prefix = "Bearer ";
    if (authorization.starts_with(prefix))
        authorization.remove_prefix(prefix.size());
    return authorization;
}

public_answer with_result(create_result result, public_answer out) {
    out.created = result;
    return out;
}

reservation::grant_trust trust_of(auth::grant_verdict verdict) {
    return verdict == auth::grant_verdict::verified ? reservation::grant_trust::verified
                                                    : reservation::grant_trust::unverified;
}

}  // namespace

struct public_api::tables {
    static constexpr std::array<net::route<public_api, public_answer>, 8> on_public = {{
        {net::verb::post, "/session/create", &public_api::create},
        {net::verb::post, "/session/end", &public_api::end},
        {net::verb::post, "/session/retire", &public_api::retire},
        {net::verb::post, "/session/status", &public_api::status},
        {net::verb::post, "/session/get", &public_api::get},
        {net::verb::post, "/session/health", &public_api::health},
        {net::verb::post, "/ping", &public_api::ping},
        {net::verb::post, "/pyworker/update", &public_api::update},
    }};
    static constexpr std::array<net::route<public_api, public_answer>, 1> on_webhook = {{
        {net::verb::post, "/session/end", &public_api::end},
    }};
};

public_api::public_api(public_settings settings, reservation::desk& desk, const reservation::readiness& state,
                       auth::gatekeeper& gate)
    : x_settings(std::move(settings)), x_desk(desk), x_state(state), x_gate(gate) {}

public_answer public_api::on_public(const net::request& request) {
    return net::dispatch<public_api, public_answer>(*this, tables::on_public, request);
}

net::reply public_api::on_webhook(const net::request& request) {
    return net::dispatch<public_api, public_answer>(*this, tables::on_webhook, request).reply;
}

public_answer public_api::create(const net::request& request) {
    const auto wanted = wire::parse_create(request.body, x_settings.create);
    if (!wanted)
        return with_result(create_result::invalid, refused(wanted.error()));
    const auto target = close_target(*wanted);
    if (!target)
        return with_result(create_result::invalid, refused(target.error()));
    const auto verdict = x_gate.check_create(wanted->grant);
    if (!admits(verdict))
        return with_result(result_of(verdict), refuse_grant(request, verdict, wanted->grant));
    auto out = reserve(*wanted, *target, trust_of(verdict));
    if (verdict == auth::grant_verdict::tolerated) {
        out.doubt = key_doubt::admitted;
        out.doubted = wanted->grant.signature;
    }
    return out;
}

// Where the close callback will go. A path that leads nowhere is refused now: later nobody would hear of it.
wire::parsed<std::optional<url>> public_api::close_target(const wire::create_request& wanted) const {
    if (!wanted.on_close_route)
        return std::optional<url>();
    auto target = target_of(*wanted.on_close_route, x_settings.consumer);
    if (target)
        return std::optional(std::move(*target));
    return wire::refuse("on_close_route",
                        target.error() == errc::no_server
                            ? "is a path, and this worker knows no server of its consumer to send it to: "
                              "give a URL, or start the worker with --consumer-url"
                            : "not a valid URL");
}

// Says in the log which check failed and which setting governs it; the peer learns nothing but 401.
public_answer public_api::refuse_grant(const net::request& request, auth::grant_verdict verdict,
                                       const wire::route_grant& grant) {
    if (verdict == auth::grant_verdict::no_key)
        return try_later("the worker has no public key yet");
    constexpr std::size_t longest_url = 200;
    const bool forged = verdict == auth::grant_verdict::bad_signature;
    auto& times = forged ? x_forged : x_for_others;
    if (times.is_worth_a_line())
        log::warning("grant_refused",
                     {{"reason", forged ? "the signature does not verify" : "signed for another worker"},
                      {"path", request.path},
                      {"url", grant.url.substr(0, longest_url)},
                      {"request_idx", grant.request_idx},
                      {"setting", forged ? "NULLWORKER_CREATE_AUTH, REPORT_ADDR"
                                         : "NULLWORKER_CREATE_AUTH, PUBLIC_IPADDR, USE_SSL"},
                      {"unsaid", times.unsaid()}});
    public_answer out(net::empty_reply(401));
    if (forged) {
        out.doubt = key_doubt::refused;
        out.doubted = grant.signature;
    }
    return out;
}

public_answer public_api::reserve(const wire::create_request& wanted, const std::optional<url>& close_target,
                                  reservation::grant_trust trust) {
    if (!x_state.takes_sessions() && !x_desk.is_retry(wanted, trust, now()))
        return with_result(
            create_result::not_ready,
            try_later(x_state.draining() ? "the worker is shutting down" : "the worker is not ready yet"));
    // Nobody may send the worker elsewhere unproven.
    if (trust == reservation::grant_trust::unverified && close_target && !names_loopback(*close_target))
        return with_result(create_result::invalid,
                           refused(wire::refuse("on_close_route",
                                                "must be on a loopback host, as the grant is unverified")));

    const auto made = x_desk.reserve(wanted, trust, now());
    if (!made.holder)
        return turn_away(wanted.grant, made.outcome);
    const bool created = made.outcome == desk::reserve_outcome::granted;
    if (created || x_reissued.is_worth_a_line())
        log::info(created ? "session_created" : "session_reissued",
                  {{"session_id", made.holder->session_id},
                   {"request_idx", made.holder->request_idx},
                   {"cost", made.holder->cost},
                   {"lifetime", made.holder->lifetime.count()}});
    if (created)
        note_cost(made.holder->cost);
    return with_result(
        created ? create_result::created : create_result::reissued,
        about(made.holder->session_id,
              net::json_reply(201, wire::session_created(made.holder->session_id,
                                                         epoch_seconds(made.holder->expires.wall)))));
}

// The slot is taken whole by any session: the first that seems to leave a rest is worth a word.
void public_api::note_cost(double cost) {
    if (cost >= x_settings.max_perf || std::exchange(x_told_of_cost, true))
        return;
    log::warning("session_costs_less",
                 {{"cost", cost},
                  {"max_perf", x_settings.max_perf},
                  {"effect", x_settings.partial_load ? "the autoscaler sends others to the taken worker"
                                                     : "the taken worker is reported as full all the same"},
                  {"remedy", "let a session cost what the worker can do (--session-cost, --max-perf)"},
                  {"setting", "NULLWORKER_PARTIAL_LOAD"}});
}

public_answer public_api::turn_away(const wire::route_grant& grant, desk::reserve_outcome why) {
    const bool replayed = why == desk::reserve_outcome::spent;
    auto& times = replayed ? x_replayed : x_rejected;
    if (times.is_worth_a_line())
        log::write(replayed ? log::level::warning : log::level::info,
                   replayed ? "grant_replayed" : "session_rejected",
                   {{"request_idx", grant.request_idx},
                    {"reason", replayed ? "the session of this grant has ended" : "slot taken"},
                    {"unsaid", times.unsaid()}});
    return with_result(replayed ? create_result::replayed : create_result::slot_taken,
                       net::empty_reply(replayed ? 401 : 429));
}

// What was accepted last need not be parsed anew.
wire::parsed<public_api::reference> public_api::read_reference(const net::request& request) const {
    if (auto known = x_references.find(request.body, x_desk.generation()))
        return known;
    auto parsed = wire::parse_session_reference(request.body);
    if (!parsed)
        return parsed.error();
    return std::make_shared<const wire::session_reference>(std::move(*parsed));
}

// Not here: it was never, or it is over, and then its client may hear how it was.
net::reply public_api::unknown(const wire::session_reference& wanted) const {
    return net::json_reply(
        400, wire::session_not_found(wanted.session_id,
                                     x_desk.outcome_of(wanted.session_id, wanted.session_auth)));
}

public_answer public_api::end(const net::request& request) {
    const auto read = read_reference(request);
    if (!read)
        return refused(read.error());
    const auto& wanted = **read;
    switch (x_desk.end(wanted.session_id, wanted.session_auth, now())) {
        case desk::lookup_outcome::unknown:
            return unknown(wanted);
        case desk::lookup_outcome::unauthorised:
            return not_authorised();
        case desk::lookup_outcome::found:
            break;
    }
    return about(wanted.session_id, net::json_reply(200, wire::session_ended(wanted.session_id)));
}

public_answer public_api::retire(const net::request& request) {
    using outcome = desk::retire_outcome;
    const auto wanted = wire::parse_retire(request.body);
    if (!wanted)
        return refused(wanted.error());
    const auto& [session_id, session_auth] = wanted->session;
    const auto time = now();
    const auto told = x_desk.retire(session_id, session_auth, wanted->when, time);
    const auto left = told.session ? protected_for(*told.session, time).count() : 0.0;
    switch (told.outcome) {
        case outcome::unknown:
            return unknown(wanted->session);
        case outcome::unauthorised:
            return not_authorised();
        case outcome::busy:
            return about(session_id, net::json_reply(409, wire::session_busy(left)));
        case outcome::retiring:
            log::info("session_retiring", {{"session_id", session_id},
                                           {"protected", left},
                                           log::also("request_idx", told.session->request_idx)});
            return about(session_id,
                         net::json_reply(202, wire::session_retiring(
                                                  epoch_seconds(told.session->protected_until->wall), left)));
        case outcome::kept:
            return about(session_id, net::json_reply(200, wire::session_kept()));
        case outcome::ended:
            break;
    }
    return about(session_id, net::json_reply(200, wire::session_ended(session_id)));
}

public_answer public_api::status(const net::request& request) {
    const auto read = read_reference(request);
    if (!read)
        return refused(read.error());
    const auto& wanted = **read;
    const auto time = now();
    const auto [outcome, session] = x_desk.find(wanted.session_id, wanted.session_auth, time);
    if (outcome == desk::lookup_outcome::unknown)
        return unknown(wanted);
    if (outcome == desk::lookup_outcome::unauthorised)
        return not_authorised();
    x_references.keep(request.body, session->generation, *read);
    const wire::session_standing standing{
        .session_id = session->session_id,
        .remaining = reservation::left_until(session->expires, time).count(),
        .protected_for = protected_for(*session, time).count(),
        .retiring = session->retiring,
        .worker_id = x_settings.worker_id};
    return about(session->session_id, net::json_reply(200, wire::session_stands(standing)));
}

public_answer public_api::get(const net::request& request) {
    const auto read = read_reference(request);
    if (!read)
        return refused(read.error());
    const auto& wanted = **read;
    const auto [outcome, session] = x_desk.find(wanted.session_id, wanted.session_auth, now());
    if (outcome == desk::lookup_outcome::unknown)
        return net::json_reply(400, wire::error("session does not exist"));
    if (outcome == desk::lookup_outcome::unauthorised)
        return not_authorised();
    x_references.keep(request.body, session->generation, *read);
    return about(session->session_id, net::json_reply(200, describe(*read, *session)));
}

const std::string& public_api::describe(const reference& asked, const reservation::lease& session) {
    const bool still_true = x_described.asked == asked && x_described.generation == session.generation &&
                            x_described.expires == session.expires.wall;
    if (still_true)
        return x_described.text;
    wire::session_description told{
        .session_id = session.session_id,
        .auth_data = asked->session_auth,
        .lifetime = session.lifetime,
        .expiration = epoch_seconds(session.expires.wall),
        .created_at = epoch_seconds(session.created.wall),
        .on_close_route = {},
        .on_close_payload = {},
    };
    if (session.on_close) {
        told.on_close_route = session.on_close->route;
        told.on_close_payload = session.on_close->payload;
    }
    x_described = {asked, session.generation, session.expires.wall, wire::session_described(told)};
    return x_described.text;
}

public_answer public_api::health(const net::request& request) {
    const auto read = read_reference(request);
    if (!read)
        return refused(read.error());
    const auto& wanted = **read;
    const auto [outcome, session] = x_desk.find(wanted.session_id, wanted.session_auth, now());
    if (outcome == desk::lookup_outcome::unauthorised)
        return not_authorised();
    if (session)
        x_references.keep(request.body, session->generation, *read);
    return about(session ? session->session_id : "", net::json_reply(200, wire::ok(session != nullptr)));
}

public_answer public_api::ping(const net::request& request) {
    const auto read = read_ping(request);
    if (!read)
        return refused(read.error());
    const auto& ping = **read;
    const auto time = now();
    // A grant that was verified when it reserved the worker needs no second proof, and no key: after a
    // restart the key may be out of reach for a while.
    const bool proven = ping.session_id && x_desk.holds_proof(*ping.session_id, ping.grant.document, time);
    if (!proven)
        if (const auto verdict = x_gate.check_ping(ping.grant); !admits(verdict))
            return refuse_grant(request, verdict, ping.grant);
    if (ping.session_id) {
        const auto outcome = x_desk.renew(*ping.session_id, ping.grant.document, time).outcome;
        if (outcome == desk::lookup_outcome::unknown)
            return net::json_reply(410, wire::error("invalid session"));
        if (outcome == desk::lookup_outcome::unauthorised)
            return not_authorised();
    }
    note_accepted(request, *read);
    x_desk.count_ping(ping.grant, ping.session_id.has_value(), time);
    return about(ping.session_id.value_or(""), net::json_reply(200, wire::ping_result()));
}

// Pings without a session are remembered apart: whoever has an old grant pushes none of the session's out.
wire::parsed<public_api::ping_message> public_api::read_ping(const net::request& request) const {
    if (auto known = x_session_pings.find(request.body, x_desk.generation()))
        return known;
    if (auto known = x_other_pings.find(request.body, x_gate.keys()))
        return known;
    auto parsed = wire::parse_ping(request.body, x_settings.create.form);
    if (!parsed)
        return parsed.error();
    return std::make_shared<const wire::ping_request>(std::move(*parsed));
}

void public_api::note_accepted(const net::request& request, const ping_message& ping) {
    if (ping->session_id)
        x_session_pings.keep(request.body, x_desk.generation(), ping);
    else
        x_other_pings.keep(request.body, x_gate.keys(), ping);
}

public_answer public_api::update(const net::request& request) {
    const auto token = bearer_token(request.find("Authorization").value_or(""));
    if (x_settings.master_token.empty() || !same_secret(token, x_settings.master_token))
        return net::json_reply(401, wire::error("unauthorized"));
    public_answer out(net::reply{});
    out.wants_update = true;
    return out;
}

net::reply public_api::update_requested(const error_code& failure) const {
    if (failure) {
        log::error("force_update_failed", {{"file", update_file()}, {"error", failure.message()}});
        return net::json_reply(
            500, wire::error("failed to write file: " + failure.message() + ": '" + update_file() + "'"));
    }
    log::info("force_update_requested", {{"file", update_file()}});
    return net::json_reply(200, wire::ok(true));
}

}  // namespace nullworker::api
