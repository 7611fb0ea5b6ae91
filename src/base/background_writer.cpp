#include "quiet_thread.hpp"

#include <nullworker/base/background_writer.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace nullworker {
namespace {

constexpr std::chrono::milliseconds nap(2);

}  // namespace

// What the thread keeps alive for as long as it is stuck.
struct background_writer::shared {
    shared(int descriptor, std::size_t size, std::function<std::string(std::uint64_t)> notice)
        : number(descriptor), most(size), tell(std::move(notice)) {}

    const int number;
    const std::size_t most;
    const std::function<std::string(std::uint64_t)> tell;

    std::mutex lock;
    std::condition_variable changed;
    std::string waiting;        // to be written, behind what is being written
    std::uint64_t dropped = 0;  // so far
    std::uint64_t told = 0;     // of those, how many the reader knows of
    bool has_thread = false;
    bool writes = false;
    bool is_called = false;  // somebody sees to it that it wakes
    bool dozes = false;      // knows that there is something, and takes it a little later
    bool ends = false;
    bool hurries = false;  // somebody waits until all is written
    bool failed = false;

    [[nodiscard]] bool has_work() const { return !waiting.empty() || told != dropped; }

    void run();
    [[nodiscard]] bool write_all(std::string_view text) const;
    void write_without_thread(std::chrono::steady_clock::duration patience);
};

// False where a part of it is lost.
bool background_writer::shared::write_all(std::string_view text) const {
    while (!text.empty()) {
        const auto written = ::write(number, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // whoever opened it made it so
            pollfd ready{number, POLLOUT, 0};
            (void)::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

// Writes what the reader takes within `patience`, as much at a time as no pipe makes anybody wait for.
void background_writer::shared::write_without_thread(std::chrono::steady_clock::duration patience) {
    using clock = std::chrono::steady_clock;
    const auto until = clock::now() + patience;
    while (has_work()) {
        if (waiting.empty())
            waiting = tell(dropped - std::exchange(told, dropped));
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
        pollfd ready{number, POLLOUT, 0};
        if (::poll(&ready, 1, static_cast<int>(std::max<long>(left, 0))) <= 0)
            return;
        const auto written = ::write(number, waiting.data(), std::min<std::size_t>(waiting.size(), PIPE_BUF));
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            failed = true;
            waiting.clear();
        }
        waiting.erase(0, static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
}

void background_writer::shared::run() {
    std::string text;
    std::unique_lock held(lock);
    for (;;) {
        changed.wait(held, [this] { return has_work() || ends; });
        if (!has_work())
            return;
        // To be woken for each of many texts would cost their writer more than the texts, and just now it is
        // about what they tell of.
        is_called = false;
        dozes = true;
        changed.wait_for(held, nap, [this] { return ends || hurries; });
        dozes = false;
        text.swap(waiting);
        // Texts were dropped because those before them filled the buffer.
        const auto missing = dropped - std::exchange(told, dropped);
        writes = true;
        held.unlock();
        bool is_written = write_all(text);
        if (missing != 0)
            is_written = write_all(tell(missing)) && is_written;
        text.clear();
        held.lock();
        failed = failed || !is_written;
        writes = false;
        if (!has_work())
            hurries = false;
        changed.notify_all();
    }
}

background_writer::background_writer(int descriptor, std::size_t most,
                                     std::function<std::string(std::uint64_t)> tell)
    : x_shared(std::make_shared<shared>(descriptor, most, std::move(tell))) {}

background_writer::~background_writer() {
    const std::scoped_lock held(x_shared->lock);
    x_shared->ends = true;
    x_shared->changed.notify_all();
}

void background_writer::write(std::string_view text) {
    std::unique_lock held(x_shared->lock);
    if (x_shared->waiting.size() + text.size() > x_shared->most) {
        ++x_shared->dropped;
        return;
    }
    x_shared->waiting += text;
    if (!x_shared->has_thread) {
        x_shared->has_thread = !begin_quiet_thread([state = x_shared] { state->run(); });
        if (!x_shared->has_thread)
            x_shared->write_without_thread({});
        return;
    }
    if (x_shared->writes || x_shared->dozes || std::exchange(x_shared->is_called, true))
        return;
    held.unlock();
    // Woken under the lock it would have to sleep once more.
    if (x_call)
        x_call();
    else
        wake();
}

void background_writer::call_by(std::function<void()> call) {
    x_call = std::move(call);
    wake();
}

void background_writer::wake() {
    x_shared->changed.notify_all();
}

bool background_writer::is_done() {
    const std::scoped_lock held(x_shared->lock);
    if (!x_shared->has_thread)
        x_shared->write_without_thread({});
    const bool done = !x_shared->writes && !x_shared->has_work();
    x_shared->hurries = !done;
    if (!done)
        x_shared->changed.notify_all();
    return done;
}

bool background_writer::flush(std::chrono::steady_clock::duration patience) {
    std::unique_lock held(x_shared->lock);
    if (!x_shared->has_thread) {
        x_shared->write_without_thread(patience);
        return !x_shared->has_work();
    }
    x_shared->hurries = true;
    x_shared->changed.notify_all();
    return x_shared->changed.wait_for(held, patience,
                                      [this] { return !x_shared->writes && !x_shared->has_work(); });
}

bool background_writer::has_failed() const {
    const std::scoped_lock held(x_shared->lock);
    return x_shared->failed;
}

std::uint64_t background_writer::dropped() const {
    const std::scoped_lock held(x_shared->lock);
    return x_shared->dropped;
}

}  // namespace nullworker
