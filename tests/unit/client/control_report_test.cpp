#include <terminal/control_report.hpp>

#include <gtest/gtest.h>

namespace nullworker::client {
namespace {

TEST(status_report, has_a_row_for_everything_an_operator_asks) {
    wire::worker_status status{.version = "1.2.3", .url = "http://203.0.113.7:40001", .container_id = 42};
    status.ready_since = 990;
    status.health = {.state = "unhealthy", .since = 995, .reasons = {"no heartbeat", "draining"}};
    status.consumer = {.probe = "healthy", .probe_since = 900, .heartbeat = "silent", .last_heartbeat = 997};
    status.session = wire::slot_session{.session_id = "abc", .created_at = 940, .remaining = 48};
    status.last_report = wire::accepted_report{
        .accepted_at = 999, .address = "https://run.vast.ai/", .cur_load = 100, .max_perf = 100};
    status.undelivered_completions = 3;
    status.public_key = wire::key_status{.age = 3600};
    EXPECT_EQ(report(status, 1000),
              "nullworkerd  1.2.3, worker 42 at http://203.0.113.7:40001\n"
              "health       unhealthy for 5 s\n"
              "             no heartbeat\n"
              "             draining\n"
              "ready        for 10 s\n"
              "session      abc, created 1 min ago, expires in 48 s\n"
              "consumer     probe healthy for 1 min 40 s; heartbeat silent, the last 3 s ago\n"
              "last report  load 100 of 100, accepted 1 s ago by https://run.vast.ai/\n"
              "completions  3 undelivered\n"
              "public key   fetched 1 h ago\n");
}

TEST(status_report, tells_that_a_job_is_protected_and_that_its_session_is_to_end_with_it) {
    const wire::slot_session session{.session_id = "abc",
                                     .generation = 3,
                                     .created_at = 940,
                                     .remaining = 0,
                                     .cost = 100,
                                     .request_idx = 7,
                                     .protected_until = 1030,
                                     .retiring = true};
    EXPECT_EQ(report(session, 1000),
              "session      abc\n"
              "generation   3\n"
              "created      1 min ago\n"
              "expires      in 0 s\n"
              "cost         100\n"
              "request      7\n"
              "protected    for 30 s\n"
              "retiring     yes\n");
    wire::worker_status status{.version = "1", .url = "u"};
    status.session = session;
    EXPECT_NE(
        report(status, 1000)
            .find("session      abc, created 1 min ago, expires in 0 s, protected for 30 s, retiring\n"),
        std::string::npos)
        << report(status, 1000);
}

TEST(status_report, shows_what_others_wrote_harmless) {
    const std::string hostile = "a\x1b[2J\u009b\u202e\nz";
    const std::string harmless = "a\\u001b[2J\\u009b\\u202e\\nz";
    wire::worker_status status{.version = hostile, .url = hostile};
    status.health = {.state = hostile, .reasons = {hostile, hostile}};
    status.consumer = {.probe = hostile, .heartbeat = hostile};
    status.session = wire::slot_session{.session_id = hostile};
    status.last_report = wire::accepted_report{.address = hostile};
    const auto shown = report(status, 0) + report(*status.session, 0);
    std::size_t found = 0;
    for (auto at = shown.find(harmless); at != std::string::npos; at = shown.find(harmless, at + 1))
        ++found;
    EXPECT_EQ(found, 10u) << shown;
    for (const auto* part : {"\x1b", "\u009b", "\u202e", "\nz"})
        EXPECT_EQ(shown.find(part), std::string::npos) << shown;
}

TEST(status_report, says_why_the_last_probe_failed) {
    wire::worker_status status{.version = "1", .url = "u"};
    status.consumer = {.probe = "unknown", .probe_failure = "health probe of tcp://h:1 failed: refused"};
    EXPECT_NE(report(status, 0).find("consumer     probe unknown (the last: health probe of tcp://h:1 "
                                     "failed: refused); heartbeat off\n"),
              std::string::npos)
        << report(status, 0);
}

TEST(status_report, says_what_there_is_not) {
    EXPECT_EQ(report(wire::worker_status{.version = "1", .url = "u", .health = {.state = "healthy"}}, 0),
              "nullworkerd  1, worker 0 at u\n"
              "health       healthy for 0 s\n"
              "ready        not yet\n"
              "session      none\n"
              "consumer     probe unknown; heartbeat off\n"
              "last report  none accepted\n"
              "completions  0 undelivered\n"
              "public key   none\n");
}

}  // namespace
}  // namespace nullworker::client
