#include "support/drive.hpp"
#include "support/scripted_peer.hpp"

#include <vast/serverless.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <string>

// What the client says to a worker, and what it makes of the answers.
namespace nullworker::client {
namespace {

constexpr const char* end_path = "/session/end";

outcome<void> end_at(asio::io_context& loop, test::scripted_peer& worker) {
    serverless api(loop.get_executor(), service{worker.at(""), worker.at(""), "key"});
    held_session session{.session_id = "Ab3",
                         .grant = wire::json_value::parse("{}").value(),
                         .worker = worker.at(""),
                         .worker_url = worker.origin()};
    outcome<void> ended{};
    test::drive(loop, [&]() -> asio::awaitable<void> {
        ended = co_await api.end(session);
        co_await worker.stop();
    });
    return ended;
}

TEST(serverless, an_end_outlasts_a_worker_that_is_being_restarted) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    for (int lost = 0; lost < 3; ++lost)
        worker.drop_once(end_path);
    worker.reply_always(end_path, net::json_reply(200, "{}"));
    EXPECT_TRUE(end_at(loop, worker));
    EXPECT_EQ(worker.requests(end_path).size(), 4U);
}

TEST(serverless, an_end_that_is_refused_for_good_is_not_tried_again) {
    asio::io_context loop;
    test::scripted_peer worker(loop.get_executor());
    worker.reply_always(end_path, net::json_reply(401, "{}"));
    EXPECT_FALSE(end_at(loop, worker));
    EXPECT_EQ(worker.requests(end_path).size(), 1U);
}

}  // namespace
}  // namespace nullworker::client
