#include <commands/watch_output.hpp>
#include <commands/watch_run.hpp>
#include <follow/said_once.hpp>
#include <follow/state_file.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/printable.hpp>
#include <nullworker/base/random.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/wire/account.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/runner.hpp>
#include <vast/account_view.hpp>
#include <vast/refusal.hpp>
#include <watch/endpoint_view.hpp>
#include <watch/own_sessions.hpp>
#include <watch/poll_plan.hpp>
#include <watch/timeline.hpp>
#include <watch/watch_server.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <map>
#include <utility>
#include <vector>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using watch::question;

constexpr auto patience_with_the_start = 24h;

// A file on this machine costs nobody anything.
constexpr auto read_sessions_every = 1s;

// A disk may hang; who waits for it does not poll meanwhile.
constexpr auto longest_reading = 2s;
constexpr auto pause_after_a_failed_reading = 30s;

// One worker after the other is asked about its session, each for this long at most, and with a pause in
// between: however many sessions there are, ten are asked about in a second.
constexpr auto longest_inquiry = 2s;
constexpr auto between_inquiries = 100ms;

// When a list of workers came, those that are due are asked without a pause, for so long.
constexpr auto longest_catch_up = 1s;

constexpr auto patience_with_browsers = 1s;
constexpr std::size_t run_bytes = 8;

watch::setback setback_of(const failure& why) {
    return {why.status, seconds(why.retry_after)};
}

watch::session_answer answer_of(const session_news& told) {
    using kind = session_news::kind;
    watch::session_answer out;
    out.over = told.what == kind::over;
    if (out.over && told.is_outcome_said)
        out.outcome = told.outcome;
    if (told.what == kind::open)
        out.left = std::max(told.remaining, told.protected_for);
    out.retiring = told.retiring;
    out.worker = told.worker_id;
    return out;
}

std::optional<double> cost_in(const wire::json_value& grant) {
    const auto text = grant.text_at("cost").value_or("");
    double out = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, out);
    return failed == std::errc() && stop == end ? std::optional(out) : std::nullopt;
}

// The sessions of `follow` on this machine: its file, and the grants by which their workers are asked. The
// grants are used for that and for nothing else.
class sessions_here {
public:
    sessions_here(asio::any_io_executor executor, std::string path)
        : x_path(std::move(path)), x_thread(std::move(executor)) {}

    // Reads the file; why it could not, or nothing.
    [[nodiscard]] asio::awaitable<std::optional<std::string>> read(state_owner owner) {
        const auto path = x_path.empty() ? usual_state_file(owner.autoscaler, owner.endpoint_id) : x_path;
        if (path.empty())
            co_return std::nullopt;
        using found_there = outcome<std::optional<std::map<int, kept_session>>>;
        std::function<found_there()> job = [path, owner] { return look_into_state_file(path, owner); };
        auto reading = x_thread.call(std::move(job));
        const auto found = co_await within(longest_reading, std::move(reading));
        if (!found)
            co_return "cannot read " + path + ": " + found.error().message();
        if (!*found)
            co_return "cannot read " + path + ": " + found->error().message;
        take(**found ? ***found : std::map<int, kept_session>());
        co_return std::nullopt;
    }

    // The session with that key, as its worker is to be asked about it.
    [[nodiscard]] std::optional<held_session> find(const std::string& key) const {
        const auto found = x_held.find(key);
        return found == x_held.end() ? std::nullopt : std::optional(found->second);
    }

    [[nodiscard]] watch::own_sessions& all() noexcept { return x_all; }

private:
    void take(const std::map<int, kept_session>& in_file) {
        std::map<int, watch::noted_session> noted;
        for (const auto& [number, one] : in_file)
            noted[number] = {.order = one.entry.order,
                             .request_idx = one.request_idx,
                             .session_id = one.session_id,
                             .until = one.entry.until,
                             .retiring = one.entry.retiring,
                             .lost = one.entry.lost};
        for (auto& [number, one] : noted)
            one.cost = cost_of(number, in_file.at(number).grant);
        x_all.read(noted, now());
        for (const auto& [number, one] : in_file)
            if (const auto key = x_all.key_of(number))
                remember(*key, one);
        std::erase_if(x_held, [this](const auto& one) { return !x_all.is_known(one.first); });
        std::erase_if(x_costs, [&](const auto& one) { return !in_file.contains(one.first); });
    }

    void remember(const std::string& key, const kept_session& one) {
        if (one.session_id.empty() || x_held.contains(key))
            return;
        const auto worker = parse_url(one.worker_url);
        auto grant = wire::json_value::parse(one.grant);
        if (worker && grant)
            x_held[key] = {.session_id = one.session_id,
                           .grant = std::move(*grant),
                           .worker = *worker,
                           .worker_url = one.worker_url,
                           .request_idx = one.request_idx};
    }

    // Each grant is parsed once.
    std::optional<double> cost_of(int number, const std::string& grant) {
        if (grant.empty())
            return std::nullopt;
        auto& [text, cost] = x_costs[number];
        if (std::exchange(text, grant) != grant) {
            const auto parsed = wire::json_value::parse(grant);
            cost = parsed ? cost_in(*parsed) : std::nullopt;
        }
        return cost;
    }

    std::string x_path;
    watch::own_sessions x_all;
    std::map<std::string, held_session> x_held;  // by key
    std::map<int, std::pair<std::string, std::optional<double>>> x_costs;
    side_thread x_thread;
};

// One run of `watch`. At no time there are two requests under way.
class endpoint_watch {
public:
    endpoint_watch(asio::any_io_executor executor, const watch_options& options, interruption& stop)
        : x_executor(executor),
          x_options(options),
          x_stop(stop),
          x_venue(executor, options.where),
          x_account(executor, locate(options.where).where),
          x_told({.run = random_hex(run_bytes),
                  .title = x_venue.description(),
                  .source = "endpoint",
                  .poll_interval = options.every,
                  .price = options.price}),
          x_view(x_told),
          x_sessions(executor, options.state),
          x_out(stdout, options.json ? watch_form::documents : watch_form::lines, x_told),
          x_redrawing(executor) {
        if (!options.serve)
            return;
        x_server.emplace(executor, x_told);
        x_server->bind(*options.serve, "--serve");
    }

    asio::awaitable<int> run() {
        if (x_server) {
            x_server->start();
            say_where_the_page_is();
        }
        auto redrawing = x_out.keep_redrawn();
        x_redrawing.spawn(std::move(redrawing));
        // As the condition itself GCC 12 resumed this at a wrong place.
        const bool is_open = co_await open();
        if (is_open)
            co_await work();
        x_redrawing.cancel();
        co_await x_redrawing.join();
        if (x_server)
            co_await x_server->stop(patience_with_browsers);
        if (!x_end.message.empty())
            std::cerr << "nullworker: " + printable(x_end.message) + '\n' << std::flush;
        co_return x_end.code;
    }

private:
    // Whether there is an endpoint to be watched.
    asio::awaitable<bool> open() {
        const std::function<void(const std::string&)> on_trouble = [this](const std::string& why) {
            x_told.failed(why, now());
            publish();
        };
        auto opening = x_venue.open(patience_with_the_start, on_trouble);
        const auto opened = co_await unless_stopped(x_stop, std::move(opening));
        if (!opened)
            co_return false;
        if (!*opened) {
            end(exit_failed, opened->error().message);
            co_return false;
        }
        x_access = x_venue.endpoint().access();
        x_out.note("watching " + x_venue.description());
        co_return true;
    }

    asio::awaitable<void> work() {
        x_plan.emplace(to_ticks(x_options.every), steady::now());
        x_read_at = steady::now();
        while (!x_stop.requested() && !x_ended) {
            const auto time = steady::now();
            const auto next = x_plan->next();
            const auto inquiry = next_inquiry();
            if (next.at <= time) {
                co_await ask(next.what);
            } else if (x_read_at <= time) {
                co_await read_sessions();
            } else if (inquiry && inquiry->at <= time) {
                co_await inquire(inquiry->key);
            } else {
                publish();
                auto until = std::min(next.at, x_read_at);
                if (inquiry)
                    until = std::min(until, inquiry->at);
                co_await x_stop.wait_until(until);
            }
        }
        publish();
    }

    std::optional<watch::own_sessions::inquiry> next_inquiry() {
        auto out = x_sessions.all().next();
        if (out)
            out->at = std::max(out->at, x_inquire_from);
        return out;
    }

    asio::awaitable<void> ask(question what) {
        switch (what) {
            case question::workers:
                return ask_for_workers();
            case question::parameters:
                return ask_for_parameters();
            case question::prices:
                return ask_for_prices();
            case question::reasons:
                break;
        }
        return ask_for_reasons();
    }

    // ---- the questions ----

    asio::awaitable<void> ask_for_workers() {
        auto asking = x_venue.api().workers(x_access);
        const auto heard = co_await unless_stopped(x_stop, std::move(asking));
        if (!heard)
            co_return;
        const auto& list = *heard;
        const auto time = now();
        if (!list) {
            x_plan->failed(question::workers, setback_of(list.error()), time.monotonic);
            x_view.failed(list.error().message, time);
            // Its owner may have changed its key, or given it up. The console says which.
            if (is_key_refused(list.error()) || list.error().status == status_not_found)
                x_plan->want(question::parameters, time.monotonic);
            co_return;
        }
        x_plan->answered(question::workers, time.monotonic);
        co_await catch_up_with_sessions();
        x_view.heard(*list, now());
        if (x_view.take_newcomers())
            x_plan->want(question::prices, time.monotonic);
        if (!x_view.unexplained().empty())
            x_plan->want(question::reasons, time.monotonic);
    }

    // So that a list does not show a worker as taken by others that a session of ours has just got.
    asio::awaitable<void> catch_up_with_sessions() {
        const bool is_paused = x_read_at > steady::now() + read_sessions_every;
        if (!is_paused)
            co_await read_sessions();
        for (const auto end = steady::now() + longest_catch_up; steady::now() < end && !x_stop.requested();) {
            const auto inquiry = x_sessions.all().next();
            if (!inquiry || inquiry->at > steady::now())
                break;
            co_await inquire(inquiry->key);
        }
    }

    asio::awaitable<void> ask_for_parameters() {
        auto asking = x_account.endpoints();
        const auto heard = co_await unless_stopped(x_stop, std::move(asking));
        if (!heard)
            co_return;
        const auto& list = *heard;
        if (!list) {
            x_plan->failed(question::parameters, setback_of(list.error()), steady::now());
            if (is_key_refused(list.error()))
                end(exit_failed, list.error().message + " (is VAST_API_KEY right?)");
            else
                say_once(list.error().message);
            co_return;
        }
        x_plan->answered(question::parameters, steady::now());
        const auto found = std::ranges::find(*list, x_access.name, &wire::endpoint_info::endpoint_name);
        if (found == list->end()) {
            end(exit_failed, "the account has no endpoint '" + x_access.name + "' any more");
            co_return;
        }
        x_access = {found->id, found->endpoint_name, found->api_key};
        x_view.heard(*found);
    }

    // Quietly not, where the key may not read it.
    asio::awaitable<void> ask_for_prices() {
        auto asking = x_account.instances();
        const auto heard = co_await unless_stopped(x_stop, std::move(asking));
        if (!heard)
            co_return;
        const auto& list = *heard;
        if (!list) {
            x_plan->failed(question::prices, setback_of(list.error()), steady::now());
            co_return;
        }
        x_plan->answered(question::prices, steady::now());
        std::vector<watch::instance_price> prices;
        for (const auto& one : *list)
            if (one.dph_total)
                prices.push_back({one.id, *one.dph_total});
        x_view.heard(prices);
    }

    asio::awaitable<void> ask_for_reasons() {
        const auto wanted = x_view.unexplained();
        if (wanted.empty()) {
            x_plan->answered(question::reasons, steady::now());
            co_return;
        }
        auto asking = x_account.logs(x_access.id);
        const auto heard = co_await unless_stopped(x_stop, std::move(asking));
        if (!heard)
            co_return;
        const auto& logs = *heard;
        if (!logs) {
            x_plan->failed(question::reasons, setback_of(logs.error()), steady::now());
            co_return;
        }
        x_plan->answered(question::reasons, steady::now());
        for (const auto worker : wanted)
            x_view.heard_reason(worker, without_key(wire::error_of(*logs, worker), x_access.key), now());
    }

    // ---- our own sessions ----

    asio::awaitable<void> read_sessions() {
        x_read_at = steady::now() + read_sessions_every;
        const auto address = parse_url(x_venue.autoscaler());
        state_owner owner{address ? address->origin() : std::string(), x_access.id};
        auto reading = x_sessions.read(std::move(owner));
        const auto trouble = co_await unless_stopped(x_stop, std::move(reading));
        if (!trouble)
            co_return;
        if (*trouble)
            x_read_at = steady::now() + pause_after_a_failed_reading;
        if (*trouble && !x_options.state.empty() && !x_was_read)
            end(exit_usage, **trouble);
        else if (*trouble)
            say_once(**trouble);
        x_was_read = true;
        x_view.look_at(x_sessions.all(), now());
    }

    asio::awaitable<void> inquire(std::string key) {
        auto session = x_sessions.find(key);
        if (session) {
            auto asking = x_venue.api().status(std::move(*session), longest_inquiry);
            const auto heard = co_await unless_stopped(x_stop, std::move(asking));
            if (!heard)
                co_return;
            if (*heard)
                x_sessions.all().answered(key, answer_of(**heard), now());
            else
                x_sessions.all().unanswered(key, steady::now());
        } else {  // it has no worker, or no grant that can be read
            x_sessions.all().unanswered(key, steady::now());
        }
        x_inquire_from = steady::now() + between_inquiries;
        x_view.look_at(x_sessions.all(), now());
    }

    // ---- what is shown ----

    // Documents are nothing but documents.
    void say_where_the_page_is() {
        const auto text = "the page is at " + x_server->url();
        if (x_options.json)
            std::cerr << "nullworker: " + text + '\n' << std::flush;
        else
            x_out.note(text);
    }

    void say_once(const std::string& text) {
        for (const auto& line : x_said.news(text))
            x_out.note(line);
    }

    void publish() {
        const auto time = now();
        x_told.advance(time);
        x_out.show(time);
        if (x_server && std::exchange(x_published, x_told.revision()) != x_told.revision())
            x_server->look_again();
    }

    void end(int code, std::string message) {
        x_ended = true;
        x_end = {code, std::move(message)};
    }

    struct last_words {
        int code = exit_done;
        std::string message = {};
    };

    asio::any_io_executor x_executor;
    const watch_options& x_options;
    interruption& x_stop;
    venue x_venue;
    account_view x_account;
    watch::timeline x_told;
    watch::endpoint_view x_view;
    sessions_here x_sessions;
    watch_output x_out;
    task_group x_redrawing;
    std::optional<watch::watch_server> x_server;
    std::optional<watch::poll_plan> x_plan;
    endpoint_access x_access;
    steady::time_point x_read_at{};
    steady::time_point x_inquire_from{};
    said_once x_said;
    std::uint64_t x_published = 0;
    bool x_was_read = false;
    bool x_ended = false;
    last_words x_end;
};

}  // namespace

asio::awaitable<int> run_watch(asio::any_io_executor executor, const watch_options& options,
                               interruption& stop) {
    endpoint_watch one(std::move(executor), options, stop);
    co_return co_await one.run();
}

}  // namespace nullworker::client
