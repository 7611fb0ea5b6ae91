#include "fetch.hpp"
#include "observer.hpp"
#include "support/drive.hpp"

#include <fleet/relay.hpp>
#include <nullworker/net/http_server.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace nullworker::fleet {
namespace {

// A server behind a relay.
class relay_test : public testing::Test {
protected:
    void tell(std::function<asio::awaitable<void>()> body) {
        x_server.bind({asio::ip::address_v4::loopback(), 0}, "test");
        x_server.start([this](net::request asked) { return serve(std::move(asked)); });
        x_relay.emplace(x_context.get_executor(), std::uint16_t{0}, x_server.port());
        x_relay->start();
        test::drive(x_context, story(std::move(body)), story_limit);
    }

    asio::awaitable<void> story(std::function<asio::awaitable<void>()> body) {
        co_await body();
        co_await x_relay->stop();
        x_server.drain();
        co_await x_server.join(patience);
    }

    asio::awaitable<net::reaction> serve(net::request asked) {
        ++x_served;
        co_return net::text_reply(200, std::move(asked.body));
    }

    // The reply's body, or the error's text.
    asio::awaitable<std::string> send(std::string body) {
        auto address = "http://127.0.0.1:" + std::to_string(x_relay->port()) + "/";
        const auto sent = co_await fetch(net::verb::post, std::move(address), std::move(body));
        co_return sent ? sent->body : "failed: " + sent.error().message();
    }

    asio::io_context x_context;
    int x_served = 0;
    net::http_server x_server{x_context.get_executor(), "test"};
    std::optional<relay> x_relay;
};

TEST_F(relay_test, carries_requests_and_replies) {
    tell([this]() -> asio::awaitable<void> {
        std::string text(50000, 'x');
        const auto answered = co_await send(text);
        EXPECT_EQ(answered, text);
    });
}

TEST_F(relay_test, a_lost_reply_is_a_request_that_was_carried_out) {
    tell([this]() -> asio::awaitable<void> {
        x_relay->lose_next_reply();
        std::string text = "lost";
        const auto lost = co_await send(text);
        EXPECT_TRUE(lost.starts_with("failed")) << lost;
        EXPECT_EQ(x_served, 1);
        EXPECT_EQ(x_relay->lost_replies(), 1u);
        text = "found";
        const auto answered = co_await send(text);
        EXPECT_EQ(answered, "found");
        EXPECT_EQ(x_served, 2);
    });
}

TEST_F(relay_test, a_client_of_a_target_that_is_not_there_is_turned_away) {
    asio::ip::tcp::acceptor silent(x_context, {asio::ip::address_v4::loopback(), 0});
    const auto port = silent.local_endpoint().port();
    silent.close();
    relay forward(x_context.get_executor(), 0, port);
    forward.start();
    const auto ask = [&]() -> asio::awaitable<void> {
        auto address = "http://127.0.0.1:" + std::to_string(forward.port()) + "/";
        const auto sent = co_await fetch(net::verb::get, std::move(address));
        EXPECT_FALSE(sent);
        co_await forward.stop();
    };
    test::drive(x_context, ask(), story_limit);
}

TEST_F(relay_test, stops_with_connections_open) {
    tell([this]() -> asio::awaitable<void> {
        asio::ip::tcp::socket open(x_context);
        const asio::ip::tcp::endpoint address(asio::ip::address_v4::loopback(), x_relay->port());
        const auto [ec] = co_await open.async_connect(address, nothrow);
        EXPECT_FALSE(ec);
        co_await x_relay->stop();
        char byte = 0;
        const auto space = asio::buffer(&byte, 1);
        const auto [read_ec, size] = co_await open.async_read_some(space, nothrow);
        EXPECT_TRUE(read_ec);
    });
}

TEST_F(relay_test, a_port_that_is_taken_is_a_startup_error) {
    asio::ip::tcp::acceptor taken(x_context, {asio::ip::address_v4::loopback(), 0});
    EXPECT_THROW(relay(x_context.get_executor(), taken.local_endpoint().port(), 1), startup_error);
}

}  // namespace
}  // namespace nullworker::fleet
