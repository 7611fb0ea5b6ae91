#include "state_folder.hpp"

#include <nullworker/base/log.hpp>
#include <nullworker/journal/journal.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace nullworker::journal {
namespace {

using namespace std::chrono_literals;

constexpr auto quiet_time = 1min;
constexpr auto patience_at_start = 10s;
constexpr auto patience_with_a_write = 1s;
constexpr auto soon = 5ms;
constexpr auto between_soon = 100ms;
constexpr auto patience_awake = 60us;

// Changes whenever the machine starts anew, and the monotonic clock with it. Empty where the system does not
// tell.
std::string read_boot_id() {
    constexpr std::size_t longest = 256;
    const auto id = read_file("/proc/sys/kernel/random/boot_id", longest);
    return id ? id->substr(0, id->find('\n')) : std::string();
}

// When process 1 began, in ticks since the machine's start: another one in a container that was started anew.
std::string read_init_birth() {
    constexpr std::size_t longest = 4096;
    constexpr int place = 19;  // of the fields behind the name and the state
    const auto line = read_file("/proc/1/stat", longest);
    if (!line)
        return {};
    auto at = line->rfind(") ");  // the name may have blanks and brackets
    for (int i = 0; i <= place && at != line->npos; ++i)
        at = line->find(' ', at + 1);
    return at == line->npos ? std::string() : line->substr(at + 1, line->find(' ', at + 1) - at - 1);
}

}  // namespace

std::string_view journal::rows::of(const reservation::completion_outbox& outbox) {
    std::size_t gone = 0;
    for (; !x_sizes.empty() && x_first < outbox.first(); ++x_first) {
        gone += x_sizes.front();
        x_sizes.pop_front();
    }
    x_text.erase(0, gone);
    if (x_sizes.empty())
        x_first = outbox.first();
    while (x_first + x_sizes.size() < outbox.end()) {
        const auto row = state_row(outbox.at(x_first + x_sizes.size())) + ',';
        x_text += row;
        x_sizes.push_back(row.size());
    }
    const std::string_view all = x_text;
    return all.substr(0, all.empty() ? 0 : all.size() - 1);
}

journal::journal(const asio::any_io_executor& executor, journal_settings settings,
                 std::function<void()> on_change)
    : x_folder(settings.directory.empty()
                   ? nullptr
                   : std::make_shared<state_folder>(std::move(settings.directory), settings.container_id,
                                                    settings.wanted)),
      x_container_id(settings.container_id),
      x_on_change([] {}),
      x_patience(executor),
      x_soon(executor),
      x_settled(executor, std::chrono::steady_clock::time_point::max()),
      x_thread(executor) {
    if (!enabled())
        return;
    x_owner = {x_container_id, read_boot_id(), read_init_birth()};
    const auto failure = std::make_shared<error_code>();
    at_start([failure, folder = x_folder] { *failure = folder->open(); });
    if (*failure == errc::file_in_use)
        throw already_running(
            "another nullworkerd keeps the state of container " + std::to_string(x_container_id) + " in " +
            x_folder->directory() +
            "; stop it, or choose another directory with NULLWORKER_STATE_DIR (--state-dir)");
    if (*failure)
        note_failure(failure->message());
    x_on_change = std::move(on_change);
}

journal::~journal() = default;

void journal::at_start(std::function<void()> job) {
    if (!x_thread.run_before_all(std::move(job), patience_at_start))
        throw startup_error("the disk with " + x_folder->directory() +
                            " does not answer: mend it, or choose another directory with "
                            "NULLWORKER_STATE_DIR (--state-dir), or none");
}

std::optional<journal::recovered> journal::load() {
    if (!enabled())
        return std::nullopt;
    const auto text = std::make_shared<result<std::string>>();
    at_start([text, folder = x_folder] { *text = folder->read(); });
    if (!*text) {
        if (text->error() != boost::system::errc::no_such_file_or_directory)
            set_aside(text->error().message());
        return std::nullopt;
    }
    if (**text == retired) {
        log::warning("state_lost",
                     {{"file", x_folder->file()}, {"reason", "the last process could not keep its state"}});
        return std::nullopt;
    }
    auto state = read_state(**text);
    if (!state) {
        set_aside("unreadable or truncated: " + state.error().message());
        return std::nullopt;
    }
    const auto& owner = state->owner;
    if (owner.container_id != x_owner.container_id) {
        set_aside("it belongs to container " + std::to_string(owner.container_id) + ", this is " +
                  std::to_string(x_owner.container_id));
        return std::nullopt;
    }
    using reservation::clock_continuity;
    const bool same_boot = !x_owner.boot_id.empty() && owner.boot_id == x_owner.boot_id;
    // The job that was protected ended with the container, and so did the consumer.
    const bool same_run = owner.init_birth == x_owner.init_birth;
    if (auto& holder = state->left.state.holder; holder && !same_run)
        holder->protected_until.reset();
    return recovered{std::move(state->left),
                     same_boot ? clock_continuity::same_boot : clock_continuity::rebooted,
                     same_boot && same_run && owner.has_consumer};
}

void journal::prepare(const reservation::desk& desk, instant now) {
    if (!enabled())
        return;
    note_change(desk, now);
    begin_write(occasion::start);
    bound_write();
}

// Not begun here: what changes more than once for one request is written once.
void journal::save(const reservation::desk& desk, instant now) {
    if (!enabled())
        return;
    note_change(desk, now);
    if (x_writing || std::exchange(x_is_due, true))
        return;
    asio::post(x_settled.get_executor(), [this, alive = std::weak_ptr(x_folder)] {
        if (alive.expired())
            return;
        begin_what_is_due();
        bound_write();
    });
}

void journal::save_soon(const reservation::desk& desk) {
    if (!enabled() || std::exchange(x_has_soon, true))
        return;
    x_soon.expires_at(std::max(std::chrono::steady_clock::now() + soon, x_soon_again));
    x_soon.async_wait([this, &desk](const error_code& ec) {
        if (ec || !x_has_soon)
            return;
        x_soon_again = std::chrono::steady_clock::now() + between_soon;
        save(desk, nullworker::now());
    });
}

void journal::note_change(const reservation::desk& desk, instant now) {
    x_desk = &desk;
    x_changed = now;
    ++x_changes;
    x_has_soon = false;
}

void journal::begin_what_is_due() {
    if (x_is_due)
        begin_write(occasion::change);
}

void journal::begin_write(occasion why) {
    x_writing = true;
    x_is_due = false;
    const auto number = x_being_written = x_changes;
    const auto found = std::make_shared<state_folder::outcome>();
    auto text = write_state(x_owner, x_desk->save(), x_changed, x_rows.of(x_desk->outbox()));
    auto job = [found, why, folder = x_folder, text = std::move(text)] {
        *found = why == occasion::start ? folder->write_twice(text) : folder->write(text);
    };
    auto done = [this, found, number] { written(number, found->failure, found->still_stands); };
    x_thread.run(std::move(job), std::move(done));
}

void journal::bound_write() {
    if (!x_writing || std::exchange(x_is_bounded, true))
        return;
    x_patience.expires_after(patience_with_a_write);
    x_patience.async_wait([this, number = x_being_written](const error_code& ec) {
        if (!ec && x_kept < number)
            hang();
    });
}

void journal::written(std::uint64_t number, error_code failure, error_code still_stands) {
    if (std::exchange(x_is_bounded, false))
        x_patience.cancel();
    x_writing = x_hanging = false;
    x_kept = number;
    if (failure)
        note_failure(failure.message());
    else
        note_success();
    if (still_stands)
        log::write(x_failures == 1 ? log::level::warning : log::level::debug, "state_stale",
                   {{"file", x_folder->file()},
                    {"error", still_stands.message()},
                    {"effect", "a restart goes back to it"}});
    x_settled.cancel();
    if (x_kept == x_changes)
        return;
    begin_write(occasion::change);
    bound_write();
}

// The write may still succeed; until then nobody waits for it, or for those behind it.
void journal::hang() {
    x_hanging = true;
    note_failure("the disk does not answer");
    x_settled.cancel();
}

asio::awaitable<void> journal::until_kept() {
    begin_what_is_due();
    const auto wanted = x_changes;
    if (x_writing && !x_hanging)
        x_thread.watch(patience_awake);
    bound_write();
    while (x_kept < wanted && !x_hanging)
        co_await x_settled.async_wait(nothrow);
}

void journal::set_aside(const std::string& reason) {
    const auto kept_as = std::make_shared<std::string>();
    at_start([kept_as, folder = x_folder] { *kept_as = folder->set_aside(); });
    log::warning("state_refused", {{"file", x_folder->file()}, {"reason", reason}, {"kept_as", *kept_as}});
}

// A disk that is full now and then is told of once a minute.
log::level journal::loudness() {
    return std::chrono::steady_clock::now() < x_quiet_until ? log::level::debug : log::level::warning;
}

void journal::note_failure(const std::string& error) {
    ++x_failures;
    if (failing())
        return;
    x_trouble = trouble(error);
    log::write(loudness(), "state_not_saved",
               {{"file", x_folder->file()},
                {"error", error},
                {"effect", "a crash would lose the session and undelivered completions"}});
    if (loudness() == log::level::warning)
        x_quiet_until = std::chrono::steady_clock::now() + quiet_time;
    x_on_change();
}

void journal::note_success() {
    ++x_writes;
    if (!failing())
        return;
    x_trouble = trouble::none();
    log::info("state_saved_again", {{"file", x_folder->file()}, {"failures", x_failures}});
    x_on_change();
}

}  // namespace nullworker::journal
