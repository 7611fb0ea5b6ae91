#pragma once

#include <follow/state_text.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/clock.hpp>
#include <nullworker/base/file.hpp>
#include <nullworker/base/side_thread.hpp>
#include <vast/failure.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace nullworker::client {

// Who has a state file for himself.
struct state_holder {
    std::string pid;
    std::string host;
    std::string depth;  // a fingerprint of its command
};

// The file in which `follow` remembers its sessions: lines are appended, and what was superseded is dropped
// from time to time. A disk that hangs holds up nobody but who waits for a line.
class state_file {
public:
    using told = std::function<void(const std::string& why)>;

    // `on_trouble` hears once why a line could not be written, and once, of nothing, that they are again.
    state_file(asio::any_io_executor executor, std::string path, state_owner owner, told on_trouble);

    // Makes the folder if need be, and tries to lock the file: nothing when it is ours, else who has it.
    // Fails where it cannot be locked at all.
    [[nodiscard]] asio::awaitable<outcome<std::optional<state_holder>>> lock(state_holder us);

    // What a former process left. To be called once, with the lock held; fails where that cannot be read.
    [[nodiscard]] asio::awaitable<outcome<std::map<int, kept_session>>> open();

    // Remembers the session, or what was heard of it, or that it is gone; waits for nothing.
    void put(int number, const kept_session& one);
    void hear(int number, const roster_entry& entry);
    void drop(int number);

    // Remembers it before anything is done with it: whether it is written.
    [[nodiscard]] asio::awaitable<bool> put_first(int number, const kept_session& one);

    // Whether the last line could not be written, or takes too long.
    [[nodiscard]] bool is_failing() const noexcept { return x_failing; }

    // Tries once more to write what could not be written.
    void retry();

    // Waits until all is written, for some seconds at most; whether it is.
    [[nodiscard]] asio::awaitable<bool> settle();

    [[nodiscard]] const std::string& path() const noexcept { return x_path; }

private:
    struct book;

    void note(std::function<error_code(book&)> job);
    asio::awaitable<bool> write(std::function<error_code(book&)> job);
    void tell(const error_code& failure);

    std::string x_path;
    told x_on_trouble;
    std::shared_ptr<book> x_book;  // on the side thread alone
    side_thread x_thread;
    std::size_t x_waiting = 0;  // lines that nobody waits for, and that are not written yet
    bool x_failing = false;
};

// What is in a file now, for somebody who looks on while another process has its lock: only whole lines
// count. Nothing, and no session, where there is no file. May block.
[[nodiscard]] outcome<std::optional<std::map<int, kept_session>>> look_into_state_file(
    const std::string& path, const state_owner& owner);

// The place of a state file that was not named: below $XDG_STATE_HOME or ~/.local/state. Empty where neither
// is known.
[[nodiscard]] std::string usual_state_file(const std::string& autoscaler, std::int64_t endpoint_id);

// Tells commands apart without telling what they are.
[[nodiscard]] std::string fingerprint_of(const std::string& command);

}  // namespace nullworker::client
