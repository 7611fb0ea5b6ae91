#include <work/work_plan.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_look = 60s;

// An answer before its time: too many are waiting, and must not take turns at full speed.
constexpr auto between_looks = 200ms;

// What a consumer may take, beyond the pause, to load and to say that there is no job.
constexpr auto to_come_up = 5s;

// Who ran for as long and then crashed had got over what made it crash before.
constexpr auto ran_well = 60s;

// A release at a stop is tried for so long; an idle session that is left behind expires.
constexpr auto last_tries = 5s;

}  // namespace

work_plan::work_plan(work_rules rules)
    : x_rules(rules),
      x_tries(500ms, 5s),
      x_rests(1s, 60s),
      x_granted(rules.term),
      x_watch(rules.patience()) {}

// ---- steps ------------------------------------------------------------------------------------------------

work_step work_plan::next(time_point now) {
    if (x_phase == phase::running)
        return next_while_running(now);
    if (x_stopping)
        wind_up(now);
    if (x_phase == phase::over)
        return {work_step::kind::finish};
    if (x_open != question::none)
        return {work_step::kind::rest, x_give_up_at};
    if (now < x_due)
        return {work_step::kind::rest, std::min(x_due, x_give_up_at)};
    switch (x_phase) {
        case phase::seeking:
            return ask(work_step::kind::look, x_away ? now : now + longest_look);
        case phase::checking:
            return ask(work_step::kind::look, now);
        case phase::protecting:
            return ask(work_step::kind::protect, now);
        case phase::lifting:
            return ask(work_step::kind::lift, now);
        case phase::releasing:
            return ask(work_step::kind::release, now);
        case phase::pausing:
            if (x_rules.idle && now - x_idle_since >= *x_rules.idle) {
                tell(work_news::idle, now - x_idle_since);
                x_idle = true;
                enter(phase::releasing, now);
                return ask(work_step::kind::release, now);
            }
            enter(phase::checking, now);
            return ask(work_step::kind::look, now);
        case phase::starting:
            return {work_step::kind::start};
        case phase::running:
        case phase::over:
            break;
    }
    return {work_step::kind::finish};
}

// After a stop nothing is begun any more: what is held is released, and that is not tried for ever.
void work_plan::wind_up(time_point now) {
    if (x_phase != phase::releasing && x_open != question::other) {
        x_open = question::none;
        enter(x_session.empty() ? phase::over : phase::releasing, now);
    }
    if (x_phase != phase::releasing)
        return;
    if (x_give_up_at == time_point::max())
        x_give_up_at = now + last_tries;
    if (now < x_give_up_at)
        return;
    tell(work_news::left);
    x_phase = phase::over;
}

work_step work_plan::next_while_running(time_point now) {
    if (auto step = pressed(now))
        return *step;
    const auto pressing = pressing_at();
    if (x_lost || x_open == question::other)
        return {work_step::kind::rest, pressing};
    if (now >= x_due)
        return ask(work_step::kind::protect, now);
    if (x_watches && x_open == question::none) {
        x_watches = false;
        return ask(work_step::kind::look, x_due);
    }
    return {work_step::kind::rest, std::min(pressing, x_due)};
}

// When the consumer is to be told next that it must end.
work_plan::time_point work_plan::pressing_at() const noexcept {
    if (x_pressure == pressure::told)
        return std::min(x_kill_at, x_watch.due());
    if (x_pressure == pressure::none && x_stopping && x_rules.grace)
        return x_stopped_at + *x_rules.grace;
    return time_point::max();
}

std::optional<work_step> work_plan::pressed(time_point now) {
    if (x_pressure == pressure::none && (is_to_be_killed() || now >= pressing_at())) {
        if (!is_to_be_killed())
            tell(work_news::grace_over, now - x_stopped_at);
        x_pressure = pressure::told;
        x_kill_at = now + x_rules.patience();
        (void)x_watch.next_look(now);
        return work_step{work_step::kind::terminate};
    }
    if (x_pressure != pressure::told)
        return std::nullopt;
    if (x_watch.is_behind(now))
        x_kill_at = now + x_rules.patience();  // the consumer may have stood still with us
    (void)x_watch.next_look(now);
    if (now < x_kill_at)
        return std::nullopt;
    x_pressure = pressure::killed;
    tell(work_news::heedless, x_rules.patience());
    return work_step{work_step::kind::kill};
}

work_step work_plan::ask(work_step::kind what, time_point until) {
    x_open = what == work_step::kind::look ? question::look : question::other;
    return {what, until};
}

void work_plan::enter(phase next, time_point due) {
    x_phase = next;
    x_due = due;
}

// ---- events -----------------------------------------------------------------------------------------------

void work_plan::tell(work_news what, duration took, int code) {
    x_news.push_back({what, x_session, code, took});
}

// The daemon answered.
void work_plan::hear() {
    x_tries.reset();
    if (std::exchange(x_away, false))
        tell(work_news::back);
}

// It did not, and is asked again later.
void work_plan::miss(time_point now) {
    if (!std::exchange(x_away, true))
        tell(work_news::away);
    x_due = now + x_tries.next();
}

void work_plan::seek(time_point now) {
    x_session.clear();
    enter(phase::seeking, std::max(now, x_rested_at));
}

// What is there when a session is looked for, or looked after between two jobs.
void work_plan::take(const slot_seen& seen, time_point now) {
    if (seen.session_id.empty()) {
        const bool had = !x_session.empty();
        seek(now);
        if (!had)
            x_due = std::max(x_due, now + between_looks);
        return;
    }
    if (seen.session_id != x_session) {
        x_session = seen.session_id;
        x_idle_since = now;
        x_idle = false;
        tell(seen.retiring ? work_news::passed_over : work_news::reserved);
    }
    enter(seen.retiring ? phase::releasing : phase::protecting, now);
}

// Whether the answer is to the question that is open, which it closes.
bool work_plan::closes(question which) {
    if (x_open != which)
        return false;
    x_open = question::none;
    return true;
}

void work_plan::looked(const slot_seen& seen, time_point now) {
    if (!closes(question::look))
        return;
    if (x_phase != phase::running) {
        if (!seen.heard)
            return miss(now);
        hear();
        return take(seen, now);
    }
    if (!seen.heard)
        return;
    hear();
    // Only a refusal tells for certain, and who says so.
    if (seen.session_id != x_session)
        x_due = now;
}

void work_plan::asked_to_protect(const verdict& told, time_point now) {
    if (!closes(question::other))
        return;
    // The consumer has ended meanwhile, and what is next is known already.
    if (x_phase != phase::running && x_phase != phase::protecting)
        return;
    if (told.what == verdict::kind::unclear) {
        miss(now);
        if (x_phase == phase::running)
            x_due = std::min(x_due, now + quarter());
        else
            x_phase = phase::checking;
        return;
    }
    hear();
    if (x_phase == phase::running)
        return judge(told, now);
    if (told.what == verdict::kind::refused) {
        tell(work_news::taken_away);
        seek(now);
        x_due = std::max(x_due, now + between_looks);
        return;
    }
    note_grant(told);
    enter(phase::starting, now);
}

void work_plan::note_grant(const verdict& told) {
    x_granted_by = told.run;
    x_granted = told.span > duration::zero() ? std::min(told.span, x_rules.term) : x_rules.term;
}

// An answer while the consumer runs.
void work_plan::judge(const verdict& told, time_point now) {
    if (told.what == verdict::kind::granted)
        note_grant(told);
    x_due = now + quarter();
    if (told.what == verdict::kind::granted) {
        x_forgotten = false;
        x_watches = true;
        return;
    }
    if (told.run && told.run == x_granted_by) {
        x_lost = true;
        return tell(is_to_be_killed() ? work_news::lost : work_news::finishes);
    }
    // A daemon of which it is not known that it ever knew the session may have lost it with its state, and
    // have reserved this machine anew since. No job is to be ended for that.
    if (!std::exchange(x_forgotten, true))
        tell(work_news::forgotten);
    if (!told.run || told.holder.empty() || told.holder == x_session)
        return;
    x_session = told.holder;
    x_due = now;
    tell(work_news::moved);
}

void work_plan::started(time_point now) {
    x_began = now;
    x_forgotten = x_lost = false;
    x_watches = true;
    x_pressure = pressure::none;
    x_watch.rest();
    enter(phase::running, now + quarter());
}

void work_plan::not_started(time_point now) {
    tell(work_news::cannot_start);
    x_rested_at = now + x_rests.next();
    enter(phase::releasing, now);
}

void work_plan::ended(int code, time_point now) {
    if (x_open == question::look)
        x_open = question::none;
    const auto took = now - x_began;
    // A session that is lost is not ours to lift or to release.
    const auto go_on = [&](phase next) { return x_lost ? seek(now) : enter(next, now); };
    if (x_pressure != pressure::none || is_to_be_killed()) {
        tell(work_news::ended_by_us, took, code);
        return go_on(phase::releasing);
    }
    const bool none = code == x_rules.no_job;
    if (code != 0 && !none) {
        if (took >= ran_well)
            x_rests.reset();
        const auto rest = x_rests.next();
        x_rested_at = now + rest;
        tell(work_news::crashed, took, code);
        return go_on(phase::releasing);
    }
    x_rests.reset();
    x_had_job = !none;
    if (none) {
        const bool waits = took > x_rules.pause + to_come_up;
        tell(waits && !x_told_waits ? work_news::waits : work_news::no_job, took);
        x_told_waits = waits;
    } else {
        tell(work_news::job_done, took);
        x_idle_since = now;
    }
    go_on(none || x_rules.keep ? phase::lifting : phase::releasing);
}

void work_plan::asked_to_lift(const verdict& told, time_point now) {
    if (!closes(question::other))
        return;
    if (told.what == verdict::kind::unclear)
        return miss(now);
    hear();
    if (told.what == verdict::kind::refused)
        return seek(now);
    if (x_had_job)
        return enter(phase::checking, now);
    const auto again = now + x_rules.pause;
    enter(phase::pausing,
          x_rules.idle ? std::min(again, std::max(now, x_idle_since + *x_rules.idle)) : again);
}

void work_plan::asked_to_release(const verdict& told, time_point now) {
    if (!closes(question::other))
        return;
    if (told.what == verdict::kind::unclear)
        return miss(now);
    hear();
    if (told.what == verdict::kind::granted)
        tell(work_news::released);
    seek(now);
}

void work_plan::stop(time_point now) {
    if (std::exchange(x_stopping, true))
        return;
    x_stopped_at = now;
    tell(work_news::stopping);
}

}  // namespace nullworker::client
