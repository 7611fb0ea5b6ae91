#include "quiet_thread.hpp"

#include <nullworker/base/log.hpp>
#include <nullworker/base/side_thread.hpp>

#include <boost/asio/post.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace nullworker {
namespace {

// To be woken takes longer than most jobs. Where they follow each other closely the thread stays awake for
// the next.
constexpr std::chrono::microseconds awake_for(600);

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
    std::atomic<bool> has_more = false;          // there are some waiting: to be looked at without the lock
    std::deque<std::function<void()>> finished;  // the sequels of jobs, until the owner hears of them
    std::atomic<bool> has_finished = false;      // there are some: to be looked at without the lock
    bool is_watched = false;                     // the owner looks by itself
    std::optional<asio::any_io_executor> loop;   // nothing once the owner is gone, and perhaps the loop, too

    void run();
    void finish(std::function<void()> sequel);
    void stay_awake() const;
    void tell_owner();
};

// Called under the lock, or where there is no thread: the loop is there.
void side_thread::shared::finish(std::function<void()> sequel) {
    finished.push_back(std::move(sequel));
    if (!is_watched)
        asio::post(*loop, [self = shared_from_this()] { self->tell_owner(); });
}

// On the event loop. The owner goes there, too: it cannot do so meanwhile, but in a sequel.
void side_thread::shared::tell_owner() {
    std::deque<std::function<void()>> those;
    {
        const std::scoped_lock held(lock);
        is_watched = false;
        has_finished = false;
        those.swap(finished);
    }
    for (auto& sequel : those)
        if (loop)
            sequel();
}

void side_thread::shared::stay_awake() const {
    const auto until = std::chrono::steady_clock::now() + awake_for;
    while (!has_more && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
}

void side_thread::shared::run() {
    std::chrono::steady_clock::time_point last;
    std::unique_lock held(lock);
    for (;;) {
        changed.wait(held, [this] { return !waiting.empty() || !loop; });
        if (!loop)
            return;
        auto next = std::move(waiting.front());
        waiting.pop_front();
        has_more = !waiting.empty();
        held.unlock();
        next.job();
        next.job = nullptr;
        held.lock();
        if (!loop)
            return;
        finish(std::move(next.done));
        held.unlock();
        has_finished = true;
        const auto now = std::chrono::steady_clock::now();
        if (now - std::exchange(last, now) < 4 * awake_for)
            stay_awake();
        held.lock();
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
    {
        const std::scoped_lock held(x_shared->lock);
        x_shared->waiting.push_back({std::move(job), std::move(done)});
    }
    // Called under the lock it would have to sleep once more.
    x_shared->has_more = true;
    x_shared->changed.notify_one();
    if (begin())
        run_here();
}

error_code side_thread::begin() {
    if (x_has_thread)
        return {};
    const auto failure = begin_quiet_thread([state = x_shared] { state->run(); });
    x_has_thread = !failure;
    static std::atomic<bool> is_told = false;
    if (failure && !is_told.exchange(true))
        log::warning("no_thread",
                     {{"error", failure.message()},
                      {"effect", "a disk that hangs holds up everything; names are not looked up"},
                      {"remedy", "allow the system calls clone3 and clone, and more threads"}});
    return failure;
}

void side_thread::watch(std::chrono::steady_clock::duration longest) {
    {
        const std::scoped_lock held(x_shared->lock);
        x_shared->is_watched = true;
        x_shared->has_finished = !x_shared->finished.empty();
    }
    const auto until = std::chrono::steady_clock::now() + longest;
    while (!x_shared->has_finished && std::chrono::steady_clock::now() < until) {
    }
    x_shared->tell_owner();
}

// There is no thread: nobody else takes jobs.
void side_thread::run_here() {
    for (auto& waiting = x_shared->waiting; !waiting.empty();) {
        auto next = std::move(waiting.front());
        waiting.pop_front();
        next.job();
        x_shared->finish(std::move(next.done));
    }
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
