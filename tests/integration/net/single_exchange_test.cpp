// One request on a connection of its own, to a program that need not be strict.

#include "support/drive.hpp"
#include "support/raw_connection.hpp"

#include <nullworker/net/http_client.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace nullworker::net {
namespace {

using asio::awaitable;
using test::raw_listener;

struct told {
    result<reply> answer = errc::timed_out;
    std::string request;
    bool closed = false;
};

awaitable<void> ask_once(asio::any_io_executor executor, std::string origin, told& out) {
    http_client client(executor, std::make_shared<tls_trust>());
    call request{.target = parse_url(origin).value(), .on_connection = exchanges::single};
    out.answer = co_await client.send(std::move(request));
}

awaitable<void> answer_once(raw_listener& listener, std::string answer, told& out) {
    auto peer = co_await listener.accept();
    const auto request = co_await peer.read_header();
    out.request = request.find("Connection").value_or("");
    co_await peer.send(answer);
    (void)co_await peer.read_until_closed();
    out.closed = true;
}

told ask_a_peer_that_says(const std::string& answer) {
    asio::io_context loop;
    raw_listener listener(loop.get_executor());
    told out;
    test::drive(loop, test::both(ask_once(loop.get_executor(), listener.origin(), out),
                                 answer_once(listener, answer, out)));
    return out;
}

TEST(single_exchange, closes_the_connection_though_the_peer_would_keep_it) {
    const auto found =
        ask_a_peer_that_says("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_TRUE(found.answer) << found.answer.error().message();
    EXPECT_EQ(found.answer->status, 200u);
    EXPECT_EQ(found.request, "close");
    EXPECT_TRUE(found.closed);
}

TEST(single_exchange, takes_an_answer_that_is_not_strict) {
    for (const auto& answer :
         {std::string("HTTP/1.1 200\n\n"), std::string("HTTP/1.0 200 OK\nnothing\n\nbody"),
          "HTTP/1.1 200 OK\r\nX: " + std::string(10000, 'x') + "\r\n\r\n",
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz")}) {
        const auto found = ask_a_peer_that_says(answer);
        ASSERT_TRUE(found.answer) << found.answer.error().message();
        EXPECT_EQ(found.answer->status, 200u);
    }
}

TEST(single_exchange, says_what_came_where_that_is_no_http) {
    const auto found = ask_a_peer_that_says("SSH-2.0-OpenSSH_9.2\r\n");
    ASSERT_TRUE(found.answer) << found.answer.error().message();
    EXPECT_EQ(described_status(*found.answer), "no HTTP, but 'SSH-2.0-OpenSSH_9.2\\u000d\\n'");
}

TEST(single_exchange, says_where_a_redirect_leads) {
    const auto found = ask_a_peer_that_says("HTTP/1.1 302 Found\r\nLocation: http://h/login?key=x\r\n\r\n");
    ASSERT_TRUE(found.answer) << found.answer.error().message();
    EXPECT_EQ(described_status(*found.answer),
              "HTTP status 302, a redirect to http://h/login that is not followed");
}

}  // namespace
}  // namespace nullworker::net
