#include <commands/report_file.hpp>
#include <commands/session_run.hpp>
#include <nullworker/base/backoff.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/descriptor.hpp>
#include <nullworker/base/error.hpp>
#include <terminal/redrawing.hpp>
#include <vast/refusal.hpp>
#include <watch/page.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

std::map<std::string, int> running_by_state(const std::vector<wire::worker_info>& workers) {
    std::map<std::string, int> out;
    for (const auto& worker : workers)
        if (worker.status != "stopped" && worker.status != "dead")
            ++out[worker.status];
    return out;
}

constexpr auto workers_read_every = 2s;  // of an endpoint elsewhere
constexpr auto newcomers_looked_for_every = 5s;
constexpr auto parameters_read_every = 60s;

// Of workers that cannot start, more are no likelier to.
constexpr unsigned failed_starts_enough = 5;

// A local fleet is as large as the sessions need, each of which takes a worker.
venue_options with_room(venue_options where, int sessions, const connection_room& room) {
    where.connections = room.limits;
    auto& most = where.fleet.scaling.max_workers;
    most = std::max(most, static_cast<std::size_t>(sessions));
    if (where.is_local() && most > fleet::most_workers)
        throw startup_error("a local fleet has room for " + std::to_string(fleet::most_workers) +
                            " workers, and " + std::to_string(sessions) + " sessions need as many");
    return where;
}

// Of other things than connections for sessions: files, commands, look-ups, what is connected to a local
// fleet.
constexpr std::size_t descriptors_kept_back = 128;
constexpr std::size_t descriptors_of_a_local_worker = 8;
constexpr std::size_t fewest_connections = 16;

// A connection for each session, if the system lets it have as many descriptors.
connection_room room_for(const venue_options& where, int sessions) {
    connection_room out;
    const auto each = static_cast<std::size_t>(sessions);
    const auto connected = each + out.limits.to_one;
    out.wanted =
        connected + descriptors_kept_back + (where.is_local() ? each * descriptors_of_a_local_worker : 0);
    out.descriptors = take_descriptors(out.wanted).value_or(out.wanted);
    const auto missing = out.wanted - std::min(out.wanted, out.descriptors);
    out.limits.open = std::max(connected - std::min(connected, missing), fewest_connections);
    return out;
}

// What as many reservations needed at once is of no use afterwards.
constexpr std::size_t many_reservations = 100;

asio::awaitable<void> pass_on(interruption& from, interruption& to) {
    co_await from.wait_until(std::chrono::steady_clock::time_point::max());
    if (from.requested())
        to.request(from.signal());
}

// The longest time for one reservation: machines are rented in minutes, processes start in no time.
std::chrono::steady_clock::duration reservation_timeout(const session_options& options, bool local) {
    return to_ticks(options.timeout.value_or(local ? 60s : 1800s));
}

// Throws startup_error.
wire::json_value close_payload(const session_options& options) {
    if (options.on_close_payload.empty())
        return {};
    if (options.on_close.empty())
        throw startup_error("--on-close-payload is for the route of --on-close, and there is none");
    const auto payload = wire::json_value::parse(options.on_close_payload);
    if (!payload)
        throw startup_error("--on-close-payload is '" + options.on_close_payload +
                            "': " + payload.error().message());
    return *payload;
}

}  // namespace

session_run::session_run(asio::any_io_executor executor, const session_options& options, interruption& stop,
                         std::FILE* out, int sessions, story wanted, progress::view beneath)
    : x_options(options),
      x_stop(stop),
      x_close_payload(close_payload(options)),
      x_room(room_for(options.where, sessions)),
      x_venue(executor, with_room(options.where, sessions, x_room)),
      x_show(out, options.json ? progress::form::json : progress::form::lines, sessions, beneath),
      x_files(executor),
      x_watching(executor) {
    x_venue.on_trouble([this](const std::string& what) { tell_trouble(what); });
    const bool is_looked_at = x_show.draws() || !options.report.empty();
    if (wanted == story::none || (wanted == story::for_those_who_look && !is_looked_at))
        return;
    x_story.emplace(x_venue, workers_read_every);
    if (!x_venue.is_local())
        x_account.emplace(executor, locate(options.where).where);
    x_show.on_session([this](int number, const std::string& state, const session_identity& ids) {
        x_story->step(number, state, ids);
    });
    x_show.show_beneath([this](screen_size room, charset) { return x_story->dashboard(room); },
                        [this] { return x_story->revision(); });
}

void session_run::tell_trouble(const std::string& what) {
    x_show.note(what);
    x_hopeless = x_venue.failed_starts().in_a_row >= failed_starts_enough;
    if (x_hopeless)
        for (auto* given_up : x_reserving)
            given_up->request();
}

asio::awaitable<int> session_run::run() {
    int code = exit_failed;
    std::string told;
    const std::function<void(const std::string&)> on_trouble = [&](const std::string& why) {
        if (std::exchange(told, why) != why)
            x_show.note(why + "; trying again");
    };
    std::optional<std::chrono::steady_clock::duration> patience;
    if (!is_patient())
        patience = reservation_timeout(x_options, x_venue.is_local());
    auto opening = x_venue.open(patience, on_trouble);
    const auto opened = co_await unless_stopped(x_stop, std::move(opening));
    if (!opened) {
        fail("interrupted before the endpoint was found");
        code = is_patient() ? exit_done : exit_failed;
    } else if (*opened) {
        x_show.note(title(x_venue.description()));
        if (!x_room.is_enough())
            x_show.note("a connection for each session takes " + std::to_string(x_room.wanted) +
                        " open files, and the hard limit is " + std::to_string(x_room.descriptors) +
                        ": sessions share " + std::to_string(x_room.limits.open) +
                        " connections, and wait for each other; raise it (ulimit -Hn, LimitNOFILE=)");
        x_watching.spawn(keep_redrawn(x_show));
        x_watching.spawn(watch_workers());
        if (x_account)
            x_watching.spawn(ask_as_the_owner());
        code = co_await work();
    } else {
        fail(opened->error().message);
    }
    x_watching.cancel();
    co_await x_watching.join();
    co_await x_venue.close();
    co_await close();
    const bool is_written = co_await write_the_report();
    co_return conclude(code == exit_done && !is_written ? exit_failed : code);
}

asio::awaitable<bool> session_run::write_the_report() {
    if (!x_story || x_options.report.empty())
        co_return true;
    std::function<std::string()> job = [path = x_options.report, document = x_story->document()] {
        const auto ec = write_report(path, watch::static_report(document));
        return ec ? ec.message() : std::string();
    };
    const auto told = co_await x_files.call(std::move(job));
    const auto why = told ? *told : told.error().message();
    if (why.empty())
        x_show.tell("report", {{"file", x_options.report}}, "the report is in " + x_options.report);
    else
        x_show.note("the report " + x_options.report + " could not be written: " + why);
    co_return why.empty();
}

// An endpoint elsewhere tells it only this way, and a dashboard shows it.
asio::awaitable<void> session_run::find_worker(int number, held_session session) {
    const auto heard = co_await x_venue.api().status(std::move(session));
    if (heard && heard->worker_id)
        x_story->found_at(number, *heard->worker_id);
}

asio::awaitable<outcome<held_session>> session_run::reserve_shown(int number, seconds lifetime,
                                                                  interruption& stop,
                                                                  reservation_keeper* keeper) {
    std::string told;
    const auto tell = [&](const std::string& state, const std::string& detail,
                          const session_identity& ids = {}) {
        if (std::exchange(told, state + detail) != state + detail)
            x_show.session(number, state, detail, ids);
    };
    const reserve_events on{
        .on_waiting =
            [&](std::int64_t idx, const std::string& status) {
                tell("queued", "request " + std::to_string(idx) + ": " + status, {.request_idx = idx});
            },
        .on_routed =
            [&](std::int64_t idx, const std::string& worker) {
                tell("routed", "request " + std::to_string(idx) + " to " + worker,
                     {.request_idx = idx, .worker_url = worker});
            },
        .on_refused = [&](const std::string& why) { tell("retrying", why); },
    };
    tell("asking", "for a worker");
    interruption given_up;
    task_group link(co_await asio::this_coro::executor);
    link.spawn(pass_on(stop, given_up));
    x_reserving.insert(&given_up);
    x_most_reserving = std::max(x_most_reserving, x_reserving.size());
    const auto options = wanted(lifetime);
    auto held = co_await x_venue.api().reserve(x_venue.endpoint(), options, on, given_up, keeper);
    note_reservation_end(given_up);
    (void)co_await link.finish(std::chrono::steady_clock::duration::zero());
    if (!held && x_hopeless && !stop.requested()) {
        const auto [in_a_row, last] = x_venue.failed_starts();
        held = failure{std::to_string(in_a_row) + " workers in a row could not start, the last one: " + last};
    }
    if (held)
        tell("held", held->session_id + " on " + held->worker_url,
             {held->request_idx, held->worker_url, held->session_id});
    else
        tell("failed", held.error().message);
    if (held && x_story && (x_show.draws() || !x_venue.is_local()))
        x_watching.spawn(find_worker(number, *held));
    co_return held;
}

void session_run::note_reservation_end(interruption& given_up) {
    x_reserving.erase(&given_up);
    if (!x_reserving.empty() || std::exchange(x_most_reserving, 0U) < many_reservations)
        return;
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

reserve_options session_run::wanted(seconds lifetime) const {
    return {.cost = x_options.session_cost,
            .lifetime = lifetime,
            .timeout = reservation_timeout(x_options, x_venue.is_local()),
            .longest_pause = x_options.poll_interval,
            .on_close_route = x_options.on_close.empty() ? std::nullopt : std::optional(x_options.on_close),
            .on_close_payload = x_close_payload};
}

asio::awaitable<outcome<std::optional<held_session>>> session_run::find_again(
    reservation_plan::create unheard, seconds lifetime) {
    const auto options = wanted(lifetime);
    co_return co_await x_venue.api().find_again(std::move(unheard), options);
}

asio::awaitable<outcome<session_outcome>> session_run::end_shown(int number, held_session session) {
    const auto ended = co_await x_venue.api().end(session);
    if (ended)
        x_show.session(number, "released", session.session_id);
    else
        x_show.session(number, "failed", ended.error().message);
    co_return ended;
}

// Until cancelled: what the endpoint's parameters are and what its workers cost, for the story alone. A key
// that may not read prices, as that of an endpoint, is not tried again: there are no dollars then.
asio::awaitable<void> session_run::ask_as_the_owner() {
    backoff pause(newcomers_looked_for_every, parameters_read_every);
    auto parameters_due = std::chrono::steady_clock::now();
    bool wants_prices = false;
    bool may_read_prices = true;
    for (;;) {
        co_await sleep_for(newcomers_looked_for_every);
        if (std::chrono::steady_clock::now() >= parameters_due) {
            parameters_due = std::chrono::steady_clock::now() + parameters_read_every;
            const auto endpoints = co_await x_account->endpoints();
            if (endpoints)
                x_story->heard(*endpoints, x_venue.endpoint().access().name);
        }
        wants_prices = x_story->take_newcomers() || wants_prices;
        if (!wants_prices || !may_read_prices)
            continue;
        const auto instances = co_await x_account->instances();
        if (instances) {
            x_story->heard(*instances);
            wants_prices = false;
            pause.reset();
            continue;
        }
        const auto& why = instances.error();
        may_read_prices = !is_key_refused(why) && why.status != status_not_found;
        co_await sleep_for(std::max<std::chrono::steady_clock::duration>(pause.next(), why.retry_after));
    }
}

// Until cancelled.
asio::awaitable<void> session_run::watch_workers() {
    const auto interval =
        x_venue.is_local() ? std::chrono::steady_clock::duration(100ms) : workers_read_every;
    std::string told;
    backoff pause(2s, 30s);  // between look-ups of the endpoint
    for (;;) {
        const auto used = x_venue.endpoint().access();
        const auto workers = co_await x_venue.api().workers(used);
        if (x_story && workers)
            x_story->heard(*workers);
        else if (x_story)
            x_story->failed(workers.error().message);
        if (workers) {
            const auto running = running_by_state(*workers);
            x_show.workers(running);
            on_workers(running);
        }
        if (!workers && std::exchange(told, workers.error().message) != workers.error().message)
            x_show.note(workers.error().message);
        if (!workers && is_key_refused(workers.error())) {
            (void)co_await x_venue.endpoint().look_up_anew(used.key);
            co_await sleep_for(pause.next());
            continue;
        }
        pause.reset();
        co_await sleep_for(interval);
    }
}

}  // namespace nullworker::client
