#include <nullworker/base/backoff.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/wire/json_value.hpp>
#include <work/work_run.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr unsigned status_ok = 200;
constexpr unsigned status_conflict = 409;
constexpr seconds least_limit{1.0};
constexpr std::size_t longest_trouble = 200;

// Of a protection, in seconds, some three years: what a daemon answers must fit a duration.
constexpr double longest_span = 1e8;

// Between two questions to a daemon that does not answer.
constexpr auto tries_from = 500ms;
constexpr auto tries_to = 5s;

enum class detail { none, took, code, trouble };

// How a piece of news is told: whose matter it is, what else is known, and what it means.
struct wording {
    work_news what;
    log::level level;
    const char* event;
    detail more = detail::none;
    const char* effect = nullptr;  // null: the event says it all
};

constexpr wording wordings[] = {
    {work_news::reserved, log::level::info, "reserved"},
    {work_news::passed_over, log::level::info, "session_is_retiring", detail::none,
     "it is released, no job is taken"},
    {work_news::taken_away, log::level::info, "session_was_over", detail::none, "no job was taken"},
    {work_news::job_done, log::level::info, "job_done", detail::took},
    {work_news::no_job, log::level::debug, "no_job", detail::took},
    {work_news::waits, log::level::warning, "command_waits_for_jobs", detail::took,
     "meanwhile nobody could give this machine back; it must not wait for a job longer than --pause"},
    {work_news::crashed, log::level::warning, "command_failed", detail::code, "the session is released"},
    {work_news::cannot_start, log::level::error, "command_cannot_be_started", detail::trouble,
     "the session is released"},
    {work_news::lost, log::level::warning, "session_lost", detail::none,
     "another may have this machine: the command gets SIGTERM, later SIGKILL"},
    {work_news::finishes, log::level::warning, "session_lost", detail::none,
     "another may do the same job; the command goes on to its end"},
    {work_news::forgotten, log::level::warning, "session_forgotten", detail::none,
     "nullworkerd was restarted without its state; the command goes on, and nothing keeps this machine"},
    {work_news::moved, log::level::info, "session_changed", detail::none,
     "the command goes on in the session that was reserved since"},
    {work_news::ended_by_us, log::level::warning, "command_was_ended", detail::code},
    {work_news::released, log::level::info, "released"},
    {work_news::left, log::level::warning, "session_left", detail::trouble,
     "it could not be released, and keeps this machine until its lifetime is over"},
    {work_news::idle, log::level::info, "idle", detail::took, "the session is released for want of a job"},
    {work_news::away, log::level::warning, "no_nullworkerd_answers", detail::trouble,
     "it is asked again and again"},
    {work_news::back, log::level::info, "nullworkerd_answers"},
    {work_news::stopping, log::level::info, "stopping", detail::none, "no further job is taken"},
    {work_news::grace_over, log::level::warning, "grace_is_over", detail::took,
     "the command gets SIGTERM, later SIGKILL"},
    {work_news::heedless, log::level::warning, "command_does_not_end", detail::took, "it gets SIGKILL"},
};

const wording& words_for(work_news what) {
    return *std::find_if(std::begin(wordings), std::end(wordings),
                         [what](const wording& candidate) { return candidate.what == what; });
}

verdict understood(const net::reply& told) {
    verdict out;
    const auto document = wire::json_value::parse(told.body);
    if (document && told.status == status_ok) {
        out.what = verdict::kind::granted;
        // Only the answer to a protection has it.
        const double left = std::strtod(document->text_at("remaining").value_or("0").c_str(), nullptr);
        out.span = to_ticks(seconds(std::clamp(left, 0.0, longest_span)));
    }
    if (document && told.status == status_conflict) {
        out.what = verdict::kind::refused;
        out.holder = document->text_at("session_id").value_or("");
    }
    return out;
}

asio::awaitable<result<wire::worker_status>> ask_status(const control_place& place, seconds limit) {
    std::string path = "/status";
    std::string nothing;
    const auto told = co_await ask(place, net::verb::get, std::move(path), std::move(nothing), limit);
    if (!told)
        co_return told.error();
    if (told->status != status_ok)
        co_return errc::unexpected_message;
    co_return wire::parse_worker_status(told->body);
}

seconds question_limit(steady::duration term) {
    return std::clamp(seconds(term) / 4, least_limit, usual_call_limit);
}

}  // namespace

asio::awaitable<std::optional<std::string>> work_lock_name(const control_place& place, interruption& stop) {
    const std::string begin = "nullworker work at ";
    if (place.socket.empty())
        co_return begin + std::to_string(place.port);
    backoff pause(tries_from, tries_to);
    for (bool away = false; !stop.requested(); away = true) {
        const auto status = co_await ask_status(place, usual_call_limit);
        if (status && status->control_port != 0)
            co_return begin + std::to_string(status->control_port);
        if (status)  // of an older version
            co_return begin + std::to_string(std::hash<std::string>()(place.socket));
        if (!away)
            log::warning("no_nullworkerd_answers", {{"at", name_of(place)},
                                                    {"error", status.error().message()},
                                                    {"effect", "it is asked again and again"}});
        co_await stop.wait_for(pause.next());
    }
    co_return std::nullopt;
}

work_run::work_run(asio::any_io_executor executor, const work_options& options, int kept,
                   std::shared_ptr<crew> all, int slot)
    : x_executor(executor),
      x_options(options),
      x_all(std::move(all)),
      x_slot(slot),
      x_limit(question_limit(options.rules.term)),
      x_plan(options.rules),
      x_bell(executor),
      x_job(executor, options.command, kept),
      x_questions(executor) {}

void work_run::stop() {
    x_plan.stop(steady::now());
    x_bell.ring();
}

asio::awaitable<void> work_run::run() {
    for (;;) {
        const auto step = x_plan.next(steady::now());
        tell();
        if (step.what == work_step::kind::finish)
            break;
        if (step.what == work_step::kind::rest)
            (void)co_await x_bell.wait_until(step.until);
        else
            carry_out(step);
    }
    ++x_ticket;
    x_questions.cancel();
    co_await x_questions.join();
    co_await x_job.join();
}

void work_run::carry_out(const work_step& step) {
    switch (step.what) {
        case work_step::kind::look:
            return question(look(x_ticket + 1, step.until));
        case work_step::kind::protect:
            x_job.look_after();
            return question(protect(x_ticket + 1));
        case work_step::kind::lift:
            return question(lift(x_ticket + 1));
        case work_step::kind::release:
            return question(release(x_ticket + 1));
        case work_step::kind::start:
            return start();
        case work_step::kind::terminate:
            return x_job.terminate();
        case work_step::kind::kill:
            return x_job.kill();
        case work_step::kind::rest:
        case work_step::kind::finish:
            break;
    }
}

// In place of the one that is open.
void work_run::question(asio::awaitable<void> asked) {
    x_questions.cancel();
    ++x_ticket;
    x_questions.spawn(std::move(asked));
}

// ---- questions --------------------------------------------------------------------------------------------

asio::awaitable<void> work_run::look(std::uint64_t ticket, steady::time_point until) {
    const seconds wait = std::max(until - steady::now(), steady::duration::zero());
    if (!x_runs)
        x_all->is_gone(x_slot);
    const auto since = x_runs || x_all->has_left(x_slot, x_session.session_id) ? x_session.generation : 0;
    const std::string path =
        "/session?since=" + std::to_string(since) + "&wait=" + std::to_string(wait.count());
    std::string nothing;
    const auto told = co_await ask(x_options.place, net::verb::get, path, std::move(nothing), wait + x_limit);
    if (ticket != x_ticket)
        co_return;
    slot_seen seen;
    if (told && told->status == status_ok)
        if (const auto slot = wire::parse_slot(told->body)) {
            seen.heard = true;
            if (!*slot && !x_runs)
                x_session = {};
            // Others still work in a session that this slot is through with.
            if (*slot && !x_all->has_left(x_slot, (*slot)->session_id)) {
                seen.session_id = (*slot)->session_id;
                seen.retiring = (*slot)->retiring;
                if (!x_runs || seen.session_id == x_plan.session())
                    x_session = **slot;
            }
        }
    if (!seen.heard)
        x_trouble = told ? "status " + std::to_string(told->status) : told.error().message();
    x_plan.looked(seen, steady::now());
    x_bell.ring();
}

// Which run of the daemon it is.
asio::awaitable<daemon_run> work_run::ask_run() {
    const auto status = co_await ask_status(x_options.place, x_limit);
    co_return status ? daemon_run(status->started_at) : std::nullopt;
}

asio::awaitable<verdict> work_run::post(std::string path, std::string body) {
    const auto told =
        co_await ask(x_options.place, net::verb::post, std::move(path), std::move(body), x_limit);
    if (!told) {
        x_trouble = told.error().message();
        co_return verdict{};
    }
    auto out = understood(*told);
    if (out.what == verdict::kind::unclear)
        x_trouble = "status " + std::to_string(told->status) + ": " + told->body;
    co_return out;
}

asio::awaitable<void> work_run::wait_for_turn() {
    wakeup bell(x_executor);
    const crew::awaited_turn turn(*x_all, [&bell] { bell.ring(); });
    while (x_all->is_giving_up())
        (void)co_await bell.wait();
}

asio::awaitable<void> work_run::protect(std::uint64_t ticket) {
    const auto session = x_plan.session();
    co_await wait_for_turn();
    x_all->enters(x_slot, session);
    // Asked before: what a daemon granted that came between is not held against it.
    const auto before = co_await ask_run();
    std::string path = "/protect";
    auto body = wire::to_json(wire::protection_request{seconds(x_options.rules.term), session});
    auto told = co_await post(std::move(path), std::move(body));
    told.run = before;
    if (told.what == verdict::kind::refused)
        told.run = co_await ask_run();
    if (ticket != x_ticket)
        co_return;
    if (!x_runs && told.what != verdict::kind::granted)
        x_all->is_gone(x_slot);
    x_plan.asked_to_protect(told, steady::now());
    x_bell.ring();
}

// What is left to be said of the session, now that this slot is through with it or with its job.
asio::awaitable<verdict> work_run::say(crew::word what) {
    if (what == crew::word::nothing)
        co_return verdict{.what = verdict::kind::granted};
    const crew::giving_up meanwhile(*x_all);
    std::string path = "/protect";
    std::string body = wire::to_json(wire::protection_request{seconds::zero(), x_plan.session()});
    if (what == crew::word::release) {
        const auto outcome = x_plan.is_idle() ? std::optional(wire::session_outcome::idle) : std::nullopt;
        path = "/release";
        body = wire::to_json(wire::release_request{x_plan.session(), outcome});
    }
    co_return co_await post(std::move(path), std::move(body));
}

asio::awaitable<void> work_run::lift(std::uint64_t ticket) {
    const auto word = x_all->lifts(x_slot, x_plan.session());
    auto told = co_await say(word);
    if (ticket != x_ticket)
        co_return;
    // It was released, since others are through with it.
    if (word == crew::word::release && told.what == verdict::kind::granted)
        told.what = verdict::kind::refused;
    x_plan.asked_to_lift(told, steady::now());
    x_bell.ring();
}

asio::awaitable<void> work_run::release(std::uint64_t ticket) {
    const auto word = x_all->releases(x_slot, x_plan.session());
    auto told = co_await say(word);
    if (ticket != x_ticket)
        co_return;
    // Others release it.
    if (word == crew::word::nothing)
        told.what = verdict::kind::refused;
    x_plan.asked_to_release(told, steady::now());
    x_bell.ring();
}

// ---- the command ------------------------------------------------------------------------------------------

void work_run::start() {
    auto variables = x_options.variables;
    variables["NULLWORKER_SESSION_ID"] = x_session.session_id;
    variables["NULLWORKER_SESSION_GENERATION"] = std::to_string(x_session.generation);
    variables["NULLWORKER_SESSION_REQUEST_IDX"] = std::to_string(x_session.request_idx);
    variables["NULLWORKER_SLOT"] = std::to_string(x_slot);
    // Before it is, since it may have ended when the start returns.
    x_runs = true;
    x_plan.started(steady::now());
    const auto begun = x_job.start(variables, [this](int code) {
        x_runs = false;
        x_plan.ended(code, steady::now());
        x_bell.ring();
    });
    if (!begun) {
        x_runs = false;
        x_trouble = begun.error().message();
        x_plan.not_started(steady::now());
    }
}

void work_run::tell() {
    for (const auto& note : x_plan.take_news()) {
        const auto& words = words_for(note.what);
        std::vector<log::field> fields;
        if (!note.session_id.empty())
            fields.emplace_back("session_id", note.session_id);
        if (x_options.parallel > 1)
            fields.emplace_back("slot", x_slot);
        if (words.more == detail::code)
            fields.emplace_back("code", note.code);
        if (words.more == detail::code || words.more == detail::took)
            fields.emplace_back("seconds", seconds(note.took).count());
        if (words.more == detail::trouble) {
            fields.emplace_back("at", name_of(x_options.place));
            fields.emplace_back("error", x_trouble.substr(0, longest_trouble));
        }
        if (words.effect)
            fields.emplace_back("effect", words.effect);
        log::write(words.level, words.event, fields);
    }
}

}  // namespace nullworker::client
