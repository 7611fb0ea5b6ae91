#include "support/drive.hpp"
#include "support/scripted_peer.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_worker.hpp"

#include <nullworker/base/task_group.hpp>
#include <work/work_run.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

// What `nullworker work` and the daemon beside it make of each other.
namespace nullworker::client {
namespace {

using namespace std::chrono_literals;

// A consumer that is a line of shell, in which $dir is a folder of ours.
class shell_consumer {
public:
    explicit shell_consumer(std::uint16_t control_port, const std::string& line, work_rules rules = {})
        : x_options{.place = {.port = control_port},
                    .rules = rules,
                    .command = {"/bin/sh", "-c", line},
                    .variables = {{"dir", x_directory.path()}}} {}

    // Runs it by `work` until the story is over and what runs then has ended.
    asio::awaitable<void> beside(std::function<asio::awaitable<void>()> story) {
        const auto executor = co_await asio::this_coro::executor;
        work_run running(executor, x_options, -1);
        task_group group(executor);
        group.spawn(running.run());
        co_await story();
        running.stop();
        co_await group.join();
    }

    [[nodiscard]] bool has(const char* file) const { return std::filesystem::exists(x_directory.file(file)); }
    [[nodiscard]] std::string read(const char* file) const { return test::read_file(x_directory.file(file)); }
    void write(const char* file) const { (void)x_directory.write(file, "\n"); }

private:
    test::temporary_directory x_directory;
    work_options x_options;
};

asio::awaitable<void> until_seen(test::test_worker& worker, std::string part) {
    std::string seen;
    while (seen.find(part) == std::string::npos) {
        const auto answer = co_await test::control_get(worker, "/session");
        seen = answer.body;
    }
}

constexpr const char* until_told = "while [ ! -e $dir/go ]; do sleep 0.01; done";

TEST(work, a_session_that_retires_while_its_job_runs_gets_no_further_one) {
    test::with_worker([](test::test_worker& worker) -> asio::awaitable<void> {
        shell_consumer consumer(worker.daemon().control_port(),
                                std::string("echo job >>$dir/jobs; ") + until_told, {.keep = true});
        std::function<asio::awaitable<void>()> story = [&]() -> asio::awaitable<void> {
            const auto grant = worker.grant(11);
            const auto id = co_await worker.create(grant);
            while (!consumer.has("jobs"))
                co_await until_seen(worker, R"("protected_until":1)");
            auto retirement = test::reference(id, grant);
            retirement["when"] = "idle";
            const auto refused = co_await worker.post("/session/retire", retirement);
            EXPECT_EQ(refused.status, 409u) << refused.body;
            retirement["when"] = "done";
            const auto put_off = co_await worker.post("/session/retire", retirement);
            EXPECT_EQ(put_off.status, 202u) << put_off.body;
            consumer.write("go");
            co_await until_seen(worker, "null");
            EXPECT_EQ(consumer.read("jobs"), "job\n");
        };
        co_await consumer.beside(std::move(story));
    });
}

TEST(work, a_job_that_runs_when_its_session_is_ended_from_outside_is_told) {
    test::with_worker([](test::test_worker& worker) -> asio::awaitable<void> {
        shell_consumer consumer(worker.daemon().control_port(),
                                "trap 'echo told >$dir/told; exit' TERM; echo on >$dir/on; while :; do sleep "
                                "0.01; done");
        std::function<asio::awaitable<void>()> story = [&]() -> asio::awaitable<void> {
            const auto grant = worker.grant(11);
            const auto id = co_await worker.create(grant);
            while (!consumer.has("on"))
                co_await until_seen(worker, R"("protected_until":1)");
            auto whose = test::reference(id, grant);
            const auto ended = co_await worker.post("/session/end", whose);
            EXPECT_EQ(ended.status, 200u) << ended.body;
            while (!consumer.has("told"))
                co_await until_seen(worker, "null");
        };
        co_await consumer.beside(std::move(story));
    });
}

// What is started beside a daemon that shows a session and answers `protection` to each try to protect it.
void expect_no_start(const net::reply& protection) {
    asio::io_context loop;
    test::scripted_peer daemon(loop.get_executor());
    wire::slot_session session{.session_id = "Ab3", .generation = 1};
    daemon.reply_always("/session", net::json_reply(200, wire::to_json(std::optional(session))));
    daemon.reply_always("/status", net::json_reply(200, wire::to_json(wire::worker_status{})));
    daemon.reply_always("/release", net::json_reply(200, R"({"released": true, "session_ids": ["Ab3"]})"));
    daemon.reply_always("/protect", protection);
    shell_consumer consumer(daemon.port(), "echo on >$dir/on");
    test::drive(loop, [&]() -> asio::awaitable<void> {
        std::function<asio::awaitable<void>()> story = [&]() -> asio::awaitable<void> {
            (void)co_await daemon.received("/protect", 2);
        };
        co_await consumer.beside(std::move(story));
        co_await daemon.stop();
    });
    EXPECT_FALSE(consumer.has("on")) << protection.status;
    for (const auto& request : daemon.requests("/protect"))
        EXPECT_NE(request.body.find("Ab3"), std::string::npos) << request.body;
}

TEST(work, nothing_is_started_in_a_session_that_could_not_be_protected) {
    expect_no_start(net::json_reply(409, wire::not_the_holder("protected", std::nullopt)));
    expect_no_start(net::json_reply(409, wire::not_the_holder("protected", "Cd4")));
    expect_no_start(net::json_reply(404, R"({"error": "no such route"})"));
    expect_no_start(net::json_reply(503, "{}"));
    expect_no_start(net::text_reply(200, "a proxy's page"));
}

TEST(work, tries_to_release_until_it_is_heard) {
    asio::io_context loop;
    test::scripted_peer daemon(loop.get_executor());
    wire::slot_session session{.session_id = "Ab3", .generation = 1};
    daemon.reply_always("/session", net::json_reply(200, wire::to_json(std::optional(session))));
    daemon.reply_always("/status", net::json_reply(200, wire::to_json(wire::worker_status{})));
    daemon.reply_always("/protect", net::json_reply(200, wire::protection_noted("Ab3", 1, 60)));
    daemon.drop_once("/release");
    daemon.reply_once("/release", net::json_reply(503, "{}"));
    daemon.reply_always("/release", net::json_reply(200, R"({"released": true, "session_ids": ["Ab3"]})"));
    shell_consumer consumer(daemon.port(), "echo job >>$dir/jobs");
    test::drive(loop, [&]() -> asio::awaitable<void> {
        std::function<asio::awaitable<void>()> story = [&]() -> asio::awaitable<void> {
            (void)co_await daemon.received("/release", 3);
        };
        co_await consumer.beside(std::move(story));
        co_await daemon.stop();
    });
    EXPECT_EQ(consumer.read("jobs").substr(0, 4), "job\n");
}

}  // namespace
}  // namespace nullworker::client
