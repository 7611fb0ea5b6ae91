#include "quiet_thread.hpp"

#include <nullworker/base/side_thread.hpp>

#include <boost/asio/post.hpp>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>

namespace nullworker {
namespace {

struct job_and_sequel {
    std::function<void()> job;
    std::function<void()> done;
};

}  // namespace

// What the thread keeps alive for as long as it is stuck.
struct side_thread::shared : std::enable_shared_from_this<shared> {
    explicit shared(asio::any_io_executor executor) : loop(std::move(executor)) {}

    std::mutex lock;
    std::condition_variable changed;
    std::deque<job_and_sequel> waiting;
    std::optional<asio::any_io_executor> loop;  // nothing once the owner is gone, and perhaps the loop, too
    bool has_thread = false;

    void run();
};

void side_thread::shared::run() {
    std::unique_lock held(lock);
    for (;;) {
        changed.wait(held, [this] { return !waiting.empty() || !loop; });
        if (!loop)
            return;
        auto next = std::move(waiting.front());
        waiting.pop_front();
        held.unlock();
        next.job();
        next.job = nullptr;
        held.lock();
        if (!loop)
            return;
        asio::post(*loop, [self = shared_from_this(), done = std::move(next.done)] {
            // The owner goes on the event loop, too: it cannot do so meanwhile.
            if (self->loop)
                done();
        });
    }
}

side_thread::side_thread(asio::any_io_executor executor)
    : x_executor(executor), x_shared(std::make_shared<shared>(std::move(executor))) {}

side_thread::~side_thread() {
    const std::scoped_lock held(x_shared->lock);
    x_shared->loop.reset();
    x_shared->waiting.clear();
    x_shared->changed.notify_all();
}

void side_thread::run(std::function<void()> job, std::function<void()> done) {
    const std::scoped_lock held(x_shared->lock);
    x_shared->waiting.push_back({std::move(job), std::move(done)});
    x_shared->changed.notify_all();
    if (!x_shared->has_thread)
        x_shared->has_thread = begin_quiet_thread([state = x_shared] { state->run(); });
}

bool side_thread::run_before_all(std::function<void()> job, std::chrono::steady_clock::duration patience) {
    auto finished = std::make_shared<std::promise<void>>();
    auto waiting = finished->get_future();
    run(
        [job = std::move(job), finished] {
            job();
            finished->set_value();
        },
        [] {});
    return waiting.wait_for(patience) == std::future_status::ready;
}

}  // namespace nullworker
