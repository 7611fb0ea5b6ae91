#include "support/drive.hpp"
#include "support/test_worker.hpp"

#include <nullworker/base/log.hpp>

#include <gtest/gtest.h>

#include <regex>
#include <string>

// What a daemon tells of each request at the level debug.
namespace nullworker::test {
namespace {

using listener = test_worker::listener;

// What a ready worker logs during `story`.
std::string logged(log::level minimum, const worker_story& story) {
    testing::internal::CaptureStderr();
    log::set_level(minimum);
    with_worker(story);
    log::set_level(log::level::off);
    log::flush();
    return testing::internal::GetCapturedStderr();
}

asio::awaitable<void> a_session_and_a_question(test_worker& worker) {
    (void)co_await worker.create(worker.grant(11));
    (void)co_await worker.send(listener::control, net::verb::get, "/session?since=7");
    (void)co_await worker.send(listener::control, net::verb::get, "/nothing%0a?token=hush");
}

TEST(request_log, has_a_line_a_request_with_its_latency_and_its_session) {
    const auto lines = logged(log::level::debug, a_session_and_a_question);
    const std::string rest = " seconds=[0-9.e-]+ peer=127.0.0.1 session_id=\\S+\n";
    for (const char* line : {"listener=public method=POST path=/session/create status=201",
                             "listener=control method=GET path=/session status=200"})
        EXPECT_TRUE(
            std::regex_search(lines, std::regex("level=debug event=request " + std::string(line) + rest)))
            << line << " is not in\n"
            << lines;
}

TEST(request_log, tells_no_query_which_may_hold_a_secret) {
    EXPECT_EQ(logged(log::level::debug, a_session_and_a_question).find("hush"), std::string::npos);
}

TEST(request_log, names_no_session_where_a_request_is_about_none) {
    const auto lines = logged(log::level::debug, a_session_and_a_question);
    EXPECT_TRUE(std::regex_search(lines, std::regex("status=40[04] seconds=\\S+ peer=127.0.0.1\n"))) << lines;
}

TEST(request_log, is_silent_above_that_level) {
    EXPECT_EQ(logged(log::level::info, a_session_and_a_question).find("event=request"), std::string::npos);
}

}  // namespace
}  // namespace nullworker::test
