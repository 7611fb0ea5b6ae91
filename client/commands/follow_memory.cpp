#include <commands/follow_memory.hpp>
#include <terminal/runner.hpp>

#include <array>
#include <chrono>
#include <utility>

#include <unistd.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr auto lock_every = 1s;
constexpr auto tell_of_the_lock_every = 60s;

// How far an expiry moves before it is worth a line in the file: its time runs by itself.
constexpr auto worth_a_line = 1s;

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "?";
}

}  // namespace

asio::awaitable<follow_memory::taken> follow_memory::take(file from, interruption& stop) {
    taken out;
    state_file::told on_trouble = [this](const std::string& why) { tell_of_trouble(why); };
    x_file.emplace(x_executor, std::move(from.path), std::move(from.owner), std::move(on_trouble));
    out.ended = co_await lock(std::move(from.depth), stop);
    if (out.ended)
        co_return out;
    auto found = co_await x_file->open();
    if (found) {
        out.sessions = std::move(*found);
    } else {
        x_note("cannot read " + path() + ": " + found.error().message +
               "; say another --state FILE, or remove it when no session of it is open any more");
        out.ended = exit_usage;
    }
    co_return out;
}

asio::awaitable<std::optional<int>> follow_memory::lock(std::string depth, interruption& stop) {
    const state_holder us{std::to_string(::getpid()), host_name(), fingerprint_of(depth)};
    auto tell_at = steady::now();
    std::string differs;  // the process that follows something else, by what was read last
    for (;;) {
        auto trying = x_file->lock(us);
        const auto tried = co_await unless_stopped(stop, std::move(trying));
        if (!tried)
            co_return exit_done;
        if (!*tried) {
            x_note("cannot lock " + path() + ".lock: " + tried->error().message + "; say --state FILE");
            co_return exit_usage;
        }
        const auto& holder = **tried;
        if (!holder)
            co_return std::nullopt;
        // Who has just got the lock has not said yet who he is.
        const bool other = !holder->depth.empty() && holder->depth != us.depth;
        if (other && std::exchange(differs, holder->pid) == holder->pid) {
            x_note("process " + holder->pid + " on " + holder->host + " has " + path() +
                   " for another --depth: give each its own --state FILE");
            co_return exit_usage;
        }
        if (steady::now() >= tell_at && !other) {
            x_note("standing by: process " + holder->pid + " on " + holder->host + " has " + path());
            tell_at = steady::now() + tell_of_the_lock_every;
        }
        co_await stop.wait_for(lock_every);
        if (stop.requested())
            co_return exit_done;
    }
}

void follow_memory::tell_of_trouble(const std::string& why) {
    x_note(why.empty()
               ? path() + " can be written again"
               : "cannot write " + path() + ": " + why + "; what is held stays, and nothing new is opened");
}

asio::awaitable<bool> follow_memory::save_first(int number, kept_session& one) {
    if (!x_file)
        co_return true;
    const auto& now_written = synced(number, one);
    co_return co_await x_file->put_first(number, now_written);
}

void follow_memory::save(int number, kept_session& one) {
    if (x_file)
        x_file->put(number, synced(number, one));
}

const kept_session& follow_memory::synced(int number, kept_session& one) const {
    one.entry = x_roster.at(number);
    return one;
}

void follow_memory::save_what_was_heard(int number, kept_session& one) {
    const auto& entry = x_roster.at(number);
    auto& written = one.entry;
    const bool as_written = written.retiring == entry.retiring && written.lost == entry.lost &&
                            written.unwanted == entry.unwanted;
    if (!as_written) {
        save(number, one);
    } else if (x_file && std::chrono::abs(entry.until - written.until) > worth_a_line) {
        written.until = entry.until;
        x_file->hear(number, entry);
    }
}

void follow_memory::drop(int number) {
    if (x_file)
        x_file->drop(number);
}

void follow_memory::retry() {
    if (!can_write())
        x_file->retry();
}

asio::awaitable<bool> follow_memory::settle() {
    if (!x_file)
        co_return true;
    co_return co_await x_file->settle();
}

}  // namespace nullworker::client
