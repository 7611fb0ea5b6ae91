#include "support/drive.hpp"

#include <nullworker/base/child_process.hpp>
#include <nullworker/base/process.hpp>
#include <nullworker/base/reaper.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>

#include <sys/prctl.h>

namespace nullworker {
namespace {

// Inherits what its children leave behind, as process 1 does.
class reaper_test : public testing::Test {
protected:
    reaper_test() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
    ~reaper_test() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

    static bool exists(pid_t pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

    asio::io_context loop;
};

TEST_F(reaper_test, what_a_command_left_behind_is_collected) {
    test::drive(loop, [&]() -> asio::awaitable<void> {
        reaper zombies(loop.get_executor());
        const auto ended = co_await run_shell("setsid sh -c 'exit 3' & echo $!");
        const auto orphan = static_cast<pid_t>(std::stol(ended.value().output));
        const auto beat = std::chrono::milliseconds(1);
        asio::steady_timer pause(loop);
        while (exists(orphan)) {
            pause.expires_after(beat);
            co_await pause.async_wait(asio::use_awaitable);
        }
        zombies.cancel();
    });
}

TEST_F(reaper_test, a_child_of_ours_keeps_its_status) {
    test::drive(loop, [&]() -> asio::awaitable<void> {
        child_options options;
        options.command = {"/bin/sh", "-c", "exit 7"};
        child_process child(loop.get_executor(), options);
        while (!has_ended(child.id()))
            reap_inherited();
        reap_inherited();
        EXPECT_EQ(co_await child.wait(), 7);
    });
}

}  // namespace
}  // namespace nullworker
