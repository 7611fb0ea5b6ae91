#include <commands/follow_memory.hpp>
#include <commands/follow_run.hpp>
#include <commands/session_run.hpp>
#include <follow/depth_command.hpp>
#include <follow/follow_figures.hpp>
#include <follow/metrics_door.hpp>
#include <follow/roster.hpp>
#include <follow/said_once.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/standstill.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/base/wakeup.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/runner.hpp>
#include <vast/reservation_keeper.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr seconds renewed_lifetime{60.0};

// A worker that hangs does not hold up what is ordered for its session for longer.
constexpr auto longest_question = 5s;

// What is left of the time to be tried in for the last try.
constexpr auto last_try = 1s;

// How often at least a session is looked at, and how often one whose time is over.
constexpr auto longest_interval = 10s;
constexpr auto interval_of_the_lost = 10s;

// So many sessions are opened at once, and the others so far apart.
constexpr int opened_at_once = 16;
constexpr steady::duration between_opened = 8ms;

// How far the first looks at sessions that were taken over lie apart.
constexpr steady::duration between_adopted = 1ms;

// How often a worker is asked that may have made a session.
constexpr auto interval_of_doubt = 3s;

// A session that was not heard of for so long beyond its time does not come back.
constexpr auto longest_hope = 24h;

// Where a session ended that we did not end.
constexpr const char* at_its_worker = " at its worker";

std::string counted(std::size_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

ending ending_of(session_outcome told) {
    return told == session_outcome::idle ? ending::idle : ending::done;
}

// One run of `follow`.
class follow final : public session_run {
public:
    // `door`: where somebody is to be told of the figures; nullptr: nowhere.
    follow(asio::any_io_executor executor, const follow_options& options, interruption& stop,
           metrics_door* door)
        : session_run(executor, options, stop, stdout, options.most, story::for_those_who_look),
          x_executor(executor),
          x_options(options),
          x_stop(stop),
          x_lifetime(options.lifetime.value_or(renewed_lifetime)),
          x_every(std::min(
              {to_ticks(options.interval), to_ticks(x_lifetime / 4), steady::duration(longest_interval)})),
          x_roster(options.limits(), to_ticks(options.patience)),
          x_figures(options.limits()),
          x_door(door),
          x_memory(executor, x_roster, [this](const std::string& what) { show().note(what); }),
          x_sessions(executor) {
        if (!x_door)
            return;
        x_door->open([this] { return x_figures.measure(x_roster, steady::now()); });
        show().note("metrics at " + x_door->url());
    }

private:
    // A session that is open or on its way.
    struct slot {
        explicit slot(const asio::any_io_executor& executor) : bell(executor) {}

        kept_session kept;
        std::optional<held_session> session;  // once it is held
        interruption given_up;                // of the reservation
        interruption left;                    // nobody looks after it any more
        wakeup bell;                          // there is something to do for it
        std::optional<roster::deed> ordered;
        bool adopted = false;
        bool in_doubt = false;  // it is not known whether its create made a session
        bool over = false;
        bool away = false;  // its worker is out of reach, and that is told
    };

    // Remembers what the reservation of one slot comes to.
    class keeper final : public reservation_keeper {
    public:
        keeper(follow& whole, int number)
            : x_whole(whole), x_number(number), x_here(*whole.x_slots.at(number)) {
            const auto& kept = x_here.kept;
            request_idx = kept.request_idx;
            const auto worker = parse_url(kept.worker_url);
            const auto grant = wire::json_value::parse(kept.grant);
            if (worker && grant)
                offer = reservation_plan::create{.request_idx = kept.request_idx,
                                                 .worker = *worker,
                                                 .worker_url = kept.worker_url,
                                                 .grant = *grant,
                                                 .attempt = 1,
                                                 .limit = {},
                                                 .claim = kept.claim};
        }

        asio::awaitable<bool> keep_request(std::int64_t idx) override {
            x_here.kept.request_idx = idx;
            co_return co_await x_whole.save_first(x_number);
        }

        asio::awaitable<bool> keep_offer(const reservation_plan::create& made) override {
            x_here.kept.request_idx = made.request_idx;
            x_here.kept.worker_url = made.worker_url;
            x_here.kept.grant = made.grant.dump();
            x_here.kept.claim = made.claim;
            x_here.kept.session_id.clear();
            x_whole.x_roster.offered(x_number);
            co_return co_await x_whole.save_first(x_number);
        }

        asio::awaitable<bool> keep_session(const held_session& session) override {
            x_here.kept.session_id = session.session_id;
            x_whole.x_roster.held(x_number, x_whole.x_lifetime, steady::now());
            co_return co_await x_whole.save_first(x_number);
        }

        void leave_in_doubt(const reservation_plan::create& unheard) override {
            if (unheard.claim == x_here.kept.claim)
                x_here.in_doubt = true;
            else
                x_whole.find_out(unheard, x_here.kept);
        }

        [[nodiscard]] bool withdraws() const override { return !x_whole.is_left(); }

    private:
        follow& x_whole;
        int x_number;
        slot& x_here;
    };

    [[nodiscard]] std::string title(const std::string& where) const override {
        return "following the depth of a queue with sessions on " + where;
    }

    [[nodiscard]] bool is_patient() const override { return true; }

    void fail(const std::string& why) override { show().note(why); }

    void on_workers(const std::map<std::string, int>& by_status) override { x_figures.found(by_status); }

    asio::awaitable<void> close() override {
        if (x_door)
            co_await x_door->close();
    }

    [[nodiscard]] asio::awaitable<int> work() override {
        if (!place().is_local())
            if (const auto ended = co_await take_over())
                co_return *ended;
        x_figures.begin();
        while (!x_stop.requested()) {
            const auto again = co_await look();
            const auto next = steady::now() + to_ticks(x_options.interval);
            co_await x_stop.wait_until(std::min(next, again.value_or(next)));
        }
        co_return co_await finish();
    }

    // ---- the state file ----

    // Waits for it and takes what is in it. The exit code where there is no more to do.
    asio::awaitable<std::optional<int>> take_over() {
        follow_memory::file from{x_options.state, whose(), x_options.depth.line};
        if (from.path.empty())
            from.path = usual_state_file(place().autoscaler(), from.owner.endpoint_id);
        if (from.path.empty()) {
            show().note("there is no place for the state, neither XDG_STATE_HOME nor HOME: say --state FILE");
            co_return exit_usage;
        }
        const auto found = co_await x_memory.take(std::move(from), x_stop);
        if (found.ended)
            co_return found.ended;
        for (const auto& [number, one] : found.sessions)
            adopt(number, one);
        x_roster.adopted(steady::now());
        for (const auto& entry : x_slots)
            x_sessions.spawn(occupy(entry.first));
        if (!x_slots.empty())
            show().note("going on with " + counted(x_slots.size(), "session") + " of " + x_memory.path());
        co_return std::nullopt;
    }

    [[nodiscard]] state_owner whose() {
        const auto address = parse_url(place().autoscaler());
        return {address ? address->origin() : std::string(), place().endpoint().access().id};
    }

    void adopt(int number, const kept_session& one) {
        auto made = std::make_unique<slot>(x_executor);
        made->kept = one;
        made->adopted = true;
        if (one.entry.held) {
            const auto worker = parse_url(one.worker_url);
            const auto grant = wire::json_value::parse(one.grant);
            if (!worker || !grant) {
                show().note("session " + one.session_id + " of " + x_memory.path() + " has no worker");
                x_memory.drop(number);
                return;
            }
            made->session = held_session{.session_id = one.session_id,
                                         .grant = *grant,
                                         .worker = *worker,
                                         .worker_url = one.worker_url,
                                         .request_idx = one.request_idx};
            show().session(number, "held",
                           one.session_id + " on " + without_secrets(one.worker_url) + ", from before",
                           {one.request_idx, one.worker_url, one.session_id});
        }
        x_roster.adopt(number, one.entry);
        x_slots.emplace(number, std::move(made));
    }

    asio::awaitable<bool> save_first(int number) {
        return x_memory.save_first(number, x_slots.at(number)->kept);
    }

    void save(int number) { x_memory.save(number, x_slots.at(number)->kept); }

    // ---- how many there are to be ----

    // When to look again at the latest, if it matters.
    asio::awaitable<std::optional<steady::time_point>> look() {
        const auto depth = co_await measure();
        if (x_stop.requested())
            co_return std::nullopt;
        x_memory.retry();
        if (!depth) {
            x_figures.not_told();
            if (std::exchange(x_trouble, depth.error().message) != depth.error().message)
                show().note("cannot tell how much work there is: " + depth.error().message);
            carry_out(x_roster.decide_blindly(steady::now()));
            co_return std::nullopt;
        }
        x_figures.told(*depth, steady::now());
        if (!std::exchange(x_trouble, {}).empty())
            show().note("the command of --depth works again");
        if (std::exchange(x_depth, *depth) != *depth)
            show().tell("work", {{"depth", *depth}}, "work: " + std::to_string(*depth));
        const auto wanted = x_roster.decide(*depth, steady::now());
        carry_out(wanted);
        co_return wanted.look_again;
    }

    asio::awaitable<outcome<std::int64_t>> measure() {
        auto working = run_depth(x_options.depth);
        const auto heard = co_await unless_stopped(x_stop, std::move(working));
        if (!heard)
            co_return failure{"stopped"};
        const auto& told = *heard;
        if (!told)
            co_return told.error();
        for (const auto& line : x_remarks.news(told->remarks))
            show().note("the command of --depth says: " + line);
        co_return told->jobs;
    }

    void carry_out(const roster::orders& wanted) {
        for (const int number : wanted.changed)
            note_change(number);
        for (const auto& [number, what] : wanted.given) {
            auto& here = *x_slots.at(number);
            if (what == roster::deed::drop) {
                here.given_up.request();
                continue;
            }
            here.ordered = what;
            here.bell.ring();
        }
        if (wanted.open > 0 || wanted.probe)
            keep_the_idle();
        if (!x_memory.can_write() || steady::now() < x_not_before)
            return;
        for (int i = 0; i < wanted.open; ++i)
            open_one(x_roster.open(), i / opened_at_once * between_opened);
        if (wanted.probe)
            open_one(x_roster.open_probe());
    }

    // There is work for those that were to be given back and do not know it yet.
    void keep_the_idle() {
        for (auto& [number, here] : x_slots)
            if (here->ordered == roster::deed::retire_idle) {
                here->ordered.reset();
                x_roster.answered(number);
            }
    }

    void note_change(int number) {
        save(number);
        if (x_roster.at(number).lost)
            show().session(number, "failed",
                           x_slots.at(number)->session->session_id +
                               " is lost: its worker is out of reach, and its time is over");
    }

    // `later`, so that thousands do not begin in one moment.
    void open_one(int number, steady::duration later = {}) {
        x_slots.emplace(number, std::make_unique<slot>(x_executor));
        x_sessions.spawn(occupy(number, later));
    }

    // A create that may have made a session of which nobody heard: it is asked for until that is known.
    void find_out(const reservation_plan::create& unheard, const kept_session& from) {
        const int number = x_roster.open();
        x_roster.part(number);
        auto made = std::make_unique<slot>(x_executor);
        made->kept = from;
        made->kept.session_id.clear();
        made->kept.worker_url = unheard.worker_url;
        made->kept.grant = unheard.grant.dump();
        made->kept.claim = unheard.claim;
        made->kept.request_idx = 0;  // which is asked on for another one
        made->in_doubt = true;
        x_slots.emplace(number, std::move(made));
        save(number);
        x_sessions.spawn(occupy(number));
    }

    // ---- one session ----

    // From its reservation to its end, or until nobody looks after it any more.
    asio::awaitable<void> occupy(int number, steady::duration later = {}) {
        auto& here = *x_slots.at(number);
        if (later > steady::duration::zero())
            co_await here.given_up.wait_for(later);
        if (!here.session) {
            const bool resumed = !here.kept.claim.empty();
            const auto begun = steady::now();
            const bool from_the_start = !resumed && !here.in_doubt;
            const auto held = co_await reserve(number);
            x_figures.reserved(result_of(here, held.has_value()),
                               from_the_start ? std::optional(steady::now() - begun) : std::nullopt);
            if (!held) {
                if (!here.given_up.requested() && !resumed && steady::now() >= x_not_before)
                    x_not_before = steady::now() + x_pause.next();  // once for those that fail together
                forget(number);
                co_return;
            }
            x_pause.reset();
            here.session = *held;
            x_roster.held(number, x_lifetime, steady::now());
            save(number);
        }
        co_await watch(number);
        if (!here.over && x_stop.requested())
            co_await part(number);
        if (here.over)
            forget(number);
        else
            x_slots.erase(number);
    }

    [[nodiscard]] reservation_result result_of(const slot& here, bool is_held) const {
        if (is_held)
            return reservation_result::held;
        if (here.in_doubt)
            return reservation_result::unknown;
        const bool unwanted = here.given_up.requested() || x_stop.requested();
        return unwanted ? reservation_result::dropped : reservation_result::failed;
    }

    // Nothing where there is none. One of which nobody heard is asked for until its time is over.
    asio::awaitable<std::optional<held_session>> reserve(int number) {
        auto& here = *x_slots.at(number);
        if (!here.in_doubt) {
            keeper memory(*this, number);
            const auto held = co_await reserve_shown(number, x_lifetime, here.given_up, &memory);
            if (held)
                co_return *held;
        }
        if (!here.in_doubt)
            co_return std::nullopt;
        const auto unheard = keeper(*this, number).offer;
        x_roster.not_offered(number);
        x_roster.part(number);
        show().session(number, "retrying",
                       "nobody knows whether " + without_secrets(here.kept.worker_url) + " made a session");
        for (const auto expires = steady::now() + to_ticks(x_lifetime);
             unheard && steady::now() < expires && !x_stop.requested();) {
            co_await here.left.wait_for(interval_of_doubt);
            const auto found = co_await find_again(*unheard, x_lifetime);
            if (!found)
                continue;
            here.in_doubt = false;
            if (!*found) {
                show().session(number, "failed", "it made none, or it is over");
                co_return std::nullopt;
            }
            here.kept.session_id = (*found)->session_id;
            show().session(number, "held", (*found)->session_id + " on " + (*found)->worker_url,
                           {here.kept.request_idx, (*found)->worker_url, (*found)->session_id});
            co_return *found;
        }
        co_return std::nullopt;
    }

    // What is left for another one to go on with stays in the file.
    void forget(int number) {
        const auto& here = *x_slots.at(number);
        const bool unknown = here.in_doubt && x_stop.requested();
        if (here.over || !(is_left() || unknown))
            x_memory.drop(number);
        x_roster.gone(number);
        x_slots.erase(number);
    }

    [[nodiscard]] bool is_left() const { return x_stop.requested() && x_options.parting == on_stop::leave; }

    asio::awaitable<void> watch(int number) {
        auto& here = *x_slots.at(number);
        standstill frozen(to_ticks(x_options.patience));
        // Many that were taken over are not all looked at in one moment.
        auto due = steady::now() + (here.adopted ? number * between_adopted : x_every);
        while (!here.over && !here.left.requested()) {
            co_await here.bell.wait_until(std::min(due, frozen.next_look(steady::now())));
            if (frozen.is_behind(steady::now()))
                x_roster.forgive(number, steady::now());
            if (here.left.requested())
                co_return;
            if (here.ordered)
                co_await carry_out(number, *std::exchange(here.ordered, std::nullopt));
            else if (steady::now() >= due)
                co_await ask(number);
            else
                continue;
            due = steady::now() + (x_roster.at(number).lost
                                       ? std::max<steady::duration>(x_every, interval_of_the_lost)
                                       : x_every);
        }
    }

    // How it stands; and renews it where its time runs out.
    asio::awaitable<void> ask(int number) {
        auto& here = *x_slots.at(number);
        const auto asked = steady::now();
        const auto session = *here.session;
        auto asking = place().api().status(session, longest_question);
        const auto heard = co_await unless_stopped(here.left, std::move(asking));
        if (!heard)
            co_return;
        if (!*heard) {
            fall_silent(number, heard->error().message, asked);
            co_return;
        }
        const auto& news = **heard;
        if (news.what == session_news::kind::over) {
            note_the_end(number, ending_of(news.outcome), at_its_worker);
            co_return;
        }
        if (news.what == session_news::kind::open)
            x_roster.heard(number, {news.remaining, news.protected_for, news.retiring}, asked);
        else
            tell_of_a_foreign_worker(number);
        come_back(number);
        tell_the_story(number, news);
        co_await renew(number, news, asked);
        x_memory.save_what_was_heard(number, here.kept);
    }

    // It ends then unless it is renewed.
    void tell_the_story(int number, const session_news& news) {
        if (!told_story())
            return;
        told_story()->plan(number, x_roster.at(number).until);
        if (news.worker_id)
            told_story()->found_at(number, *news.worker_id);
    }

    asio::awaitable<void> renew(int number, const session_news& news, steady::time_point asked) {
        auto& here = *x_slots.at(number);
        const auto& entry = x_roster.at(number);
        const seconds left = news.what == session_news::kind::open ? news.remaining : entry.until - asked;
        if (entry.retiring || entry.unwanted || left >= x_lifetime / 2)
            co_return;
        auto renewing = place().api().renew(*here.session);
        const auto renewed = co_await unless_stopped(here.left, std::move(renewing));
        if (renewed && *renewed)
            x_roster.renewed(number, left, x_lifetime, asked);
    }

    asio::awaitable<void> carry_out(int number, roster::deed what) {
        using kind = retirement::kind;
        auto& here = *x_slots.at(number);
        const auto session = *here.session;
        const auto when = what == roster::deed::retire_idle   ? retire_when::idle
                          : what == roster::deed::retire_done ? retire_when::done
                                                              : retire_when::never;
        const auto asked = steady::now();
        auto retiring = place().api().retire(session, when, longest_question);
        const auto heard = co_await unless_stopped(here.left, std::move(retiring));
        x_roster.answered(number);
        if (!heard)
            co_return;
        if (!*heard) {
            fall_silent(number, heard->error().message, asked);
            co_return;
        }
        const auto& came = **heard;
        switch (came.what) {
            case kind::over:
                note_the_end(number, ending_of(came.outcome), at_its_worker);
                co_return;
            case kind::ended:
                note_the_end(number, ending::given);
                co_return;
            case kind::foreign:
                tell_of_a_foreign_worker(number);
                if (when == retire_when::never) {
                    x_roster.kept(number);
                } else {
                    const auto ended = co_await end_shown(number, session);
                    here.over = ended.has_value();
                }
                co_return;
            case kind::busy:
                x_roster.busy(number, came.protected_for, asked);
                break;
            case kind::retiring:
                note_the_retirement(number, came, asked);
                break;
            case kind::kept:
                x_roster.kept(number);
                show().session(number, "held", session.session_id + " is kept after all");
                break;
        }
        come_back(number);
        x_memory.save_what_was_heard(number, here.kept);
    }

    void note_the_end(int number, ending how, const char* where = "") {
        auto& here = *x_slots.at(number);
        here.over = true;
        x_roster.ended(number, how, steady::now());
        show().session(number, "released", here.session->session_id + where);
        tell_of_the_unfound();
    }

    // Once, until something is found.
    void tell_of_the_unfound() {
        if (!x_roster.finds_nothing())
            x_knows_unfound = false;
        else if (x_roster.unfound_sessions() > 0 && !std::exchange(x_knows_unfound, true))
            show().note(counted(static_cast<std::size_t>(x_depth), "job") + (x_depth == 1 ? " is" : " are") +
                        " counted, but a worker found none; from now on one session at a time looks again");
    }

    void note_the_retirement(int number, const retirement& came, steady::time_point asked) {
        x_roster.retiring(number, came.protected_for, asked);
        show().session(number, "retiring",
                       x_slots.at(number)->session->session_id + ", when its job is done");
    }

    void fall_silent(int number, const std::string& why, steady::time_point asked) {
        auto& here = *x_slots.at(number);
        const auto& entry = x_roster.at(number);
        x_roster.silent(number, asked);
        if (!std::exchange(here.away, true))
            show().session(number, "retrying", here.session->session_id + ": " + why);
        if (entry.lost && steady::now() > entry.until + longest_hope) {
            here.over = true;
            show().session(number, "failed", here.session->session_id + " did not come back");
        }
    }

    void come_back(int number) {
        auto& here = *x_slots.at(number);
        x_roster.seen(number);
        if (std::exchange(here.away, false))
            show().session(number, "held", here.session->session_id + " answers again");
    }

    void tell_of_a_foreign_worker(int number) {
        x_roster.seen(number);
        if (!std::exchange(x_knows_foreign, true))
            show().note(
                "this endpoint has workers that cannot retire sessions: they are ended, and nobody "
                "can tell whether a job runs there");
    }

    // ---- the end ----

    asio::awaitable<int> finish() {
        const auto open = static_cast<std::size_t>(std::count_if(
            x_slots.begin(), x_slots.end(), [](const auto& one) { return one.second->session; }));
        show().note((x_options.parting == on_stop::retire ? "retiring "
                     : x_options.parting == on_stop::end  ? "ending "
                                                          : "leaving ") +
                    counted(open, "session"));
        for (auto& [number, here] : x_slots) {
            here->given_up.request();
            here->left.request();
            here->bell.ring();
        }
        co_await x_sessions.join();
        const bool written = co_await x_memory.settle();
        co_return x_unended == 0 && written ? exit_done : exit_failed;
    }

    // One that is open when all is to stop.
    asio::awaitable<void> part(int number) {
        if (x_options.parting == on_stop::leave) {
            co_await lengthen(number);
        } else if (!x_roster.at(number).lost) {  // of which the next one takes care
            x_roster.part(number);
            (void)co_await save_first(number);
            if (x_options.parting == on_stop::end)
                co_await end(number);
            else
                co_await retire(number);
        }
        if (place().is_local())
            co_await until_over(number);
    }

    asio::awaitable<void> end(int number) {
        auto& here = *x_slots.at(number);
        const auto ended = co_await end_shown(number, *here.session);
        here.over = ended.has_value();
        x_unended += ended ? 0 : 1;
    }

    asio::awaitable<void> retire(int number) {
        auto& here = *x_slots.at(number);
        backoff pause(200ms, 2s);
        const auto deadline = steady::now() + serverless::end_patience;
        std::string why;
        for (;;) {
            const auto asked = steady::now();
            const auto came =
                co_await place().api().retire(*here.session, retire_when::done, deadline - asked);
            if (came) {
                co_await retired(number, *came, asked);
                co_return;
            }
            why = came.error().message;
            const auto left = deadline - steady::now() - last_try;
            if (left <= steady::duration::zero())
                break;
            co_await sleep_for(std::min(pause.next(), left));
        }
        ++x_unended;
        show().session(number, "failed", here.session->session_id + " is still to be retired: " + why);
    }

    asio::awaitable<void> retired(int number, const retirement& came, steady::time_point asked) {
        using kind = retirement::kind;
        if (came.what == kind::foreign) {
            tell_of_a_foreign_worker(number);
            co_await end(number);
            co_return;
        }
        if (came.what == kind::ended || came.what == kind::over) {
            note_the_end(number, ending::given, came.what == kind::over ? at_its_worker : "");
            co_return;
        }
        note_the_retirement(number, came, asked);
        save(number);
    }

    // A whole lifetime, in which another one can take over.
    asio::awaitable<void> lengthen(int number) {
        auto& here = *x_slots.at(number);
        const auto asked = steady::now();
        const auto heard = co_await place().api().status(*here.session, longest_question);
        if (heard && heard->what == session_news::kind::over) {
            note_the_end(number, ending::given, at_its_worker);
            co_return;
        }
        const bool told = heard && heard->what == session_news::kind::open;
        if (told)
            x_roster.heard(number, {heard->remaining, heard->protected_for, heard->retiring}, asked);
        const seconds left = told ? heard->remaining : x_roster.at(number).until - asked;
        if (!x_roster.at(number).retiring && left < x_lifetime) {
            const auto renewed = co_await place().api().renew(*here.session);
            if (renewed)
                x_roster.renewed(number, left, x_lifetime, asked);
            x_unended += renewed ? 0 : 1;
        }
        save(number);
        show().session(number, "left", here.session->session_id);
    }

    // Its worker goes with this program.
    asio::awaitable<void> until_over(int number) {
        auto& here = *x_slots.at(number);
        while (!here.over) {
            const auto heard = co_await place().api().status(*here.session, longest_question);
            if (heard ? heard->what == session_news::kind::over
                      : heard.error().cause == asio::error::connection_refused)
                note_the_end(number, ending::given, at_its_worker);
            else if (!heard && steady::now() > x_roster.at(number).until)
                co_return;
            else
                co_await sleep_for(x_every);
        }
    }

    asio::any_io_executor x_executor;
    const follow_options& x_options;
    interruption& x_stop;
    seconds x_lifetime;
    steady::duration x_every;  // between two looks at a session
    roster x_roster;
    follow_figures x_figures;
    metrics_door* x_door;                          // where somebody is to be told of them; nullptr: nowhere
    std::map<int, std::unique_ptr<slot>> x_slots;  // of each session of the roster
    backoff x_pause{1s, 30s};                      // between reservations that fail
    steady::time_point x_not_before{};
    std::string x_trouble;
    std::int64_t x_depth = -1;
    said_once x_remarks;  // of the command of --depth
    int x_unended = 0;    // of which nobody knows whether they are given back
    bool x_knows_foreign = false;
    bool x_knows_unfound = false;
    follow_memory x_memory;
    task_group x_sessions;
};

}  // namespace

int run_follow(const follow_options& options) {
    command work = [&options](asio::any_io_executor executor, interruption& stop) -> asio::awaitable<int> {
        // Before all others: where the port is taken, nothing has begun.
        std::optional<metrics_door> door;
        if (!options.metrics.empty())
            door.emplace(executor, options.metrics);
        follow one(std::move(executor), options, stop, door ? &*door : nullptr);
        co_return co_await one.run();
    };
    return run(std::move(work), on_signal::keep_code);
}

}  // namespace nullworker::client
