#pragma once

#include <follow/roster.hpp>
#include <follow/state_file.hpp>
#include <follow/state_text.hpp>
#include <nullworker/base/asio.hpp>
#include <nullworker/base/interruption.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace nullworker::client {

// What `follow` remembers of its sessions, for the next one to go on with. Before it has taken a file it
// remembers nothing, and says of everything that it is done.
class follow_memory {
public:
    using told = std::function<void(const std::string& what)>;

    // Writes what `sessions`, which outlives it, says of them. `note` hears what a person should know.
    follow_memory(asio::any_io_executor executor, const roster& sessions, told note)
        : x_executor(std::move(executor)), x_roster(sessions), x_note(std::move(note)) {}

    struct file {
        std::string path;
        state_owner owner;
        std::string depth;  // the line, by which those that follow the same queue know each other
    };
    struct taken {
        std::optional<int> ended;              // the exit code, where there is no more to do
        std::map<int, kept_session> sessions;  // what a former process left
    };
    // Waits until nobody else has the file, and reads it. To be called once.
    [[nodiscard]] asio::awaitable<taken> take(file from, interruption& stop);

    // Writes it before anything is done with it: whether it is written.
    [[nodiscard]] asio::awaitable<bool> save_first(int number, kept_session& one);

    void save(int number, kept_session& one);

    // Writes what was heard of it, where that is worth a line.
    void save_what_was_heard(int number, kept_session& one);

    void drop(int number);

    [[nodiscard]] bool can_write() const { return !x_file || !x_file->is_failing(); }

    // Tries to write what could not be written.
    void retry();

    // Waits until all is written, for some seconds at most; whether it is.
    [[nodiscard]] asio::awaitable<bool> settle();

    [[nodiscard]] const std::string& path() const { return x_file->path(); }

private:
    asio::awaitable<std::optional<int>> lock(std::string depth, interruption& stop);
    void tell_of_trouble(const std::string& why);
    const kept_session& synced(int number, kept_session& one) const;

    asio::any_io_executor x_executor;
    const roster& x_roster;
    told x_note;
    std::optional<state_file> x_file;
};

}  // namespace nullworker::client
