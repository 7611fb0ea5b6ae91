#pragma once

#include <nullworker/base/asio.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/base/side_thread.hpp>
#include <nullworker/base/trouble.hpp>
#include <nullworker/journal/state_format.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/resumption.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::journal {

struct journal_settings {
    std::string directory;  // made if need be; empty: nothing is kept
    std::int64_t container_id = 0;
    durability wanted = durability::process;
};

class state_folder;

// Keeps what must survive the process in one file, `state-<container id>.json`. A thread of its own writes
// it, so that a disk that hangs holds up nobody for more than a second. Where it cannot be written the worker
// goes on from memory: one warning, a count, and a line when writing works again.
class journal {
public:
    // Throws already_running when another process keeps the state of this container in the same directory,
    // and startup_error when the directory does not answer within 10 s. `on_change` is called whenever
    // `why_failing()` changed, but not before the first `prepare` or `save`.
    journal(
        const asio::any_io_executor& executor, journal_settings settings,
        std::function<void()> on_change = [] {});
    ~journal();

    struct recovered {
        reservation::former_desk left;
        reservation::clock_continuity clocks;
        bool has_consumer = false;  // that gave a sign of life in this run of the container
    };

    // What the last process left, or nothing. A file that cannot be used, or is another container's, is
    // renamed to `….set-aside` and logged. Waits for the disk as the constructor does.
    [[nodiscard]] std::optional<recovered> load();

    // The consumer gave a sign of life, which is written with the next state.
    void note_consumer() noexcept { x_owner.has_consumer = true; }

    // Writes a state that may be in the file already, so that a disk of no use is found out, and so that both
    // the file and the one it is exchanged with have their place should the disk be full later.
    void prepare(const reservation::desk& desk, instant now);

    // Has the desk's state written: begun when the handler is done that changed it, so that one request means
    // one write. Of states that come while one is being written the last is next. `desk` outlives the event
    // loop.
    void save(const reservation::desk& desk, instant now);

    // The same some milliseconds later, if nothing was saved meanwhile, and ten times a second at most: for
    // what a crash may undo, as a debt that is then told of twice, or a client's renewal. Nobody is to wait
    // for that behind it.
    void save_soon(const reservation::desk& desk);

    // Returns once what was saved so far survives the process, or cannot: at once while the disk hangs, and a
    // second after it began to at the latest.
    [[nodiscard]] asio::awaitable<void> until_kept();

    // How often `save` was called.
    [[nodiscard]] std::uint64_t changes() const noexcept { return x_changes; }

    [[nodiscard]] bool enabled() const noexcept { return x_folder != nullptr; }
    [[nodiscard]] bool failing() const noexcept { return static_cast<bool>(x_trouble); }

    // Why the state is not kept; none while it is.
    [[nodiscard]] const trouble& why_failing() const noexcept { return x_trouble; }

    [[nodiscard]] std::uint64_t writes() const noexcept { return x_writes; }
    [[nodiscard]] std::uint64_t failures() const noexcept { return x_failures; }

private:
    // The undelivered completions as rows of the file, each made once.
    class rows {
    public:
        [[nodiscard]] std::string_view of(const reservation::completion_outbox& outbox);

    private:
        std::string x_text;               // every row with a comma behind it
        std::deque<std::size_t> x_sizes;  // of each, the comma included
        std::uint64_t x_first = 0;        // the sequence number of the first
    };

    enum class occasion { start, change };

    void at_start(std::function<void()> job);
    void note_change(const reservation::desk& desk, instant now);
    void begin_what_is_due();
    void begin_write(occasion why);
    void bound_write();
    void written(std::uint64_t number, error_code failure, error_code still_stands);
    void hang();
    void set_aside(const std::string& reason);
    void note_failure(const std::string& error);
    [[nodiscard]] log::level loudness();
    void note_success();

    std::shared_ptr<state_folder> x_folder;  // null: nothing is kept
    std::int64_t x_container_id;
    std::function<void()> x_on_change;
    state_owner x_owner;
    rows x_rows;

    const reservation::desk* x_desk = nullptr;  // whose state is to be written
    instant x_changed;                          // when it changed last
    std::uint64_t x_changes = 0;                // the number of that state
    std::uint64_t x_kept = 0;                   // of the last one that was written, or could not be
    std::uint64_t x_being_written = 0;          // of the last one whose write began
    bool x_is_due = false;                      // a write is to begin when this handler is done
    bool x_writing = false;
    bool x_is_bounded = false;  // by x_patience; not where it is done before anybody could wait for it
    bool x_hanging = false;     // the write that is under way takes more than a second
    asio::steady_timer x_patience;
    asio::steady_timer x_soon;
    bool x_has_soon = false;                               // something is to be saved when x_soon expires
    std::chrono::steady_clock::time_point x_soon_again{};  // when that may be at the earliest
    asio::steady_timer x_settled;  // never expires; cancelled when x_kept or x_hanging changed

    trouble x_trouble = trouble::none();
    std::chrono::steady_clock::time_point x_quiet_until{};  // for failures that come and go
    std::uint64_t x_writes = 0;
    std::uint64_t x_failures = 0;

    side_thread x_thread;
};

}  // namespace nullworker::journal
