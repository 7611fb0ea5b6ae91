#include <vast/refusal.hpp>
#include <vast/reservation_plan.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr unsigned status_unauthorized = 401;
constexpr int most_attempts = 2;  // with one grant
constexpr int most_key_refusals = 5;

// A call that gets less is cut off while its answer is on the way.
constexpr auto least_limit = 2s;

// The autoscaler forgets a request that is not asked for within a minute, and may know another worker.
constexpr seconds longest_wait_for_a_worker{30.0};

held_session session_of(const reservation_plan::create& offer, wire::created_session made) {
    return {std::move(made.session_id), offer.grant,       offer.worker,
            offer.worker_url,           offer.request_idx, made.expiration};
}

}  // namespace

void reservation_plan::resume(std::int64_t request_idx, std::optional<create> offer) {
    x_request_idx = request_idx;
    x_unheard = std::move(offer);
    x_is_resumed = x_unheard.has_value();
    if (x_unheard)
        x_unheard->attempt = 1;
}

reservation_plan::step reservation_plan::after_waiting(time_point now) {
    if (x_is_resumed && x_unheard->attempt < most_attempts) {
        ++x_unheard->attempt;
        x_unheard->limit = limit(now);
        return *x_unheard;
    }
    if (now < x_deadline)
        return ask_route{x_request_idx, limit(now)};
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(x_timeout).count();
    return end({"no worker within " + std::to_string(whole) + " s; the last obstacle: " + x_obstacle});
}

reservation_plan::step reservation_plan::interrupted() {
    return end({"interrupted before a worker was held"});
}

reservation_plan::step reservation_plan::unkept() {
    return give_up{{"what it came to cannot be written"}};
}

reservation_plan::step reservation_plan::end(failure why) {
    const bool unheard = x_unheard && !x_end;
    if (!unheard && !is_to_be_withdrawn())
        return stop(std::move(why));
    x_end = std::move(why);
    return unheard ? ask_again(*x_unheard) : part();
}

reservation_plan::step reservation_plan::stop(failure why) {
    if (x_unheard)
        x_doubtful = std::exchange(x_unheard, std::nullopt);
    return give_up{std::move(why)};
}

bool reservation_plan::is_to_be_withdrawn() const {
    return x_withdraws && !x_withdrawn && x_request_idx != 0;
}

// The autoscaler would keep a worker for the request for a while.
reservation_plan::step reservation_plan::part() {
    constexpr seconds at_once{1.0};
    if (!is_to_be_withdrawn())
        return stop(*x_end);
    x_withdrawn = true;
    return ask_route{x_request_idx, least_limit, at_once};
}

// Its worker may hold a session for us of which we never heard, and would hold it to the end of its lifetime.
reservation_plan::step reservation_plan::ask_again(create unheard) {
    ++unheard.attempt;
    unheard.limit = least_limit;
    return unheard;
}

// What was put off until the last create was heard of.
reservation_plan::step reservation_plan::go_on() {
    if (x_end)
        return part();
    x_doubtful = std::exchange(x_unheard, std::nullopt);
    return *std::exchange(x_next, std::nullopt);
}

reservation_plan::step reservation_plan::routed(const outcome<wire::route_reply>& answer, time_point now) {
    if (x_withdrawn && !(answer && answer->worker))
        return stop(*x_end);
    if (!answer && is_key_refused(answer.error()))
        return key_refused(answer.error(), now);
    x_key_refusals = 0;
    if (!answer && !answer.error().retryable)
        return end(answer.error());
    // One lost call is no reason to give up a place in the queue.
    if (!answer)
        return try_again(answer.error().message, now);
    if (answer->request_idx != 0)
        x_request_idx = answer->request_idx;
    if (!answer->worker) {
        x_obstacle = answer->status;
        return queue{after(x_pace.before_next_route(), now), x_request_idx, answer->status};
    }
    const auto& offered = *answer->worker;
    const auto worker = parse_url(offered.url);
    if (!worker)
        return end({"the autoscaler named the worker '" + without_secrets(offered.url) +
                    "': " + worker.error().message()});
    create offer{x_request_idx, *worker, offered.url, offered.grant, 1, limit(now)};
    // The same worker would hand out the same session, to whoever has its claim.
    const bool elsewhere = x_unheard && !same_origin(x_unheard->worker, offer.worker);
    offer.claim = x_unheard && !elsewhere ? x_unheard->claim : x_make_claim();
    if (!elsewhere)
        return offer;
    x_next = std::move(offer);
    return ask_again(*x_unheard);
}

// Its owner has given the endpoint another key, as a rule. The console may know that before the autoscaler
// does, and the other way round.
reservation_plan::step reservation_plan::key_refused(const failure& why, time_point now) {
    if (++x_key_refusals > most_key_refusals)
        return end({why.message + "; the endpoint was looked up anew " + std::to_string(most_key_refusals) +
                    " times"});
    x_obstacle = why.message;
    const seconds pause(x_key_refusals == 1 ? 0 : 1 << (x_key_refusals - 2));
    return look_up{after(pause, now), why.message};
}

reservation_plan::step reservation_plan::looked_up(const outcome<void>& found, time_point now) {
    if (found)
        return after_waiting(now);
    if (!found.error().retryable)
        return end(found.error());
    return try_again(found.error().message, now);
}

reservation_plan::step reservation_plan::created(const create& offer, const outcome<net::reply>& answer,
                                                 time_point now) {
    if (!answer)
        return lost(offer, answer.error().message, now);
    if (net::is_success(*answer))
        return made_by(offer, *answer, now);
    if (!is_clear_refusal(answer->status))
        return doubtful(offer, *answer, now);
    const bool came_and_went = x_is_resumed && answer->status == status_unauthorized;
    x_is_resumed = false;
    x_unheard.reset();
    if (came_and_went)
        return give_up{{offer.worker_url + " says that its session came and went"}};
    if (x_end || x_next)
        return go_on();
    // The session that the first create made has ended meanwhile, and its grant opens nothing more.
    const bool over = offer.attempt > 1 && answer->status == status_unauthorized;
    if (!over && !is_retryable(answer->status))
        return give_up{refused(offer.worker_url + " refused the session", *answer)};
    const auto told = seconds_to_retry(*answer).value_or(seconds::zero());
    return try_again(offer.worker_url + " answered " + std::to_string(answer->status), now,
                     std::min(told, longest_wait_for_a_worker));
}

reservation_plan::step reservation_plan::made_by(const create& offer, const net::reply& answer,
                                                 time_point now) {
    auto made = wire::parse_session_created(answer.body);
    if (made) {
        x_is_resumed = false;
        x_unheard.reset();
        x_next.reset();
        return use{session_of(offer, std::move(*made)), least_limit};
    }
    const failure why{"cannot read the worker's reply: " + made.error().message()};
    return not_understood(offer, answer, why, now);
}

reservation_plan::step reservation_plan::doubtful(const create& offer, const net::reply& answer,
                                                  time_point now) {
    auto why = refused(offer.worker_url + " refused the session", answer);
    if (why.retryable)
        why.message = offer.worker_url + " answered " + std::to_string(answer.status);
    return not_understood(offer, answer, why, now);
}

// There may be a session: it is ended where its id is known, and asked for once more where it is not.
reservation_plan::step reservation_plan::not_understood(const create& offer, const net::reply& answer,
                                                        const failure& why, time_point now) {
    if (auto id = wire::created_session_id(answer.body)) {
        x_unheard.reset();
        return abandon{session_of(offer, {.session_id = std::move(*id)}), why};
    }
    if (why.retryable || offer.attempt < most_attempts || x_end || x_next)
        return lost(offer, why.message, now);
    return give_up{{why.message + "; its session, if it made one, lasts for its lifetime"}};
}

// The create may have made a session that nobody would end: the same grant gets it again.
reservation_plan::step reservation_plan::lost(const create& offer, std::string why, time_point now) {
    x_unheard = offer;
    if (x_end || x_next)
        return go_on();
    if (offer.attempt >= most_attempts || now >= x_deadline)
        return try_again(std::move(why), now);
    auto again = offer;
    ++again.attempt;
    again.limit = limit(now);
    return again;
}

reservation_plan::step reservation_plan::used(const use& made, const outcome<bool>& open, time_point now) {
    // A worker that is out of reach for now is the matter of whoever holds its session.
    if (!open || *open)
        return hold{made.session};
    if (x_end)
        return stop(*x_end);
    return try_again(made.session.worker_url + " lost the session that it had just made", now);
}

// Not before `least` is over.
reservation_plan::step reservation_plan::try_again(std::string obstacle, time_point now, seconds least) {
    x_obstacle = std::move(obstacle);
    return retry{after(std::max(x_pace.after_refusal(), least), now), x_obstacle};
}

reservation_plan::time_point reservation_plan::after(seconds pause, time_point now) const {
    return std::min(x_deadline, now + to_ticks(pause));
}

// How long a call may take that begins now.
reservation_plan::duration reservation_plan::limit(time_point now) const {
    return std::max<duration>(x_deadline - now, least_limit);
}

}  // namespace nullworker::client
