#include "support/drive.hpp"
#include "support/fake_redis.hpp"
#include "support/program.hpp"
#include "support/raw_connection.hpp"
#include "support/scripted_peer.hpp"
#include "support/test_certificate.hpp"

#include <depth/ask.hpp>
#include <depth/beanstalk_talk.hpp>
#include <depth/redis_talk.hpp>
#include <nullworker/base/task_group.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How servers of queues are asked, over real sockets.
namespace nullworker::client {
namespace {

using test::contains;
using namespace std::chrono_literals;
using tcp = asio::ip::tcp;

// A server that answers what comes as `say` does, a connection at a time; an empty answer closes it.
class talking_server {
public:
    using answers = std::function<std::string(std::string_view)>;

    talking_server(asio::io_context& loop, answers say, net::tls_context context = nullptr)
        : x_acceptor(loop, {asio::ip::address_v4::loopback(), 0}),
          x_say(std::move(say)),
          x_context(std::move(context)),
          x_work(loop.get_executor()) {
        x_work.spawn(serve());
    }

    [[nodiscard]] net::server_place place(net::security by = net::security::none) const {
        return {.host = "127.0.0.1", .port = x_acceptor.local_endpoint().port(), .by = by};
    }

    [[nodiscard]] asio::awaitable<void> stop() {
        (void)co_await x_work.finish(0s);
        x_acceptor.close();
    }

private:
    asio::awaitable<void> serve() {
        for (;;) {
            auto socket = co_await x_acceptor.async_accept(asio::use_awaitable);
            if (!x_context) {
                co_await talk(socket);
                continue;
            }
            asio::ssl::stream<tcp::socket> stream(std::move(socket), *x_context);
            const auto [ec] = co_await stream.async_handshake(asio::ssl::stream_base::server, nothrow);
            if (!ec)
                co_await talk(stream);
        }
    }

    template <class Stream>
    asio::awaitable<void> talk(Stream& stream) {
        std::string room(1000, '\0');
        for (;;) {
            auto buffer = asio::buffer(room);
            const auto [ec, size] = co_await stream.async_read_some(buffer, nothrow);
            const auto answer = ec ? std::string() : x_say(std::string_view(room).substr(0, size));
            if (answer.empty())
                co_return;
            auto bytes = asio::buffer(answer);
            (void)co_await asio::async_write(stream, bytes, nothrow);
        }
    }

    tcp::acceptor x_acceptor;
    answers x_say;
    net::tls_context x_context;
    task_group x_work;
};

redis_inquiry one_key() {
    return ask_for_keys({"jobs"});
}

class depth_ask_test : public testing::Test {
protected:
    depth_ask_test() { x_redis.keys = {{"jobs", {"list", 3}}}; }

    talking_server::answers redis() {
        return [this](std::string_view bytes) { return x_redis(bytes); };
    }

    // Asks the Redis at a place for the one key.
    asio::awaitable<outcome<figure>> ask_redis(net::server_place where, std::string roots = {},
                                               std::chrono::milliseconds limit = 5s) {
        redis_place place{.server = where};
        std::shared_ptr<conversation> talk = std::make_shared<redis_talk>(place, one_key());
        talk_place there{where, "Redis"};
        net::way_out out(std::make_shared<net::tls_trust>(std::move(roots)));
        co_return co_await converse(std::move(talk), std::move(there), std::move(out), limit);
    }

    // The same with a server.
    outcome<figure> ask(talking_server::answers say, std::chrono::milliseconds limit = 5s) {
        return test::drive(x_loop, [&]() -> asio::awaitable<outcome<figure>> {
            talking_server server(x_loop, say);
            auto where = server.place();
            std::string roots;
            auto told = co_await ask_redis(where, roots, limit);
            co_await server.stop();
            co_return told;
        });
    }

    asio::io_context x_loop;
    test::fake_redis x_redis;
};

TEST_F(depth_ask_test, a_redis_tells_its_figure) {
    EXPECT_EQ(ask(redis()).value().jobs, 3);
}

TEST_F(depth_ask_test, with_tls_a_redis_must_be_trusted) {
    const test::test_certificate pair;
    for (const bool trusted : {true, false}) {
        const std::string roots = trusted ? pair.pem() : std::string();
        x_redis.reconnect();
        const auto told = test::drive(x_loop, [&]() -> asio::awaitable<outcome<figure>> {
            auto context = net::load_server_tls(pair.certificate_file(), pair.key_file());
            talking_server server(x_loop, redis(), std::move(context));
            auto where = server.place(net::security::tls);
            auto out = co_await ask_redis(where, roots);
            co_await server.stop();
            co_return out;
        });
        EXPECT_EQ(told.has_value(), trusted);
        EXPECT_EQ(told.has_error() && contains(told.error().message, "--cafile"), !trusted);
    }
}

TEST_F(depth_ask_test, a_redis_that_speaks_no_tls_is_an_error) {
    const test::test_certificate pair;
    const auto told = test::drive(x_loop, [&]() -> asio::awaitable<outcome<figure>> {
        talking_server server(x_loop, [](std::string_view) { return "-ERR Protocol error\r\n"; });
        auto where = server.place(net::security::tls);
        std::string roots = pair.pem();
        auto out = co_await ask_redis(where, roots);
        co_await server.stop();
        co_return out;
    });
    ASSERT_TRUE(told.has_error());
    EXPECT_TRUE(contains(told.error().message, "does it speak TLS there?")) << told.error().message;
}

TEST_F(depth_ask_test, nobody_at_the_address_is_an_error) {
    const auto told = test::drive(x_loop, [&]() -> asio::awaitable<outcome<figure>> {
        net::server_place where{.host = "127.0.0.1", .port = test::closed_port(x_loop.get_executor())};
        co_return co_await ask_redis(where);
    });
    ASSERT_TRUE(told.has_error());
    EXPECT_TRUE(contains(told.error().message, "does not answer: Connection refused"))
        << told.error().message;
}

TEST_F(depth_ask_test, one_time_bounds_all_that_is_asked) {
    int rounds = 0;
    const auto told =
        ask([&](std::string_view bytes) { return rounds++ == 0 ? x_redis(bytes) : std::string("*"); }, 100ms);
    ASSERT_TRUE(told.has_error());
    EXPECT_TRUE(contains(told.error().message, "within 0.1 s (--timeout)")) << told.error().message;
}

TEST_F(depth_ask_test, a_server_that_hangs_up_is_an_error) {
    const auto told = ask([](std::string_view) { return std::string(); });
    ASSERT_TRUE(told.has_error());
    EXPECT_TRUE(contains(told.error().message, "does not answer")) << told.error().message;
}

TEST_F(depth_ask_test, a_client_goes_where_a_cluster_sends_it) {
    test::fake_redis second;
    second.keys = {{"jobs", {"list", 7}}};
    const auto told = test::drive(x_loop, [&]() -> asio::awaitable<outcome<figure>> {
        talking_server other(x_loop, [&](std::string_view bytes) { return second(bytes); });
        x_redis.replies["TYPE jobs"] = "-MOVED 1 127.0.0.1:" + std::to_string(other.place().port) + "\r\n";
        talking_server server(x_loop, redis());
        auto where = server.place();
        auto out = co_await ask_redis(where);
        co_await server.stop();
        co_await other.stop();
        co_return out;
    });
    EXPECT_EQ(told.value().jobs, 7);
}

TEST_F(depth_ask_test, a_beanstalkd_tells_its_figure) {
    const auto told = test::drive(x_loop, [&]() -> asio::awaitable<outcome<figure>> {
        talking_server server(x_loop, [](std::string_view asked) {
            EXPECT_EQ(asked, "stats-tube jobs\r\n");
            return "OK 48\r\ncurrent-jobs-ready: 40\ncurrent-jobs-reserved: 2\n\r\n";
        });
        talk_place where{server.place(), "beanstalkd"};
        std::shared_ptr<conversation> talk =
            std::make_shared<beanstalk_talk>(where.server, "jobs", delayed_jobs::left_out);
        net::way_out out(std::make_shared<net::tls_trust>());
        auto figure = co_await converse(std::move(talk), std::move(where), std::move(out), 5s);
        co_await server.stop();
        co_return figure;
    });
    ASSERT_TRUE(told.has_value()) << told.error().message;
    EXPECT_EQ(told->jobs, 42);
}

// ---- by HTTP ----

// Asks each of the inquiries of a peer.
outcome<figure> fetch_all(test::scripted_peer& peer, asio::io_context& loop, std::vector<http_inquiry> what) {
    return test::drive(loop, [&]() -> asio::awaitable<outcome<figure>> {
        net::way_out out(std::make_shared<net::tls_trust>());
        auto told = co_await fetch(std::move(what), std::move(out), 5s);
        co_await peer.stop();
        co_return told;
    });
}

TEST(depth_fetch, a_rabbitmq_is_told_who_asks) {
    asio::io_context loop;
    test::scripted_peer peer(loop.get_executor());
    peer.reply_always("/api/queues/%2F/jobs", net::json_reply(200, R"({"messages": 5})"));
    const http_place where{.base = peer.at(""), .who = {"bob", "pw"}};
    EXPECT_EQ(fetch_all(peer, loop, {ask_rabbitmq(where, "jobs", "/")}).value().jobs, 5);
    const auto& asked = peer.requests("/api/queues/%2F/jobs");
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].find("Authorization"), "Basic Ym9iOnB3");
}

TEST(depth_fetch, the_server_of_a_cluster_of_nats_counts_that_leads) {
    asio::io_context loop;
    test::scripted_peer peer(loop.get_executor());
    const auto consumers = [](int pending) {
        return net::json_reply(
            200,
            R"({"account_details": [{"stream_detail": [{"name": "jobs", "consumer_detail": [{"name": "w",)"
            R"("num_pending": )" +
                std::to_string(pending) + R"(, "num_ack_pending": 1, "cluster": {"leader": "n2"}}]}]}]})");
    };
    for (const auto& [path, name, pending] :
         {std::tuple("/1", "n1", 70), std::tuple("/2", "n2", 5), std::tuple("/3", "n3", 90)}) {
        peer.reply_always(std::string(path) + "/jsz", consumers(pending));
        peer.reply_always(std::string(path) + "/varz",
                          net::json_reply(200, R"({"server_name": ")" + std::string(name) + "\"}"));
    }
    std::vector<http_inquiry> all;
    for (const auto* path : {"/1", "/2", "/3"})
        all.push_back(ask_nats({.base = peer.at(path)}, "jobs", "w", ""));
    EXPECT_EQ(fetch_all(peer, loop, std::move(all)).value().jobs, 6);
    EXPECT_TRUE(peer.requests("/3/jsz").empty());
}

TEST(depth_fetch, where_no_server_has_a_figure_each_says_why) {
    asio::io_context loop;
    test::scripted_peer peer(loop.get_executor());
    const http_place gone{
        .base = url{.scheme = "http", .host = "127.0.0.1", .port = test::closed_port(loop.get_executor())}};
    const auto told = fetch_all(
        peer, loop, {ask_nats(gone, "jobs", "w", ""), ask_nats({.base = peer.at("")}, "jobs", "w", "")});
    ASSERT_TRUE(told.has_error());
    EXPECT_TRUE(contains(told.error().message, "does not answer: Connection refused"))
        << told.error().message;
    EXPECT_TRUE(contains(told.error().message, "knows nothing of JetStream")) << told.error().message;
}

}  // namespace
}  // namespace nullworker::client
