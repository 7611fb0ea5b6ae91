#pragma once

#include <commands/run_story.hpp>
#include <commands/session_options.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/interruption.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/base/task_group.hpp>
#include <nullworker/wire/json_value.hpp>
#include <terminal/progress.hpp>
#include <terminal/runner.hpp>
#include <vast/account_view.hpp>
#include <vast/failure.hpp>
#include <vast/held_session.hpp>
#include <vast/reservation_keeper.hpp>
#include <vast/venue.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace nullworker::client {

// How many connections a command may have for its sessions.
struct connection_room {
    connection_limits limits;
    std::size_t descriptors = 0;  // that there are
    std::size_t wanted = 0;       // for one connection a session

    [[nodiscard]] bool is_enough() const noexcept { return descriptors >= wanted; }
};

// The frame of a command that holds sessions: finds the endpoint, shows its workers while the command works,
// and closes what was opened.
class session_run {
public:
    session_run(const session_run&) = delete;
    session_run& operator=(const session_run&) = delete;

    // Returns the exit code. All that was started has ended by then. To be called once.
    [[nodiscard]] asio::awaitable<int> run();

protected:
    // Whether a timeline of the run is kept: never, where somebody looks at it or gets a report, or always.
    enum class story { none, for_those_who_look, kept };

    // Throws startup_error as `venue` does. Shows at most `sessions` at once on `out`. `options` and `stop`
    // outlive it.
    session_run(asio::any_io_executor executor, const session_options& options, interruption& stop,
                std::FILE* out, int sessions, story wanted, progress::view beneath = progress::view::drawn);
    ~session_run() = default;

    [[nodiscard]] venue& place() noexcept { return x_venue; }
    [[nodiscard]] progress& show() noexcept { return x_show; }

    // The timeline; nullptr where none is kept.
    [[nodiscard]] run_story* told_story() noexcept { return x_story ? &*x_story : nullptr; }

    // Reserves a session and shows each step as session `number`; a failure is shown, too. `stop` and
    // `keeper` outlive the call.
    [[nodiscard]] asio::awaitable<outcome<held_session>> reserve_shown(int number, seconds lifetime,
                                                                       interruption& stop,
                                                                       reservation_keeper* keeper = nullptr);

    // Sends a create once more of which nobody heard: its session, nothing where it made none or that is
    // over, and a failure where nobody knows.
    [[nodiscard]] asio::awaitable<outcome<std::optional<held_session>>> find_again(
        reservation_plan::create unheard, seconds lifetime);

    // Ends a session and shows what came of it.
    [[nodiscard]] asio::awaitable<outcome<session_outcome>> end_shown(int number, held_session session);

private:
    // The first line of what is shown; `where` names the endpoint.
    [[nodiscard]] virtual std::string title(const std::string& where) const = 0;

    // The command's own part, once the endpoint is found. Returns the exit code; every session it held has
    // ended or is lost by then.
    [[nodiscard]] virtual asio::awaitable<int> work() = 0;

    // Whether it waits for its endpoint for however long, as a service that may be started before it.
    [[nodiscard]] virtual bool is_patient() const { return false; }

    // Shows why the endpoint was not found, in place of `work`.
    virtual void fail(const std::string& why) = 0;

    // What the API tells of the workers: how many that run have each status.
    virtual void on_workers(const std::map<std::string, int>& /*by_status*/) {}

    // The command's own part of closing, after all others.
    [[nodiscard]] virtual asio::awaitable<void> close() { co_return; }

    // The last words, once all is closed. `code` is what `work` returned; returns the exit code.
    [[nodiscard]] virtual int conclude(int code) { return code; }

    [[nodiscard]] reserve_options wanted(seconds lifetime) const;
    asio::awaitable<void> watch_workers();
    asio::awaitable<void> find_worker(int number, held_session session);
    asio::awaitable<void> ask_as_the_owner();
    asio::awaitable<bool> write_the_report();
    void tell_trouble(const std::string& what);
    void note_reservation_end(interruption& given_up);

    const session_options& x_options;
    interruption& x_stop;
    wire::json_value x_close_payload;
    connection_room x_room;
    venue x_venue;
    progress x_show;
    std::optional<run_story> x_story;
    std::optional<account_view> x_account;  // of an endpoint elsewhere, with a story
    side_thread x_files;
    task_group x_watching;
    std::set<interruption*> x_reserving;  // one for each reservation that is under way
    std::size_t x_most_reserving = 0;     // since there were none
    bool x_hopeless = false;              // as the last of them were given up
};

// Runs `Command`, a kind of session_run, as all that this program does. Returns the exit code.
template <class Command, class Options>
int run_sessions(const Options& options, on_signal signalled_code = on_signal::exit_128) {
    command work = [&options](asio::any_io_executor executor, interruption& stop) -> asio::awaitable<int> {
        Command one(std::move(executor), options, stop);
        co_return co_await one.run();
    };
    return run(std::move(work), signalled_code);
}

}  // namespace nullworker::client
