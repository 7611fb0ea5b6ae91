#include <vast/refusal.hpp>
#include <vast/reservation_plan.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::client {
namespace {

constexpr unsigned status_created = 201;
constexpr int most_attempts = 2;

}  // namespace

reservation_plan::step reservation_plan::after_waiting(time_point now) const {
    if (now < x_deadline)
        return ask_route{x_request_idx};
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(x_timeout).count();
    return give_up{{"no worker within " + std::to_string(whole) + " s; the last obstacle: " + x_obstacle}};
}

reservation_plan::step reservation_plan::interrupted() {
    return give_up{{"interrupted before a worker was held"}};
}

reservation_plan::step reservation_plan::routed(const outcome<wire::route_reply>& answer, time_point now) {
    if (!answer && !answer.error().retryable)
        return give_up{answer.error()};
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
        return give_up{
            {"the autoscaler named the worker '" + offered.url + "': " + worker.error().message()}};
    return create{x_request_idx, *worker, offered.url, offered.grant, 1};
}

reservation_plan::step reservation_plan::created(const create& offer, const outcome<net::reply>& answer,
                                                 time_point now) {
    // A reply that was lost on the way leaves a session that nobody would end: the same grant gets it again.
    if (!answer && offer.attempt < most_attempts) {
        auto again = offer;
        ++again.attempt;
        return again;
    }
    if (!answer)
        return try_again(answer.error().message, now);
    if (answer->status == status_created) {
        const auto made = wire::parse_session_created(answer->body);
        if (!made)
            return give_up{{"cannot read the worker's reply: " + made.error().message()}};
        return hold{{made->session_id, offer.grant, offer.worker, offer.worker_url, offer.request_idx,
                     made->expiration}};
    }
    if (!is_retryable(answer->status))
        return give_up{refused(offer.worker_url + " refused the session", *answer)};
    return try_again(offer.worker_url + " answered " + std::to_string(answer->status), now);
}

reservation_plan::step reservation_plan::try_again(std::string obstacle, time_point now) {
    x_obstacle = std::move(obstacle);
    return retry{after(x_pace.after_refusal(), now), x_obstacle};
}

reservation_plan::time_point reservation_plan::after(seconds pause, time_point now) const {
    return std::min(x_deadline, now + to_ticks(pause));
}

}  // namespace nullworker::client
