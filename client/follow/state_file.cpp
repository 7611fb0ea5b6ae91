#include <follow/state_file.hpp>
#include <nullworker/base/deadline.hpp>
#include <nullworker/base/environment.hpp>
#include <nullworker/base/error.hpp>
#include <nullworker/base/tidied.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest = 256 * 1024 * 1024;
constexpr std::size_t least_to_compact = 64 * 1024;

// Longer than a busy disk takes; who waits for a line does not wait for ever.
constexpr auto longest_write = 10s;

// What is heard of a session is told again soon: it need not queue for a disk that hangs.
constexpr std::size_t most_waiting = 10'000;

// An error that is a value, and not why there is none. It cannot be made of one by mistake.
struct written {
    written() = default;

    error_code failed;
};

std::string boot_id() {
    constexpr std::size_t longest = 4096;
    const auto id = read_file("/proc/sys/kernel/random/boot_id", longest);
    return id ? tidied(*id, leftovers::line_ends).text : std::string();
}

// Where HOME is not set, as a shell's ~ does it. Without the system's look-up, which a static program has
// not.
std::string home_folder() {
    constexpr std::size_t longest = 1024 * 1024;
    constexpr int place = 5;  // of the fields between colons
    if (auto home = path_in_environment("HOME"); !home.empty())
        return home;
    const auto text = read_file("/etc/passwd", longest);
    std::istringstream users(text ? *text : std::string());
    for (std::string line; std::getline(users, line);) {
        std::istringstream fields(line);
        std::array<std::string, place + 1> field;
        for (auto& one : field)
            std::getline(fields, one, ':');
        if (field[2] == std::to_string(::geteuid()))
            return field[place];
    }
    return {};
}

std::string holder_text(const state_holder& us) {
    return us.pid + ' ' + us.host + ' ' + us.depth + '\n';
}

state_holder read_holder(const std::string& path) {
    constexpr std::size_t longest = 4096;
    state_holder out;
    const auto text = read_own_file(path, longest);
    if (text)
        std::istringstream(*text) >> out.pid >> out.host >> out.depth;
    return out;
}

// Nothing where there is no file.
outcome<std::optional<std::map<int, kept_session>>> read_sessions(const std::string& path,
                                                                  const std::string& boot,
                                                                  const state_owner& owner, instant time) {
    const auto text = read_own_file(path, largest);
    if (!text && text.error() == boost::system::errc::no_such_file_or_directory)
        return std::optional<std::map<int, kept_session>>();
    if (!text)
        return failure{text.error().message()};
    auto found = read_state_text(*text, boot, owner, time);
    if (!found)
        return found.error();
    return std::optional(std::move(*found));
}

error_code make_folder_of(const std::string& path) {
    namespace fs = std::filesystem;
    const auto folder = fs::path(path).parent_path();
    std::error_code failed;
    if (folder.empty() || fs::exists(folder, failed))
        return {};
    fs::create_directories(folder, failed);
    if (!failed)
        fs::permissions(folder, fs::perms::owner_all, failed);
    return failed ? error_code(failed.value(), boost::system::system_category()) : error_code();
}

}  // namespace

// All that the thread works on.
struct state_file::book {
    std::string path;
    std::string boot;
    state_owner owner;
    file_lock held;
    appended_file log;
    state_digest digest;
    std::size_t size = 0;  // of the file
    bool whole = false;    // the file has all that the digest has

    // Appends a line that the digest has already; where that does not do, the file is written anew.
    error_code append(const std::string& line) {
        const auto small = std::max(2 * digest.size(), least_to_compact);
        if (!whole || size + line.size() > small)
            return rewrite();
        if (const auto failed = log.append(line)) {
            whole = false;  // it may be there in part
            return rewrite() ? failed : error_code();
        }
        size += line.size();
        return {};
    }

    error_code rewrite() {
        const auto text = state_head(boot, owner) + digest.text();
        whole = false;
        auto failed = replace_file(path, text, durability::process);
        if (failed == boost::system::errc::no_such_file_or_directory && !make_folder_of(path))
            failed = replace_file(path, text, durability::process);
        if (failed)
            return failed;
        auto opened = appended_file::open(path);
        if (!opened)
            return opened.error();
        log = std::move(*opened);
        size = text.size();
        whole = true;
        return {};
    }
};

state_file::state_file(asio::any_io_executor executor, std::string path, state_owner owner, told on_trouble)
    : x_path(std::move(path)),
      x_on_trouble(std::move(on_trouble)),
      x_book(std::make_shared<book>()),
      x_thread(std::move(executor)) {
    x_book->path = x_path;
    x_book->boot = boot_id();
    x_book->owner = std::move(owner);
}

asio::awaitable<outcome<std::optional<state_holder>>> state_file::lock(state_holder us) {
    using answer = outcome<std::optional<state_holder>>;
    std::function<answer()> job = [shared = x_book, us = std::move(us)]() -> answer {
        const auto path = shared->path + ".lock";
        if (const auto failed = make_folder_of(path))
            return failure{failed.message()};
        auto lock = file_lock::take(path);
        if (!lock && lock.error() == errc::file_in_use)
            return std::optional(read_holder(path));
        if (!lock)
            return failure{lock.error().message()};
        shared->held = std::move(*lock);
        (void)shared->held.write(holder_text(us));
        return std::optional<state_holder>();
    };
    auto heard = co_await x_thread.call(std::move(job));
    if (!heard)
        co_return failure{heard.error().message()};
    co_return std::move(*heard);
}

asio::awaitable<outcome<std::map<int, kept_session>>> state_file::open() {
    using answer = outcome<std::map<int, kept_session>>;
    std::function<answer()> job = [shared = x_book]() -> answer {
        const auto time = now();
        auto found = read_sessions(shared->path, shared->boot, shared->owner, time);
        if (!found)
            return found.error();
        if (!*found)
            return std::map<int, kept_session>();
        for (const auto& [number, one] : **found)
            shared->digest.put(number, state_line(number, one, time));
        return std::move(**found);
    };
    auto heard = co_await x_thread.call(std::move(job));
    if (!heard)
        co_return failure{heard.error().message()};
    // Whether it can be written is known before anything is opened.
    if (*heard)
        (void)co_await settle();
    co_return std::move(*heard);
}

void state_file::put(int number, const kept_session& one) {
    note([number, line = state_line(number, one, now())](book& all) {
        all.digest.put(number, line);
        return all.append(line);
    });
}

void state_file::hear(int number, const roster_entry& entry) {
    if (x_waiting > most_waiting)
        return;
    note([number, line = heard_line(number, entry, now())](book& all) {
        all.digest.hear(number, line);
        return all.append(line);
    });
}

void state_file::drop(int number) {
    note([number](book& all) {
        all.digest.drop(number);
        return all.append(gone_line(number));
    });
}

void state_file::retry() {
    note([](book& all) { return all.append({}); });
}

asio::awaitable<bool> state_file::put_first(int number, const kept_session& one) {
    std::function<error_code(book&)> job = [number, line = state_line(number, one, now())](book& all) {
        all.digest.put(number, line);
        return all.append(line);
    };
    return write(std::move(job));
}

asio::awaitable<bool> state_file::settle() {
    std::function<error_code(book&)> job = [](book& all) { return all.append({}); };
    return write(std::move(job));
}

void state_file::note(std::function<error_code(book&)> job) {
    ++x_waiting;
    const auto failed = std::make_shared<error_code>();
    std::function<void()> work = [shared = x_book, failed, job = std::move(job)] { *failed = job(*shared); };
    std::function<void()> done = [this, failed] {
        --x_waiting;
        tell(*failed);
    };
    x_thread.run(std::move(work), std::move(done));
}

asio::awaitable<bool> state_file::write(std::function<error_code(book&)> job) {
    std::function<written()> work = [shared = x_book, job = std::move(job)] {
        written out;
        out.failed = job(*shared);
        return out;
    };
    auto writing = x_thread.call(std::move(work));
    const auto heard = co_await within(longest_write, std::move(writing));
    const error_code failed = heard ? heard->failed : heard.error();
    tell(failed);
    co_return !failed;
}

void state_file::tell(const error_code& failed) {
    if (std::exchange(x_failing, static_cast<bool>(failed)) != static_cast<bool>(failed))
        x_on_trouble(failed ? failed.message() : std::string());
}

outcome<std::optional<std::map<int, kept_session>>> look_into_state_file(const std::string& path,
                                                                         const state_owner& owner) {
    return read_sessions(path, boot_id(), owner, now());
}

std::string usual_state_file(const std::string& autoscaler, std::int64_t endpoint_id) {
    auto folder = path_in_environment("XDG_STATE_HOME");
    if (!std::filesystem::path(folder).is_absolute())  // which its specification has ignored
        folder.clear();
    if (const auto home = home_folder(); folder.empty() && !home.empty())
        folder = home + "/.local/state";
    if (folder.empty())
        return {};
    std::string where =
        autoscaler.substr(autoscaler.find("://") == std::string::npos ? 0 : autoscaler.find("://") + 3);
    std::replace_if(
        where.begin(), where.end(), [](unsigned char c) { return !std::isalnum(c) && c != '.' && c != '-'; },
        '_');
    return folder + "/nullworker/follow-" + where + "-" + std::to_string(endpoint_id);
}

// FNV-1a: it keeps no secret, but shows none.
std::string fingerprint_of(const std::string& command) {
    std::uint64_t sum = 0xcbf29ce484222325;
    for (const unsigned char c : command)
        sum = (sum ^ c) * 0x100000001b3;
    std::array<char, 17> out{};
    (void)std::snprintf(out.data(), out.size(), "%016llx", static_cast<unsigned long long>(sum));
    return out.data();
}

}  // namespace nullworker::client
