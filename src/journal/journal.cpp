#include <nullworker/base/log.hpp>
#include <nullworker/journal/journal.hpp>

#include <filesystem>
#include <system_error>
#include <utility>

namespace nullworker::journal {
namespace {

// Grants and payloads of one session and a full outbox stay far below.
constexpr std::size_t max_file_bytes = 64 * 1024 * 1024;

// What the file says once the worker goes on from memory.
constexpr std::string_view retired = "retired\n";

constexpr auto quiet_time = std::chrono::minutes(1);

// Changes whenever the machine starts anew, and the monotonic clock with it. Empty where the system does not
// tell.
std::string read_boot_id() {
    constexpr std::size_t longest = 256;
    const auto id = read_file("/proc/sys/kernel/random/boot_id", longest);
    return id ? id->substr(0, id->find('\n')) : std::string();
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

journal::journal(journal_settings settings) : x_settings(std::move(settings)) {
    if (!enabled())
        return;
    x_owner = {x_settings.container_id, read_boot_id()};
    const std::string stem = x_settings.directory + "/state-" + std::to_string(x_settings.container_id);
    x_path = stem + ".json";
    std::error_code made;
    std::filesystem::create_directories(x_settings.directory, made);
    if (made) {
        note_failure(made.message());
        return;
    }
    auto lock = file_lock::take(stem + ".lock");
    if (lock)
        x_lock = std::move(*lock);
    else if (lock.error() == errc::file_in_use)
        throw already_running(
            "another nullworkerd keeps the state of container " + std::to_string(x_settings.container_id) +
            " in " + x_settings.directory +
            "; stop it, or choose another directory with NULLWORKER_STATE_DIR (--state-dir)");
    else
        note_failure(lock.error().message());
}

std::optional<journal::recovered> journal::load() {
    if (!enabled())
        return std::nullopt;
    const auto text = read_file(x_path, max_file_bytes);
    if (!text) {
        if (text.error() != boost::system::errc::no_such_file_or_directory)
            set_aside(text.error().message());
        return std::nullopt;
    }
    if (*text == retired) {
        log::warning("state_lost",
                     {{"file", x_path}, {"reason", "the last process could not keep its state"}});
        return std::nullopt;
    }
    auto state = read_state(*text);
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
    return recovered{std::move(state->left),
                     same_boot ? clock_continuity::same_boot : clock_continuity::rebooted};
}

void journal::prepare(const reservation::desk& desk, instant now) {
    if (enabled() && write(desk, now))
        (void)write(desk, now);
}

void journal::save(const reservation::desk& desk, instant now) {
    if (enabled() && !write(desk, now))
        retire();
}

bool journal::write(const reservation::desk& desk, instant now) {
    const auto text = write_state(x_owner, desk.save(), now, x_rows.of(desk.outbox()));
    const auto ec = replace_file(x_path, text, x_settings.wanted);
    if (ec)
        note_failure(ec.message());
    else
        note_success();
    return !ec;
}

// What the file says is over, and must not come back at the next start. It is overwritten, not removed: it
// keeps its room on the disk for the next state.
void journal::retire() {
    const auto ec = overwrite_file(x_path, retired);
    if (ec && ec != boost::system::errc::no_such_file_or_directory)
        log::write(x_failures == 1 ? log::level::warning : log::level::debug, "state_stale",
                   {{"file", x_path}, {"error", ec.message()}, {"effect", "a restart goes back to it"}});
}

void journal::set_aside(const std::string& reason) {
    const std::string kept = x_path + ".set-aside";
    std::error_code ec;
    std::filesystem::rename(x_path, kept, ec);
    log::warning("state_refused", {{"file", x_path}, {"reason", reason}, {"kept_as", ec ? x_path : kept}});
}

// A disk that is full now and then is told of once a minute.
log::level journal::loudness() {
    return std::chrono::steady_clock::now() < x_quiet_until ? log::level::debug : log::level::warning;
}

void journal::note_failure(const std::string& error) {
    ++x_failures;
    if (std::exchange(x_failing, true))
        return;
    log::write(loudness(), "state_not_saved",
               {{"file", x_path},
                {"error", error},
                {"effect", "a crash would lose the session and undelivered completions"}});
    if (loudness() == log::level::warning)
        x_quiet_until = std::chrono::steady_clock::now() + quiet_time;
}

void journal::note_success() {
    ++x_writes;
    if (std::exchange(x_failing, false))
        log::info("state_saved_again", {{"file", x_path}, {"failures", x_failures}});
}

}  // namespace nullworker::journal
