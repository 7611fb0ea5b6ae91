#include <nullworker/app/journal.hpp>
#include <nullworker/base/log.hpp>

#include <filesystem>
#include <system_error>
#include <utility>

namespace nullworker::app {
namespace {

// Grants and payloads of one session and a full outbox stay far below.
constexpr std::size_t max_file_bytes = 64 * 1024 * 1024;

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
        const auto row = wire::state_row(outbox.at(x_first + x_sizes.size())) + ',';
        x_text += row;
        x_sizes.push_back(row.size());
    }
    const std::string_view all = x_text;
    return all.substr(0, all.empty() ? 0 : all.size() - 1);
}

journal::journal(journal_settings settings) : x_settings(std::move(settings)) {
    if (!enabled())
        return;
    x_boot_id = read_boot_id();
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
        throw startup_error("another nullworkerd keeps the state of container " +
                            std::to_string(x_settings.container_id) + " in " + x_settings.directory +
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
    auto state = wire::parse_saved_state(*text);
    if (!state) {
        set_aside("unreadable or truncated: " + state.error().message());
        return std::nullopt;
    }
    if (state->container_id != x_settings.container_id) {
        set_aside("it belongs to container " + std::to_string(state->container_id) + ", this is " +
                  std::to_string(x_settings.container_id));
        return std::nullopt;
    }
    using reservation::clock_continuity;
    const bool same_boot = !x_boot_id.empty() && state->boot_id == x_boot_id;
    return recovered{std::move(*state), same_boot ? clock_continuity::same_boot : clock_continuity::rebooted};
}

void journal::save(const reservation::desk& desk, instant now) {
    if (!enabled())
        return;
    const wire::saved_state state{.container_id = x_settings.container_id,
                                  .boot_id = x_boot_id,
                                  .saved_at = now,
                                  .desk = desk.save(),
                                  .completions = {}};
    const auto text = wire::to_json(state, x_rows.of(desk.outbox()));
    if (const auto ec = replace_file(x_path, text, x_settings.wanted))
        note_failure(ec.message());
    else
        note_success();
}

void journal::set_aside(const std::string& reason) {
    const std::string kept = x_path + ".set-aside";
    std::error_code ec;
    std::filesystem::rename(x_path, kept, ec);
    log::warning("state_refused", {{"file", x_path}, {"reason", reason}, {"kept_as", ec ? x_path : kept}});
}

void journal::note_failure(const std::string& error) {
    ++x_failures;
    if (std::exchange(x_failing, true))
        return;
    // What the file says is over, and must not come back at the next start.
    std::error_code ignored;
    std::filesystem::remove(x_path, ignored);
    log::warning("state_not_saved",
                 {{"file", x_path},
                  {"error", error},
                  {"effect", "a crash would lose the session and undelivered completions"}});
}

void journal::note_success() {
    ++x_writes;
    if (std::exchange(x_failing, false))
        log::info("state_saved_again", {{"file", x_path}, {"failures", x_failures}});
}

}  // namespace nullworker::app
