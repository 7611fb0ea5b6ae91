#pragma once

#include <nullworker/base/file.hpp>
#include <nullworker/base/log.hpp>
#include <nullworker/journal/state_format.hpp>
#include <nullworker/reservation/desk.hpp>
#include <nullworker/reservation/resumption.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace nullworker::journal {

struct journal_settings {
    std::string directory;  // made if need be; empty: nothing is kept
    std::int64_t container_id = 0;
    durability wanted = durability::process;
};

// Keeps what must survive the process in one file, `state-<container id>.json`. Where it cannot write, the
// worker goes on from memory: one warning, a count, and a line when writing works again.
class journal {
public:
    // Throws startup_error when another process keeps the state of this container in the same directory.
    explicit journal(journal_settings settings);

    struct recovered {
        reservation::former_desk left;
        reservation::clock_continuity clocks;
    };

    // What the last process left, or nothing. A file that cannot be used, or is another container's, is
    // renamed to `….set-aside` and logged.
    [[nodiscard]] std::optional<recovered> load();

    // Writes a state that may be in the file already, so that a disk of no use is found out, and so that both
    // the file and the one it is exchanged with have their place should the disk be full later.
    void prepare(const reservation::desk& desk, instant now);

    // Writes the desk's state. On return it survives the process, or the failure is counted, and what the
    // file said until then is void.
    void save(const reservation::desk& desk, instant now);

    [[nodiscard]] bool enabled() const noexcept { return !x_settings.directory.empty(); }
    [[nodiscard]] bool failing() const noexcept { return x_failing; }
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

    bool write(const reservation::desk& desk, instant now);
    void retire();
    void set_aside(const std::string& reason);
    void note_failure(const std::string& error);
    [[nodiscard]] log::level loudness();
    void note_success();

    journal_settings x_settings;
    state_owner x_owner;
    std::string x_path;
    file_lock x_lock;
    rows x_rows;
    bool x_failing = false;
    std::chrono::steady_clock::time_point x_quiet_until{};  // for failures that come and go
    std::uint64_t x_writes = 0;
    std::uint64_t x_failures = 0;
};

}  // namespace nullworker::journal
