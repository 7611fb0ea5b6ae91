#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/random.hpp>
#include <vast/known_endpoint.hpp>
#include <vast/refusal.hpp>
#include <vast/reservation_keeper.hpp>
#include <vast/serverless.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// Who wants to stop waits so long for a create that is under way, and then asks once more.
constexpr auto patience_with_a_create = 2s;

// And so long for the number of its request, without which that cannot be taken back.
constexpr auto patience_with_a_request = 2s;

// A try that takes so much longer than it may was not waited for.
constexpr auto longest_lag = 1s;

// As many as a worker wants, two digits each.
constexpr std::size_t claim_bytes = 32;

// A hundred thousand workers.
constexpr std::size_t longest_list = 64 * 1024 * 1024;

// So many names of workers may be looked up at once.
constexpr std::size_t most_look_ups = 64;

constexpr unsigned status_unknown_session = 400;
constexpr unsigned status_conflict = 409;

net::way_out way_out_by(const asio::any_io_executor& executor, std::shared_ptr<net::tls_trust> trust) {
    net::resolver_settings settings{.most = most_look_ups};
    return {std::move(trust), std::make_shared<net::resolver>(executor, std::move(settings))};
}

// Whether a worker that answers so holds the session no more: it knows none of this id, or not by our grant.
constexpr bool is_over(unsigned status) {
    return status == status_unknown_session || status == 401;
}

// What is known of a session by the answer of a worker that does not hold it any more.
session_news over_by(const net::reply& answer) {
    const auto said = wire::parse_session_outcome(answer.body);
    return {.what = session_news::kind::over,
            .outcome = said.value_or(session_outcome::done),
            .is_outcome_said = said.has_value()};
}

// How a session was, by the answer of a worker that does not hold it any more.
session_outcome outcome_in(const net::reply& answer) {
    return wire::parse_session_outcome(answer.body).value_or(session_outcome::done);
}

// Whether another try may find what this one did not. Nobody comes to listen on our own machine by being
// waited for, and no certificate gets better.
bool may_pass(const error_code& why, const url& target) {
    const bool nobody_here = why == asio::error::connection_refused && names_loopback(target);
    return !nobody_here && why != errc::no_trusted_roots && why != errc::response_too_large &&
           why != errc::control_character && why.category() != asio::error::get_ssl_category();
}

}  // namespace

serverless::serverless(asio::any_io_executor executor, service where)
    : x_executor(std::move(executor)),
      x_where(std::move(where)),
      x_trust(std::make_shared<net::tls_trust>(x_where.roots)),
      x_lines(
          std::make_unique<connections>(x_executor, way_out_by(x_executor, x_trust), x_where.connections)),
      x_gate(std::make_unique<route_gate>(x_executor, x_where.route_rate)) {}

// A peer may tell us in full what we sent, and what it says is shown.
std::string serverless::without_keys(std::string text, const std::string& endpoint_key) const {
    return without_key(without_key(std::move(text), x_where.account_key), endpoint_key);
}

asio::awaitable<outcome<net::reply>> serverless::call(net::call request) {
    const url target = request.target;
    const std::string origin = target.origin();
    auto answer = co_await x_lines->send(std::move(request));
    if (!answer)
        co_return failure{origin + ": " + answer.error().message(), may_pass(answer.error(), target), 0,
                          answer.error()};
    co_return std::move(*answer);
}

asio::awaitable<outcome<net::reply>> serverless::post(message what) {
    net::call request{.method = net::verb::post,
                      .target = std::move(what.target),
                      .body = std::move(what.body),
                      .limit = std::min(what.limit, call_limit),
                      .max_reply_bytes = what.max_reply_bytes,
                      .repeatable = what.repeatable};
    if (!what.bearer.empty())
        request.headers.emplace_back("Authorization", "Bearer " + what.bearer);
    return call(std::move(request));
}

asio::awaitable<outcome<void>> serverless::fetch_root_certificate() {
    net::call request{.target = join(x_where.console, "/static/jvastai_root.cer"), .limit = call_limit};
    const auto answer = co_await call(std::move(request));
    if (!answer)
        co_return failure{"cannot fetch Vast's root certificate from " + answer.error().message,
                          answer.error().retryable, 0, answer.error().cause};
    if (answer->status != 200)
        co_return refused("cannot fetch Vast's root certificate", *answer);
    x_trust = std::make_shared<net::tls_trust>(answer->body);
    x_lines->trust(x_trust);
    co_return outcome<void>();
}

asio::awaitable<bool> serverless::is_other_scheme_spoken() {
    net::call request{.target = x_where.console, .limit = 2s};
    request.target.scheme = x_where.console.is_tls() ? "http" : "https";
    const bool secured = request.target.is_tls();
    net::http_client client(x_executor, x_trust);
    const auto answer = co_await client.send(std::move(request));
    if (answer)
        co_return true;
    // Who shows a certificate speaks TLS, whether it is trusted or not.
    co_return secured&& answer.error().message().find("certificate") != std::string::npos;
}

asio::awaitable<outcome<endpoint_access>> serverless::find_endpoint(std::string name) {
    net::call request{.target = join(x_where.console, "/api/v0/endptjobs/?client_id=me"),
                      .limit = call_limit};
    request.headers.emplace_back("Authorization", "Bearer " + x_where.account_key);
    const auto answer = co_await call(std::move(request));
    if (!answer)
        co_return failure{"cannot list the endpoints: " + answer.error().message, answer.error().retryable, 0,
                          answer.error().cause};
    if (!net::is_success(*answer)) {
        const auto why = refused("cannot list the endpoints (is VAST_API_KEY right?)", *answer);
        co_return failure{without_keys(why.message), why.retryable, why.status};
    }
    const auto endpoints = wire::parse_endpoint_list(answer->body);
    if (!endpoints)
        co_return failure{"cannot read the list of endpoints: " + endpoints.error().message(),
                          /*retryable=*/true};
    std::string known;
    for (const auto& endpoint : *endpoints) {
        if (endpoint.endpoint_name == name)
            co_return endpoint_access{endpoint.id, endpoint.endpoint_name, endpoint.api_key};
        known += (known.empty() ? "" : ", ") + endpoint.endpoint_name;
    }
    co_return failure{"there is no endpoint '" + name + "'; this account has " +
                      (known.empty() ? "none" : known)};
}

asio::awaitable<outcome<std::vector<wire::worker_info>>> serverless::workers(endpoint_access endpoint) {
    message question{.target = join(x_where.autoscaler, "/get_endpoint_workers/"),
                     .body = wire::to_json(wire::workers_request{endpoint.id, endpoint.key}),
                     .bearer = endpoint.key,
                     .repeatable = true,
                     .max_reply_bytes = longest_list};
    const auto answer = co_await post(std::move(question));
    if (auto why = obstacle_to("cannot list the workers", answer)) {
        why->message = without_keys(std::move(why->message), endpoint.key);
        co_return std::move(*why);
    }
    auto workers = wire::parse_workers(answer->body);
    if (!workers)
        co_return failure{without_keys("cannot read the list of workers: " + wire::parse_error(answer->body),
                                       endpoint.key)};
    co_return std::move(*workers);
}

asio::awaitable<outcome<wire::route_reply>> serverless::route(const endpoint_access& endpoint, double cost,
                                                              const reservation_plan::ask_route& question,
                                                              route_gate::visitor& here) {
    if (!co_await here.pass())
        co_return failure{"cancelled"};
    message what{
        .target = join(x_where.autoscaler, "/route/"),
        .body = wire::to_json(wire::route_request{.endpoint = endpoint.name,
                                                  .api_key = endpoint.key,
                                                  .cost = cost,
                                                  .request_idx = question.request_idx,
                                                  .replay_timeout = question.replay_timeout.count()}),
        .bearer = endpoint.key,
        .limit = question.limit,
        .repeatable = question.request_idx != 0};
    const auto answer = co_await post(std::move(what));
    if (answer)
        here.answered(*answer);
    if (!answer)
        co_return failure{"cannot route: " + answer.error().message,
                          answer.error().cause != errc::control_character};
    if (!net::is_success(*answer)) {
        const auto why = refused("cannot route", *answer);
        co_return failure{without_keys(why.message, endpoint.key), why.retryable, why.status};
    }
    auto reply = wire::parse_route_reply(answer->body);
    if (!reply)
        co_return failure{"cannot read the route: " + reply.error().message()};
    reply->status = without_keys(std::move(reply->status), endpoint.key);
    co_return std::move(*reply);
}

asio::awaitable<outcome<net::reply>> serverless::create(const reservation_plan::create& offer,
                                                        const reserve_options& wanted) {
    const wire::create_parameters parameters{.lifetime = wanted.lifetime,
                                             .on_close_route = wanted.on_close_route,
                                             .on_close_payload = wanted.on_close_payload,
                                             .claim = offer.claim};
    message what{.target = join(offer.worker, "/session/create"),
                 .body = wire::create_body(offer.grant, parameters),
                 .limit = offer.limit};
    return post(std::move(what));
}

asio::awaitable<outcome<held_session>> serverless::reserve(known_endpoint& endpoint, reserve_options options,
                                                           const reserve_events& on, interruption& stop,
                                                           reservation_keeper* keeper) {
    using plan = reservation_plan;
    const bool resumes = keeper && (keeper->request_idx != 0 || keeper->offer);
    route_gate::visitor here(*x_gate, resumes);
    if (!resumes) {
        // Its time begins with its turn.
        auto beginning = here.begin();
        const auto begun = co_await unless_stopped(stop, std::move(beginning));
        if (!begun || !*begun)
            co_return failure{"interrupted before a worker was held"};
    }
    const auto seed = static_cast<std::uint32_t>(steady::now().time_since_epoch().count());
    // On the heap, as the state of its random numbers has 5 kB. Asio does not recycle a coroutine's frame of
    // more than 1020 bytes, and GCC, which sees that such a frame always comes from aligned_alloc, then takes
    // the frame's own operator delete for a mismatch (-Wmismatched-new-delete).
    std::function<std::string()> make_claim = [] { return random_hex(claim_bytes); };
    const auto way = std::make_unique<plan>(options.timeout, steady::now(), seed, options.longest_pause,
                                            std::move(make_claim));
    const auto interrupted = [&] {
        if (keeper && !keeper->withdraws())
            way->leave_the_request();
        return way->interrupted();
    };
    const auto go_on = [&] { return stop.requested() ? interrupted() : way->after_waiting(steady::now()); };
    // Nothing is begun any more that could make a session, but to leave none behind.
    const auto unless_late = [&](plan::step planned) {
        const bool late = stop.requested() && !way->is_leaving();
        return late && std::holds_alternative<plan::create>(planned) ? interrupted() : planned;
    };
    std::int64_t kept_idx = 0;
    if (keeper) {
        kept_idx = keeper->request_idx;
        way->withdraw_at_the_end();
        way->resume(keeper->request_idx, keeper->offer);
    }
    endpoint_access used = endpoint.access();
    auto next = go_on();
    for (;;) {
        if (const auto doubtful = way->take_doubtful(); doubtful && keeper)
            keeper->leave_in_doubt(*doubtful);
        if (const auto* ask = std::get_if<plan::ask_route>(&next)) {
            used = endpoint.access();
            auto asking = route(used, options.cost, *ask, here);
            const bool unnamed = keeper && ask->request_idx == 0;
            const duration grace = way->is_leaving() || unnamed ? patience_with_a_request : 0s;
            const auto answer = co_await unless_stopped(stop, std::move(asking), grace);
            next = answer ? unless_late(way->routed(*answer, steady::now())) : interrupted();
            const auto idx = answer && *answer ? (*answer)->request_idx : 0;
            bool kept = true;
            if (keeper && idx != 0 && std::exchange(kept_idx, idx) != idx)
                kept = co_await keeper->keep_request(idx);
            if (!kept)
                next = way->unkept();
        } else if (const auto* anew = std::get_if<plan::look_up>(&next)) {
            on.on_refused(anew->why + "; looking the endpoint up anew");
            co_await stop.wait_until(anew->not_before);
            auto looking = endpoint.look_up_anew(used.key);
            const auto found = co_await unless_stopped(stop, std::move(looking));
            next = found ? way->looked_up(*found, steady::now()) : interrupted();
        } else if (const auto* offer = std::get_if<plan::create>(&next)) {
            if (offer->attempt == 1)
                on.on_routed(offer->request_idx, offer->worker_url);
            bool kept = true;
            if (keeper && offer->attempt == 1)
                kept = co_await keeper->keep_offer(*offer);
            if (!kept) {
                next = way->unkept();
                continue;
            }
            auto making = create(*offer, options);
            const auto heard = co_await unless_stopped(stop, std::move(making), patience_with_a_create);
            const outcome<net::reply> unheard = failure{"interrupted"};
            next = unless_late(way->created(*offer, heard ? *heard : unheard, steady::now()));
        } else if (const auto* made = std::get_if<plan::use>(&next)) {
            if (keeper)
                (void)co_await keeper->keep_session(made->session);
            if (stop.requested())
                co_return made->session;
            auto asking = is_open(made->session, made->limit);
            const auto open = co_await unless_stopped(stop, std::move(asking));
            if (!open)
                co_return made->session;
            next = way->used(*made, *open, steady::now());
        } else if (const auto* wait = std::get_if<plan::queue>(&next)) {
            on.on_waiting(wait->request_idx, wait->status);
            co_await stop.wait_until(wait->until);
            next = go_on();
        } else if (const auto* pause = std::get_if<plan::retry>(&next)) {
            on.on_refused(pause->why);
            co_await stop.wait_until(pause->until);
            next = go_on();
        } else if (const auto* left = std::get_if<plan::abandon>(&next)) {
            const auto ended = co_await end(left->session);
            if (!ended)
                co_return failure{left->why.message + "; " + ended.error().message};
            co_return left->why;
        } else if (const auto* last = std::get_if<plan::give_up>(&next)) {
            co_return last->why;
        } else {
            co_return std::get<plan::hold>(std::move(next)).session;
        }
    }
}

asio::awaitable<outcome<std::optional<held_session>>> serverless::find_again(reservation_plan::create unheard,
                                                                             reserve_options options) {
    unheard.limit = patience_with_a_create;
    const auto answer = co_await create(unheard, options);
    if (!answer)
        co_return answer.error();
    if (is_clear_refusal(answer->status))
        co_return std::optional<held_session>();
    const auto id = wire::created_session_id(answer->body);
    if (!id)
        co_return failure{unheard.worker_url + " does not say whether it made a session"};
    co_return std::optional(held_session{.session_id = *id,
                                         .grant = unheard.grant,
                                         .worker = unheard.worker,
                                         .worker_url = unheard.worker_url,
                                         .request_idx = unheard.request_idx});
}

asio::awaitable<outcome<session_outcome>> serverless::end(held_session session, duration patience) {
    backoff pause(200ms, 2s);
    auto deadline = steady::now() + patience;
    const message request{.target = join(session.worker, "/session/end"),
                          .body = wire::session_body(session.session_id, session.grant)};
    failure why;
    for (;;) {
        auto copy = request;
        copy.limit = deadline - steady::now();
        const auto latest = deadline + longest_lag;
        const auto answer = co_await post(std::move(copy));
        // A time in which this process was frozen is none in which its worker was asked.
        if (steady::now() > latest)
            deadline = steady::now() + patience;
        if (answer && net::is_success(*answer))
            co_return session_outcome::done;
        // Not there any more: its consumer gave it back, or an earlier try ended it, and its reply was lost.
        if (answer && answer->status == status_unknown_session)
            co_return outcome_in(*answer);
        why = *obstacle_to("cannot end it", answer);
        const auto until_next = pause.next();
        const bool final = answer && !is_retryable(answer->status);
        if (final || steady::now() + until_next >= deadline)
            co_return why;
        co_await sleep_for(until_next);
    }
}

asio::awaitable<outcome<void>> serverless::reach(url worker, duration limit) {
    net::call request{.target = std::move(worker), .limit = std::min(limit, call_limit)};
    const auto answer = co_await call(std::move(request));
    if (!answer)
        co_return answer.error();
    co_return outcome<void>();
}

asio::awaitable<outcome<bool>> serverless::is_open(held_session session, duration limit) {
    message question{.target = join(session.worker, "/session/health"),
                     .body = wire::session_body(session.session_id, session.grant),
                     .limit = limit,
                     .repeatable = true};
    const auto answer = co_await post(std::move(question));
    if (const auto why = obstacle_to("cannot ask its worker", answer))
        co_return *why;
    const auto open = wire::parse_ok(answer->body);
    if (!open)
        co_return failure{"its worker does not say whether it holds it"};
    co_return *open;
}

asio::awaitable<outcome<session_news>> serverless::status(held_session session, duration limit) {
    using kind = session_news::kind;
    message question{.target = join(session.worker, "/session/status"),
                     .body = wire::session_body(session.session_id, session.grant),
                     .limit = limit,
                     .repeatable = true};
    const auto answer = co_await post(std::move(question));
    if (answer && is_over(answer->status))
        co_return over_by(*answer);
    if (answer && answer->status == status_not_found) {
        const auto open = co_await is_open(std::move(session), limit);
        if (!open && is_over(open.error().status))
            co_return session_news{.what = kind::over};
        if (!open)
            co_return open.error();
        co_return session_news{.what = *open ? kind::foreign : kind::over};
    }
    if (const auto why = obstacle_to("cannot ask its worker", answer))
        co_return *why;
    const auto told = wire::parse_session_standing(answer->body);
    if (!told)
        co_return failure{"its worker does not say how it stands"};
    co_return session_news{.what = kind::open,
                           .remaining = seconds(told->remaining),
                           .protected_for = seconds(told->protected_for),
                           .retiring = told->retiring,
                           .worker_id = told->worker_id};
}

asio::awaitable<outcome<retirement>> serverless::retire(held_session session, retire_when when,
                                                        duration limit) {
    using kind = retirement::kind;
    message question{.target = join(session.worker, "/session/retire"),
                     .body = wire::retire_body(session.session_id, session.grant, when),
                     .limit = limit};
    const auto answer = co_await post(std::move(question));
    if (answer && is_over(answer->status))
        co_return retirement{.what = kind::over, .outcome = outcome_in(*answer)};
    if (answer && answer->status == status_not_found)
        co_return retirement{.what = kind::foreign};
    const bool busy = answer && answer->status == status_conflict;
    if (const auto why = obstacle_to("cannot retire it", answer); why && !busy)
        co_return *why;
    const auto told = wire::parse_retire_answer(answer->body);
    if (!told)
        co_return failure{"its worker does not say whether it is retired"};
    const auto open = busy ? kind::busy : when == retire_when::never ? kind::kept : kind::retiring;
    co_return retirement{told->ended ? kind::ended : open, seconds(told->protected_for)};
}

asio::awaitable<outcome<void>> serverless::renew(held_session session) {
    message renewal{.target = join(session.worker, "/ping"),
                    .body = wire::ping_body(session.session_id, session.grant)};
    const auto answer = co_await post(std::move(renewal));
    if (const auto why = obstacle_to("cannot renew it", answer))
        co_return *why;
    co_return outcome<void>();
}

}  // namespace nullworker::client
