#include "support/drive.hpp"
#include "support/temporary_directory.hpp"

#include <follow/state_file.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

// The file of `follow` on a real disk.
namespace nullworker::client {
namespace {

constexpr const char* no_trouble = "";

class state_file_test : public testing::Test {
protected:
    [[nodiscard]] std::string path() const { return x_files.file("folder/state"); }

    [[nodiscard]] state_file made() {
        return {x_loop.get_executor(), path(), {}, [this](const std::string& why) { x_told.push_back(why); }};
    }

    static kept_session session(const std::string& id) {
        kept_session out;
        out.entry.order = 1;
        out.entry.held = true;
        out.worker_url = "http://203.0.113.7";
        out.grant = "{}";
        out.claim = "claim";
        out.session_id = id;
        return out;
    }

    // What the next process finds.
    std::map<int, kept_session> found() {
        auto next = made();
        std::optional<outcome<std::map<int, kept_session>>> out;
        test::drive(x_loop, [&]() -> asio::awaitable<void> {
            auto opened = co_await next.open();
            out.emplace(std::move(opened));
        });
        return std::move(*out).value();
    }

    // Puts something in the way of the folder.
    void break_it() {
        std::filesystem::remove_all(x_files.path() / "folder");
        std::ofstream(x_files.file("folder")) << "in the way";
    }

    asio::io_context x_loop;
    test::temporary_directory x_files;
    std::vector<std::string> x_told;
};

TEST_F(state_file_test, what_is_put_is_found_and_for_its_owner_alone) {
    auto it = made();
    test::drive(x_loop, [&]() -> asio::awaitable<void> {
        const state_holder us{"1", "here", "x"};
        EXPECT_FALSE((co_await it.lock(us)).value());
        EXPECT_TRUE((co_await it.open()).value().empty());
        const auto one = session("A");
        EXPECT_TRUE(co_await it.put_first(1, one));
        it.put(2, session("B"));
        it.put(3, session("C"));
        it.drop(2);
        EXPECT_TRUE(co_await it.settle());
    });
    const auto left = found();
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left.at(1).session_id, "A");
    EXPECT_EQ(left.at(3).session_id, "C");
    struct stat facts {};
    ASSERT_EQ(::stat(path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U);
    EXPECT_TRUE(x_told.empty());
}

TEST_F(state_file_test, it_stays_small_however_much_is_heard) {
    auto it = made();
    test::drive(x_loop, [&]() -> asio::awaitable<void> {
        EXPECT_TRUE((co_await it.open()).value().empty());
        it.put(1, session("A"));
        roster_entry entry;
        for (int i = 0; i < 5000; ++i) {
            entry.until += std::chrono::seconds(1);
            it.hear(1, entry);
        }
        EXPECT_TRUE(co_await it.settle());
    });
    EXPECT_LT(std::filesystem::file_size(path()), 100'000U);
    EXPECT_EQ(found().at(1).session_id, "A");
}

TEST_F(state_file_test, only_one_has_it_and_the_other_learns_who) {
    auto one = made();
    auto other =
        std::make_unique<state_file>(x_loop.get_executor(), path(), state_owner{}, [](const std::string&) {});
    test::drive(x_loop, [&]() -> asio::awaitable<void> {
        const state_holder us{"1", "here", "x"};
        const state_holder them{"2", "there", "y"};
        EXPECT_FALSE((co_await other->lock(them)).value());
        const auto holder = (co_await one.lock(us)).value();
        EXPECT_TRUE(holder.has_value());
        EXPECT_EQ(holder ? holder->pid + holder->host + holder->depth : "", "2therey");
        other.reset();
        EXPECT_FALSE((co_await one.lock(us)).value());
    });
}

TEST_F(state_file_test, a_disk_that_fails_is_told_once_and_once_that_it_works_again) {
    auto it = made();
    test::drive(x_loop, [&]() -> asio::awaitable<void> {
        EXPECT_TRUE((co_await it.open()).value().empty());
        const auto one = session("A");
        EXPECT_TRUE(co_await it.put_first(1, one));
        break_it();
        const auto two = session("B");
        EXPECT_FALSE(co_await it.put_first(2, two));
        EXPECT_FALSE(co_await it.put_first(2, two));
        EXPECT_TRUE(it.is_failing());
        std::filesystem::remove(x_files.file("folder"));
        it.retry();
        EXPECT_TRUE(co_await it.settle());
        EXPECT_FALSE(it.is_failing());
    });
    ASSERT_EQ(x_told.size(), 2U);
    EXPECT_NE(x_told[0], no_trouble);
    EXPECT_EQ(x_told[1], no_trouble);
    EXPECT_EQ(found().size(), 2U);
}

TEST_F(state_file_test, a_file_that_somebody_removed_is_written_anew) {
    auto it = made();
    test::drive(x_loop, [&]() -> asio::awaitable<void> {
        EXPECT_TRUE((co_await it.open()).value().empty());
        const auto one = session("A");
        EXPECT_TRUE(co_await it.put_first(1, one));
        std::filesystem::remove(path());
        const auto two = session("B");
        EXPECT_TRUE(co_await it.put_first(2, two));
    });
    EXPECT_EQ(found().size(), 2U);
}

TEST_F(state_file_test, where_it_is_by_itself_names_the_autoscaler_and_the_endpoint) {
    ::setenv("XDG_STATE_HOME", "/state", 1);
    EXPECT_EQ(usual_state_file("https://run.vast.ai", 12), "/state/nullworker/follow-run.vast.ai-12");
    EXPECT_EQ(usual_state_file("http://127.0.0.1:8080/x", 1), "/state/nullworker/follow-127.0.0.1_8080_x-1");
    ::unsetenv("XDG_STATE_HOME");
    ::setenv("HOME", "/home/me", 1);
    EXPECT_EQ(usual_state_file("https://run.vast.ai", 12),
              "/home/me/.local/state/nullworker/follow-run.vast.ai-12");
}

TEST_F(state_file_test, a_fingerprint_tells_commands_apart_and_shows_none) {
    EXPECT_EQ(fingerprint_of("llen a"), fingerprint_of("llen a"));
    EXPECT_NE(fingerprint_of("llen a"), fingerprint_of("llen b"));
    EXPECT_EQ(fingerprint_of("").size(), 16U);
}

}  // namespace
}  // namespace nullworker::client
