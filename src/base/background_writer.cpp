#include "quiet_thread.hpp"

#include <nullworker/base/background_writer.hpp>

#include <cerrno>
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
    bool dozes = false;  // looks by itself whether there is something, a little later
    bool ends = false;
    bool hurries = false;  // somebody waits until all is written

    [[nodiscard]] bool has_work() const { return !waiting.empty() || told != dropped; }

    void run();
    void write_all(std::string_view text) const;
};

// Texts that cannot be written are lost: there is nobody to tell.
void background_writer::shared::write_all(std::string_view text) const {
    while (!text.empty()) {
        const auto written = ::write(number, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {  // whoever opened it made it so
            pollfd ready{number, POLLOUT, 0};
            (void)::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

void background_writer::shared::run() {
    std::string text;
    std::unique_lock held(lock);
    for (;;) {
        // To be woken for each of many texts would cost their writer more than the texts.
        dozes = true;
        changed.wait_for(held, nap, [this] { return ends || hurries; });
        dozes = false;
        changed.wait(held, [this] { return has_work() || ends; });
        if (!has_work())
            return;
        text.swap(waiting);
        // Texts were dropped because those before them filled the buffer.
        const auto missing = dropped - std::exchange(told, dropped);
        writes = true;
        held.unlock();
        write_all(text);
        if (missing != 0)
            write_all(tell(missing));
        text.clear();
        held.lock();
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
        x_shared->has_thread = begin_quiet_thread([state = x_shared] { state->run(); });
        return;
    }
    const bool sleeps = !x_shared->writes && !x_shared->dozes;
    held.unlock();
    // Woken under the lock it would have to sleep once more.
    if (sleeps)
        x_shared->changed.notify_all();
}

bool background_writer::flush(std::chrono::steady_clock::duration patience) {
    std::unique_lock held(x_shared->lock);
    x_shared->hurries = true;
    x_shared->changed.notify_all();
    return x_shared->changed.wait_for(held, patience, [this] {
        return !x_shared->has_thread || (!x_shared->writes && !x_shared->has_work());
    });
}

std::uint64_t background_writer::dropped() const {
    const std::scoped_lock held(x_shared->lock);
    return x_shared->dropped;
}

}  // namespace nullworker
