#include "support/drive.hpp"
#include "support/temporary_directory.hpp"

#include <nullworker/auth/fingerprint.hpp>
#include <nullworker/journal/journal.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include <sys/resource.h>
#include <sys/stat.h>

namespace nullworker::journal {
namespace {

namespace fs = std::filesystem;
using reservation::desk;
using reservation::grant_trust;

// A desk that keeps its state in a journal, as the daemon's does.
struct kept_desk final : reservation::desk_observer {
    asio::io_context loop;
    journal kept;
    desk front{{}, {[this] { return "session" + std::to_string(++ids); }, auth::fingerprint}, this};
    int ids = 0;

    explicit kept_desk(const std::string& directory, std::int64_t container_id = 4242)
        : kept(loop.get_executor(), {.directory = directory, .container_id = container_id}) {}

    void desk_changed() override { keep(); }
    void desk_worth_saving() override { keep(); }
    void desk_worth_saving_soon() override { keep(); }
    void load_passed() override { keep(); }
    void keep() {
        kept.save(front, now());
        settle();
    }
    void settle() { test::drive(loop, kept.until_kept()); }
    void session_closed(const reservation::closed_session&) override {}

    void reserve(std::int64_t request_idx) {
        wire::create_request wanted;
        wanted.grant.request_idx = request_idx;
        wanted.grant.document =
            wire::json_value::parse("{\"request_idx\":" + std::to_string(request_idx) + "}").value();
        front.reserve(wanted, grant_trust::verified, now());
    }

    // Whether a former process left something; goes on with it.
    bool resume() {
        const auto found = kept.load();
        if (found)
            front.restore(found->left, found->clocks, now());
        return found.has_value();
    }

    std::vector<std::int64_t> owed() {
        std::vector<std::int64_t> out;
        for (const auto& entry : front.outbox().next(1000).entries)
            out.push_back(entry.request_idx);
        return out;
    }
};

class journal_test : public testing::Test {
protected:
    [[nodiscard]] std::string directory() const { return folder.file("state"); }
    [[nodiscard]] std::string file() const { return directory() + "/state-4242.json"; }

    // What a process does that is killed once `life` is over.
    void live(const std::function<void(kept_desk&)>& life) const {
        kept_desk mortal(directory());
        mortal.resume();
        life(mortal);
    }

    test::temporary_directory folder;
};

TEST_F(journal_test, without_a_former_process_there_is_nothing_to_resume) {
    kept_desk first(directory());
    EXPECT_FALSE(first.resume());
    EXPECT_FALSE(first.kept.failing());
}

TEST_F(journal_test, the_session_the_load_and_the_completions_outlive_the_process) {
    live([](kept_desk& worker) {
        worker.reserve(1);
        worker.front.release(now());
        worker.reserve(2);
        worker.reserve(3);  // rejected
    });
    kept_desk next(directory());
    ASSERT_TRUE(next.resume());
    ASSERT_NE(next.front.holder(), nullptr);
    EXPECT_EQ(next.front.holder()->session_id, "session2");
    EXPECT_EQ(next.front.holder()->generation, 2U);
    EXPECT_EQ(next.owed(), (std::vector<std::int64_t>{1, 3}));
    const auto report = next.front.take_snapshot();
    EXPECT_EQ(report.figures.new_load, 200);
    EXPECT_EQ(report.figures.rej_load, 100);
    EXPECT_EQ(report.figures.cur_perf, 100);
    EXPECT_EQ(report.requests_received, 3);
    EXPECT_EQ(report.cur_load, 100);
}

TEST_F(journal_test, many_changes_of_one_request_are_one_write) {
    kept_desk worker(directory());
    for (int i = 0; i < 3; ++i)
        worker.kept.save(worker.front, now());
    worker.settle();
    EXPECT_EQ(worker.kept.writes(), 1);
}

TEST_F(journal_test, a_change_that_nobody_waits_for_is_written) {
    kept_desk worker(directory());
    worker.kept.save(worker.front, now());
    while (worker.kept.writes() == 0 && worker.loop.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    EXPECT_EQ(worker.kept.writes(), 1);
}

// Runs the loop until so many writes were made.
void run_until_written(kept_desk& worker, std::uint64_t writes) {
    worker.loop.restart();
    while (worker.kept.writes() < writes && worker.loop.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    ASSERT_EQ(worker.kept.writes(), writes);
}

TEST_F(journal_test, what_may_be_saved_soon_is_written_with_nobody_waiting) {
    kept_desk worker(directory());
    for (int i = 0; i < 100; ++i)
        worker.kept.save_soon(worker.front);
    EXPECT_EQ(worker.kept.changes(), 0);  // nothing to wait for
    run_until_written(worker, 1);
    EXPECT_EQ(worker.kept.changes(), 1);
}

TEST_F(journal_test, what_may_be_saved_soon_is_written_ten_times_a_second_at_most) {
    kept_desk worker(directory());
    const auto began = std::chrono::steady_clock::now();
    for (std::uint64_t i = 1; i <= 4; ++i) {
        worker.kept.save_soon(worker.front);
        run_until_written(worker, i);
    }
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(300));
}

TEST_F(journal_test, what_is_waited_for_takes_along_what_may_be_saved_soon) {
    kept_desk worker(directory());
    worker.kept.save_soon(worker.front);
    worker.kept.save(worker.front, now());
    worker.settle();
    EXPECT_EQ(worker.kept.writes(), 1);
    worker.kept.save_soon(worker.front);  // the former one is forgotten
    run_until_written(worker, 2);
}

TEST_F(journal_test, what_was_reported_and_delivered_is_not_owed_again) {
    live([](kept_desk& worker) {
        worker.reserve(1);
        worker.front.release(now());
        worker.reserve(2);
        worker.front.acknowledge(worker.front.take_snapshot());
        worker.front.delivered(worker.front.outbox().next(1));
    });
    kept_desk next(directory());
    ASSERT_TRUE(next.resume());
    EXPECT_EQ(next.owed(), std::vector<std::int64_t>{});
    EXPECT_EQ(next.front.take_snapshot().figures, reservation::load_figures{});
}

TEST_F(journal_test, a_grant_that_was_added_later_opens_the_session_still) {
    wire::create_request again;
    again.grant.request_idx = 1;
    again.grant.document = wire::json_value::parse(R"({"again":1})").value();
    live([&](kept_desk& worker) {
        worker.reserve(1);
        worker.front.reserve(again, grant_trust::verified, now());
    });
    kept_desk next(directory());
    ASSERT_TRUE(next.resume());
    EXPECT_EQ(next.front.find("session1", again.grant.document, now()).outcome, desk::lookup_outcome::found);
}

TEST_F(journal_test, a_long_outage_is_kept_in_order_through_many_lives) {
    std::vector<std::int64_t> expected;
    for (std::int64_t life = 0; life < 5; ++life)
        live([&](kept_desk& worker) {
            for (std::int64_t i = 0; i < 50; ++i) {
                worker.reserve(life * 100 + i);
                worker.front.release(now());
                expected.push_back(life * 100 + i);
                if (i % 10 == 0) {
                    worker.front.delivered(worker.front.outbox().next(3));
                    expected.erase(expected.begin(),
                                   expected.begin() + std::min<std::ptrdiff_t>(3, std::ssize(expected)));
                }
            }
        });
    kept_desk last(directory());
    ASSERT_TRUE(last.resume());
    EXPECT_EQ(last.owed(), expected);
}

TEST_F(journal_test, the_state_of_another_container_is_set_aside) {
    live([](kept_desk& worker) { worker.reserve(1); });
    fs::copy_file(file(), directory() + "/state-7.json");
    kept_desk other(directory(), 7);
    EXPECT_FALSE(other.resume());
    EXPECT_FALSE(fs::exists(directory() + "/state-7.json"));
    EXPECT_TRUE(fs::exists(directory() + "/state-7.json.set-aside"));
}

TEST_F(journal_test, an_unreadable_state_is_set_aside_and_the_next_one_kept) {
    for (const char* content : {"", "{", "not JSON", "{}", "[]"}) {
        fs::create_directories(directory());
        folder.write("state/state-4242.json", content);
        kept_desk next(directory());
        EXPECT_FALSE(next.resume()) << content;
        EXPECT_EQ(test::read_file(file() + ".set-aside"), content);
        next.reserve(1);
        EXPECT_TRUE(read_state(test::read_file(file())));
    }
}

TEST_F(journal_test, two_processes_cannot_keep_the_same_state) {
    const kept_desk first(directory());
    try {
        const kept_desk second(directory());
        FAIL() << "two of them";
    } catch (const startup_error& e) {
        EXPECT_NE(std::string(e.what()).find("4242"), std::string::npos) << e.what();
        EXPECT_NE(std::string(e.what()).find("NULLWORKER_STATE_DIR"), std::string::npos) << e.what();
    }
    const kept_desk neighbour(directory(), 7);
}

TEST_F(journal_test, a_directory_that_cannot_be_made_leaves_the_worker_in_memory) {
    kept_desk worker("/dev/null/state");
    EXPECT_TRUE(worker.kept.failing());
    EXPECT_FALSE(worker.resume());
    worker.reserve(1);
    EXPECT_NE(worker.front.holder(), nullptr);
    EXPECT_EQ(worker.kept.failures(), 2U);
    EXPECT_NE(worker.kept.why_failing().why(), "");
}

// Files of this process may have no more than so many bytes: the next write is as on a full disk.
class full_disk {
public:
    full_disk() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &x_before);
        rlimit tight = x_before;
        tight.rlim_cur = 10;
        ::setrlimit(RLIMIT_FSIZE, &tight);
    }
    ~full_disk() {
        ::setrlimit(RLIMIT_FSIZE, &x_before);
        std::signal(SIGXFSZ, SIG_DFL);
    }
    full_disk(const full_disk&) = delete;
    full_disk& operator=(const full_disk&) = delete;

private:
    rlimit x_before{};
};

TEST_F(journal_test, a_full_disk_leaves_the_worker_in_memory_until_there_is_room_again) {
    kept_desk worker(directory());
    worker.reserve(1);
    {
        const full_disk no_room;
        worker.front.release(now());
        EXPECT_TRUE(worker.kept.failing());
        EXPECT_GE(worker.kept.failures(), 1U);
        EXPECT_EQ(test::read_file(file()), "retired\n") << "what it said is over";
    }
    worker.reserve(2);
    EXPECT_FALSE(worker.kept.failing());
    EXPECT_EQ(read_state(test::read_file(file())).value().left.undelivered.size(), 1U);
}

TEST_F(journal_test, after_a_reboot_the_monotonic_times_mean_nothing) {
    live([](kept_desk& worker) { worker.reserve(1); });
    auto text = test::read_file(file());
    const auto id = read_state(text).value().owner.boot_id;
    ASSERT_FALSE(id.empty());
    kept_desk same(directory());
    EXPECT_EQ(same.kept.load().value().clocks, reservation::clock_continuity::same_boot);
    text.replace(text.find(id), id.size(), std::string(id.size(), '0'));
    folder.write("state/state-4242.json", text);
    EXPECT_EQ(same.kept.load().value().clocks, reservation::clock_continuity::rebooted);
}

TEST_F(journal_test, the_lock_does_not_go_with_its_file_or_folder) {
    const kept_desk first(directory());
    fs::remove(directory() + "/state-4242.lock");
    EXPECT_THROW(kept_desk{directory()}, already_running);
    fs::remove_all(directory());
    EXPECT_THROW(kept_desk{directory()}, already_running);
}

TEST_F(journal_test, the_same_name_in_another_folder_is_another_folder) {
    const kept_desk first(folder.file("one/state"));
    EXPECT_NO_THROW(kept_desk{folder.file("other/state")});
}

TEST_F(journal_test, a_folder_that_was_removed_is_made_again) {
    kept_desk worker(directory());
    fs::remove_all(directory());
    worker.reserve(1);
    EXPECT_FALSE(worker.kept.failing());
    EXPECT_TRUE(read_state(test::read_file(file())));
}

// What stands at a path where the state is to be written.
void put_in_the_way(const std::string& path, int kind) {
    switch (kind) {
        case 0:
            ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
            break;
        case 1:
            fs::create_directory(path);
            break;
        case 2:
            fs::create_directories(path + "/full/of");
            break;
        case 3:
            fs::create_symlink("/nowhere/at/all", path);
            break;
        default:
            fs::create_hard_link(fs::path(path).parent_path() / "victim", path);
    }
}

TEST_F(journal_test, what_somebody_put_in_its_place_is_removed) {
    for (const char* place : {".new", ""})
        for (int kind = 0; kind < 5; ++kind) {
            fs::remove_all(directory());
            fs::create_directories(directory());
            folder.write("state/victim", "content of somebody else");
            put_in_the_way(file() + place, kind);
            kept_desk worker(directory());
            worker.resume();
            worker.kept.prepare(worker.front, now());
            worker.reserve(1);
            EXPECT_FALSE(worker.kept.failing()) << place << kind << worker.kept.why_failing().why();
            EXPECT_TRUE(read_state(test::read_file(file()))) << place << kind;
            EXPECT_EQ(test::read_file(directory() + "/victim"), "content of somebody else") << place << kind;
        }
}

TEST_F(journal_test, a_state_that_is_not_ours_is_set_aside) {
    live([](kept_desk& worker) { worker.reserve(1); });
    fs::rename(file(), directory() + "/elsewhere");
    fs::create_symlink(directory() + "/elsewhere", file());
    kept_desk next(directory());
    EXPECT_FALSE(next.resume());
    EXPECT_TRUE(fs::is_symlink(file() + ".set-aside"));
}

TEST_F(journal_test, a_lock_that_cannot_be_had_costs_no_state) {
    live([](kept_desk& worker) { worker.reserve(1); });
    fs::remove(directory() + "/state-4242.lock");
    fs::create_directory(directory() + "/state-4242.lock");
    kept_desk next(directory());
    EXPECT_TRUE(next.kept.failing());
    EXPECT_TRUE(next.resume());
    next.front.release(now());
    EXPECT_FALSE(next.kept.failing());
}

TEST_F(journal_test, a_disk_that_is_full_at_the_start_costs_no_state) {
    live([](kept_desk& worker) { worker.reserve(1); });
    {
        kept_desk next(directory());
        ASSERT_TRUE(next.resume());
        const full_disk no_room;
        next.kept.prepare(next.front, now());
        next.settle();
        EXPECT_TRUE(next.kept.failing());
    }
    kept_desk last(directory());
    EXPECT_TRUE(last.resume());
}

TEST_F(journal_test, without_a_directory_nothing_is_written) {
    kept_desk worker("");
    worker.reserve(1);
    EXPECT_FALSE(worker.kept.enabled());
    EXPECT_EQ(worker.kept.writes(), 0U);
}

}  // namespace
}  // namespace nullworker::journal
