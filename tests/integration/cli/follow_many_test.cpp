#include "simulated_endpoint.hpp"
#include "support/program.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/base/descriptor.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// A `follow` with more sessions than anybody looks at.
namespace nullworker::test {
namespace {

constexpr std::size_t crowd_size = 1000;
// Some seconds where nobody else wants the processor.
constexpr std::chrono::seconds longest_opening{180};

// A thousand workers that answer while the test waits for a program.
class crowd_in_a_thread {
    template <class Work>
    auto with(Work work) {
        return asio::post(x_loop, asio::use_future(std::move(work))).get();
    }

public:
    crowd_in_a_thread() : x_endpoint(x_loop.get_executor(), crowd_size), x_thread([this] { x_loop.run(); }) {
        (void)with([this] {
            x_endpoint.on_change([this] {
                const std::scoped_lock held(x_lock);
                x_held = x_endpoint.held();
                x_looks = x_endpoint.counted().looks;
                x_changed.notify_all();
            });
            return true;
        });
    }
    ~crowd_in_a_thread() {
        asio::co_spawn(x_loop, x_endpoint.stop(), asio::use_future).get();
        x_work.reset();
        x_thread.join();
    }
    crowd_in_a_thread(const crowd_in_a_thread&) = delete;
    crowd_in_a_thread& operator=(const crowd_in_a_thread&) = delete;

    [[nodiscard]] std::string origin() {
        return with([this] { return x_endpoint.origin(); });
    }
    [[nodiscard]] std::size_t connections() {
        return with([this] { return x_endpoint.connections(); });
    }
    [[nodiscard]] bench::simulated_endpoint::figures counted() {
        return with([this] { return x_endpoint.counted(); });
    }

    // Waits until so many sessions are open, and each was looked at so often on average.
    [[nodiscard]] bool until(std::size_t held, std::size_t looks) {
        std::unique_lock lock(x_lock);
        return x_changed.wait_for(lock, longest_opening,
                                  [&] { return x_held == held && x_looks >= looks * crowd_size; });
    }

private:
    asio::io_context x_loop;
    asio::executor_work_guard<asio::io_context::executor_type> x_work{x_loop.get_executor()};
    bench::simulated_endpoint x_endpoint;
    std::mutex x_lock;
    std::condition_variable x_changed;
    std::size_t x_held = 0;
    std::size_t x_looks = 0;
    std::thread x_thread;
};

class follow_many : public testing::Test {
protected:
    // `nullworker follow`, where no more files may be open than `files` says to ulimit.
    std::vector<std::string> follow(const std::string& files) {
        return {"/bin/sh", "-c",
                "ulimit " + files + " && exec " NULLWORKER_PROGRAM " follow --max " +
                    std::to_string(crowd_size) + " --depth 'echo " + std::to_string(crowd_size) +
                    "' --interval 1 --route-rate 100000" + " --endpoint " + bench::simulated_endpoint::name +
                    " --api-key account-key" + " --autoscaler-url " + x_crowd.origin() + " --console-url " +
                    x_crowd.origin() + " --state " + x_files.file("state")};
    }

    temporary_directory x_files;
    crowd_in_a_thread x_crowd;
};

TEST_F(follow_many, holds_a_thousand_sessions_a_connection_each_and_gives_them_all_back) {
    if (take_descriptors(2 * crowd_size).value_or(0) < 2 * crowd_size)
        GTEST_SKIP() << "no more files may be open here than " << 2 * crowd_size;
    program following(follow("-Sn 256"));
    ASSERT_TRUE(x_crowd.until(crowd_size, 2)) << following.out();
    EXPECT_GT(x_crowd.connections(), crowd_size / 2) << "they are kept, beyond the soft limit of files";
    EXPECT_LT(x_crowd.connections(), crowd_size + 100);
    following.signal(SIGTERM);
    EXPECT_EQ(following.wait(), 0) << following.out().substr(0, 2000);
    EXPECT_TRUE(x_crowd.until(0, 0));
    EXPECT_EQ(x_crowd.counted().lost, 0U) << "each was renewed in time";
}

TEST_F(follow_many, shares_its_connections_and_says_so_where_the_hard_limit_is_lower) {
    if (take_descriptors(2 * crowd_size).value_or(0) < 2 * crowd_size)
        GTEST_SKIP() << "no more files may be open here than " << 2 * crowd_size;
    program following(follow("-n 256"));
    following.wait_for("and the hard limit is 256: sessions share 128 connections");
    ASSERT_TRUE(x_crowd.until(crowd_size, 2)) << following.out();
    EXPECT_LE(x_crowd.connections(), 256U) << "their end is heard later than the next one's beginning";
    following.signal(SIGTERM);
    EXPECT_EQ(following.wait(), 0) << following.out().substr(0, 2000);
    EXPECT_TRUE(x_crowd.until(0, 0));
}

}  // namespace
}  // namespace nullworker::test
